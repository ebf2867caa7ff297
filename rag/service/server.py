"""HTTP server: uvicorn in one process (each further one would load the model again), with graceful shutdown."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from rag.answering.answerer import Answerer
from rag.composition import open_collection
from rag.errors import SettingsError
from rag.pdf.render_pool import RenderPool
from rag.runtime.background import BackgroundJob
from rag.service.access.watched_keys import WatchedKeys
from rag.service.admission.admission import DEFAULTS, Admission, AdmissionLimits
from rag.service.allowed_hosts import allowed_hosts
from rag.service.app import create_app
from rag.service.collections.served import CollectionFolder
from rag.service.connections import (
    IDLE_SECONDS,
    ConnectionGuard,
    GuardedProtocol,
    LoopErrors,
    is_news,
    most_connections,
)
from rag.service.guides.maker import GuideMaker
from rag.service.guides.opening import open_guides
from rag.service.language_model.description import describe_model
from rag.service.tracing import open_traces
from rag.service.uploads.adding import UploadService, uploads_into
from rag.service.uploads.folder import UploadFolder
from rag.settings import Settings

_log = logging.getLogger(__name__)

_GRACE_SECONDS: Final = 20
# Longest deadline of a request that no setting has set: nobody waits longer.
_MOST_SECONDS: Final = 600.0
# Part of the grace period: for sending errors to clients whose answers did not finish.
_FINAL_RESPONSES_SECONDS: Final = 2
# Thread switch interval. The event loop needs the GIL several times for each request; with Python's default of 5 ms,
# and answers computed in Python, /livez would take tens of milliseconds.
_SWITCH_SECONDS: Final = 0.0005
# Connections that the kernel keeps until they are accepted, and how many are before anything else is done.
_BACKLOG: Final = 2048
_ACCEPTED_AT_A_TIME: Final = 64


class Server(uvicorn.Server):
    """uvicorn server that limits connections, and closes the admission before it waits for open requests.

    Attributes:
        guard: of its connections.
    """

    def __init__(
        self,
        app: FastAPI,
        *,
        connections: int,
        grace_seconds: float,
        drain_seconds: float = 0.0,
        proxies: str = "127.0.0.1",
    ) -> None:
        """Not started yet.

        Args:
            app: of :func:`rag.service.app.create_app`.
            connections: most connections at a time.
            grace_seconds: for answers at work, from the first signal on; a second signal cancels them.
            drain_seconds: see ``Settings.drain_seconds``; they come before ``grace_seconds``.
            proxies: see ``Settings.proxies``.
        """
        self.guard = ConnectionGuard(connections, app.state.metrics.connections_closed)
        super().__init__(
            uvicorn.Config(
                app,
                http=partial(GuardedProtocol, guard=self.guard),  # type: ignore[arg-type]  # it is only called
                loop="asyncio",
                ws="none",
                lifespan="on",
                log_config=None,  # logging is set up by the entry point
                access_log=False,  # RequestMiddleware logs requests, with their ids
                backlog=_ACCEPTED_AT_A_TIME,
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=math.ceil(grace_seconds) + _FINAL_RESPONSES_SECONDS,
                server_header=False,
                forwarded_allow_ips=proxies,
            )
        )
        self._app = app
        self._grace_seconds = grace_seconds
        self._drain_seconds = drain_seconds
        self._is_terminated = False
        self._stop_now: Callable[[], object] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        asyncio.get_running_loop().set_exception_handler(LoopErrors())
        logging.getLogger("uvicorn.error").addFilter(is_news)
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(_BACKLOG)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        self._app.state.background.stop()
        if self._is_terminated:
            await self._drain()
        admission: Admission = self._app.state.admission
        if admission.at_work:
            answers = "1 answer" if admission.at_work == 1 else f"{admission.at_work} answers"
            _log.info("stopping: %s at work, at most %g s; Ctrl-C again stops now", answers, self._grace_seconds)
            self._stop_now = partial(asyncio.get_running_loop().call_soon_threadsafe, admission.close, 0)
        admission.close(self._grace_seconds)
        await super().shutdown(sockets)

    async def _drain(self) -> None:
        """Goes on serving, but for ``/readyz``, until load balancers have seen that, or another signal comes."""
        self._app.state.draining = True
        if not self._drain_seconds:
            return
        ended = asyncio.Event()
        self._stop_now = partial(asyncio.get_running_loop().call_soon_threadsafe, ended.set)
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), self._drain_seconds)
            self._grace_seconds = 0  # it was told twice
        self._stop_now = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn, which would exit at the second signal without a cleanup, and end by raising the first again.

        Raised again, SIGTERM would end the process with 143 as if it had not been handled.
        """
        del frame
        stop_now, self._stop_now = self._stop_now, None
        if stop_now:
            stop_now()
        elif self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        else:
            self._is_terminated = sig == signal.SIGTERM
            self.should_exit = True


def reserve(host: str, port: int) -> socket.socket:
    """Binds a socket, before anything slow is loaded.

    Raises:
        SettingsError: the address is in use, or is not one of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP)[0]
        # With its protocol named: asyncio sets TCP_NODELAY only on a socket whose protocol is TCP.
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except UnicodeError as error:  # of the encoding of host names, which limits their length
        raise SettingsError(f"cannot listen on {host[:40]!r}: it is no host name; set RAG_HOST") from error
    except OSError as error:
        raise SettingsError(f"cannot listen on {host} port {port}: {error.strerror}; set RAG_HOST, RAG_PORT") from error
    return listener


def open_uploads(settings: Settings) -> UploadService | None:
    """Uploads as configured; None where they are off.

    Raises:
        SettingsError: the folder for uploads cannot be used.
    """
    if settings.documents is None:
        return None
    # A larger document would be stored, and then refused by the ingest job.
    most = min(settings.upload_bytes, settings.file_megabytes * 1_000_000)
    return uploads_into(settings, UploadFolder(settings.documents, most))


def admission_limits(settings: Settings, expected_seconds: float | None) -> AdmissionLimits:
    """The limits by the settings; where these set no deadline, it follows the speed of the machine."""
    guess = expected_seconds or DEFAULTS.first_guess
    if settings.answer_seconds:
        return AdmissionLimits(settings.parallel, settings.max_queue, settings.answer_seconds, first_guess=guess)
    return AdmissionLimits(settings.parallel, settings.max_queue, most_seconds=_MOST_SECONDS, first_guess=guess)


def configured_app(
    open_answerer: Callable[[], Answerer],
    settings: Settings,
    limits: AdmissionLimits,
    uploads: UploadService | None = None,
    key_file: WatchedKeys | None = None,
    background: Sequence[BackgroundJob] = (),
    guides: Callable[[Answerer], GuideMaker | None] | None = None,
) -> FastAPI:
    """The application as configured, with its processes that draw pages; see :func:`rag.service.app.create_app`."""
    render_pool = RenderPool()
    render_pool.prepare()
    return create_app(
        open_answerer,
        api_keys=settings.api_keys,
        admin_keys=settings.admin_keys,
        key_file=key_file,
        requests_per_minute=settings.requests_per_minute,
        uploads=uploads,
        limits=limits,
        hosts=allowed_hosts(settings),
        render_pool=render_pool,
        root_path=settings.root_path,
        traces=open_traces(settings.traces),
        background=background,
        guides=guides,
        others=CollectionFolder(settings.index, partial(open_collection, settings)),
        language_model=describe_model(settings),
    )


def serve_forever(
    open_answerer: Callable[[], Answerer],
    settings: Settings,
    listener: socket.socket,
    uploads: UploadService | None = None,
    key_file: WatchedKeys | None = None,
    background: Sequence[BackgroundJob] = (),
    expected_seconds: float | None = None,
) -> int:
    """Serves on a reserved socket until a signal stops it; returns the exit code.

    ``expected_seconds`` are those of an answer with all places at work, where this machine was measured.
    """
    limits = admission_limits(settings, expected_seconds)
    app = configured_app(open_answerer, settings, limits, uploads, key_file, background, partial(open_guides, settings))
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    sys.setswitchinterval(_SWITCH_SECONDS)
    server = Server(
        app,
        connections=most_connections(limits.parallel + limits.max_queue),
        grace_seconds=_GRACE_SECONDS - _FINAL_RESPONSES_SECONDS,
        drain_seconds=settings.drain_seconds,
        proxies=settings.proxies,
    )
    if not settings.needs_keys and settings.open == "everyone":
        _log.warning("there are no access keys: whoever reaches this port can ask, and read every document")
    _log.info("Pageproof serves on http://%s:%d (Ctrl-C stops it)", *listener.getsockname()[:2])
    server.run(sockets=[listener])
    return 0 if server.started else 1
