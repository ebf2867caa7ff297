"""Listening: uvicorn, one process, for each would load the model anew."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from rag.answering import Answerer
from rag.errors import SettingsError
from rag.service.app import create_app
from rag.settings import Settings

_log = logging.getLogger(__name__)

_GRACE_SECONDS = 20


def reserve(host: str, port: int) -> socket.socket:
    """A socket bound to an address, before anything slow is loaded.

    Raises:
        SettingsError: the address is taken, or not of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP)[0]
        # With its protocol named: asyncio sends small answers at once only on a socket that says it is TCP.
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise SettingsError(f"cannot listen on {host} port {port}: {error.strerror}; set RAG_HOST, RAG_PORT") from error
    return listener


def serve_forever(open_answerer: Callable[[], Answerer], settings: Settings, listener: socket.socket) -> int:
    """Serves on a reserved socket until it is told to stop; returns the exit code."""
    app = create_app(open_answerer, api_keys=settings.api_keys, max_queue=settings.max_queue)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,  # ours, set by the entry point
            access_log=False,  # the frame logs requests, with their ids
            timeout_graceful_shutdown=_GRACE_SECONDS,
            server_header=False,
        )
    )
    _log.info("Pageproof serves on http://%s:%d (Ctrl-C stops it)", *listener.getsockname()[:2])
    with suppress(KeyboardInterrupt):  # uvicorn raises it again when it has shut down
        server.run(sockets=[listener])
    return 0 if server.started else 1
