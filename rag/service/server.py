"""Listening: uvicorn, one process, for each would load the model anew."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Final

import uvicorn

from rag.answering.answerer import Answerer
from rag.errors import SettingsError
from rag.pdf.render_pool import RenderPool
from rag.service.admission.admission import Admission, AdmissionLimits
from rag.service.allowed_hosts import THIS_MACHINE
from rag.service.app import create_app
from rag.service.routes.uploads import UploadService
from rag.service.uploads.folder import UploadFolder
from rag.settings import Settings

_log = logging.getLogger(__name__)

_GRACE_SECONDS: Final = 20
# Of the grace: for telling those who are still being answered that there will be no answer.
_LAST_WORDS_SECONDS: Final = 2
# How long a thread keeps the interpreter while others want it. The event loop takes it several times for each request;
# with Python's 5 ms, and answers at work in Python, /livez would take tens of milliseconds.
_SWITCH_SECONDS: Final = 0.0005


class Server(uvicorn.Server):
    """Ends the admission before it waits for the requests under way: who is in line need not wait for a turn."""

    def __init__(self, config: uvicorn.Config, admission: Callable[[], Admission], grace_seconds: float) -> None:
        """Not started yet.

        Args:
            config: see uvicorn.
            admission: that of the application, once it has started.
            grace_seconds: for answers at work, from the first signal on; a second one ends them within a step.
        """
        super().__init__(config)
        self._admission = admission
        self._grace_seconds = grace_seconds
        self._hurry: Callable[[], object] | None = None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        admission = self._admission()
        if admission.at_work:
            answers = "1 answer" if admission.at_work == 1 else f"{admission.at_work} answers"
            _log.info("stopping: %s at work, at most %g s; Ctrl-C again stops now", answers, self._grace_seconds)
            self._hurry = partial(asyncio.get_running_loop().call_soon_threadsafe, admission.close, 0)
        admission.close(self._grace_seconds)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn, which at the second signal would leave everything as it is."""
        hurry, self._hurry = self._hurry, None
        if hurry:
            hurry()
        else:
            super().handle_exit(sig, frame)


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


def open_adding(settings: Settings) -> UploadService | None:
    """How documents are added, if the settings say that they are.

    Raises:
        SettingsError: the folder that they are to be put into cannot be used.
    """
    if settings.documents is None:
        return None
    # More than the job reads would only be refused later.
    most = min(settings.upload_bytes, settings.file_megabytes * 1_000_000)
    # The job reads the same settings: it inherits the environment.
    job = [sys.executable, "-m", "ingest", str(settings.documents.absolute()), "--index", str(settings.index)]
    return UploadService(UploadFolder(settings.documents, most), [*job, "--json-lines"])


def hosts_of(settings: Settings) -> frozenset[str]:
    """The names under which a service is asked; none for any."""
    if settings.api_keys or "*" in settings.hosts:
        return frozenset()
    return THIS_MACHINE.union(settings.hosts)


def serve_forever(
    open_answerer: Callable[[], Answerer],
    settings: Settings,
    listener: socket.socket,
    adding: UploadService | None = None,
) -> int:
    """Serves on a reserved socket until it is told to stop; returns the exit code."""
    limits = AdmissionLimits(settings.parallel, settings.max_queue, settings.answer_seconds)
    drawers = RenderPool()
    drawers.prepare()
    app = create_app(
        open_answerer,
        api_keys=settings.api_keys,
        admin_keys=settings.admin_keys,
        adding=adding,
        limits=limits,
        hosts=hosts_of(settings),
        drawers=drawers,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    sys.setswitchinterval(_SWITCH_SECONDS)
    server = Server(
        uvicorn.Config(
            app,
            log_config=None,  # ours, set by the entry point
            access_log=False,  # the frame logs requests, with their ids
            timeout_graceful_shutdown=_GRACE_SECONDS,
            server_header=False,
            forwarded_allow_ips=settings.proxies,
        ),
        lambda: app.state.admission,
        _GRACE_SECONDS - _LAST_WORDS_SECONDS,
    )
    _log.info("Pageproof serves on http://%s:%d (Ctrl-C stops it)", *listener.getsockname()[:2])
    with suppress(KeyboardInterrupt):  # uvicorn raises it again when it has shut down
        server.run(sockets=[listener])
    return 0 if server.started else 1
