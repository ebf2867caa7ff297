"""Listening: uvicorn, one process, for each would load the model anew."""

from __future__ import annotations

import logging
from collections.abc import Callable

import uvicorn

from rag.answering import Answerer
from rag.service.app import create_app
from rag.settings import Settings

_GRACE_SECONDS = 20


def serve_forever(
    open_answerer: Callable[[], Answerer], settings: Settings, *, host: str | None = None, port: int | None = None
) -> int:
    """Serves until it is told to stop; returns the exit code. ``host`` and ``port`` override the settings."""
    app = create_app(open_answerer, api_keys=settings.api_keys, max_queue=settings.max_queue)
    logging.getLogger("uvicorn.error").setLevel(logging.INFO)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host or settings.host,
            port=port or settings.port,
            log_config=None,  # ours, set by the entry point
            access_log=False,  # the frame logs requests, with their ids
            timeout_graceful_shutdown=_GRACE_SECONDS,
            server_header=False,
        )
    )
    server.run()
    return 0 if server.started else 1
