"""Connections: time limits on what a client sends and reads, and a limit on how many are open.

uvicorn limits none of this: its keep-alive time-out ends with the first byte of a request, so a client that sends half
a header holds its connection, and a file descriptor of the process, as long as it likes (slowloris). Here each step
that waits for the client has a deadline that bytes do not renew. When all places are taken, a new connection takes that
of the one that has been silent longest among those that never sent a whole request, then among idle ones, as nginx
reuses connections; those with a request at work are never closed for that.
"""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import socket
import struct
from asyncio import AbstractEventLoop, TimerHandle, Transport
from collections import Counter
from http import HTTPStatus
from time import monotonic
from typing import Any, Final, Literal

import h11
from prometheus_client import Counter as MetricCounter
from uvicorn.protocols.http.h11_impl import H11Protocol

from rag.errors import SettingsError
from rag.service.problems import problem_fields

_log = logging.getLogger(__name__)

# From the opening of a connection, or the first byte of a further request, to the end of its headers.
HEAD_SECONDS: Final = 10.0
# For the rest of a body that nobody reads, after its response: closed at once, the client might not see the response.
REST_SECONDS: Final = 5.0
# For a client that does not read its response, to take the 64 KiB to 128 KiB that are buffered for it.
READ_SECONDS: Final = 30.0
# Between two requests of a connection.
IDLE_SECONDS: Final = 5
# Connections at a time. More than that answer no question sooner, as these wait for each other.
MOST_CONNECTIONS: Final = 512
# Beyond these, if all of them have a request at work: for /livez and /readyz alone.
PROBE_ROOM: Final = 16
# File descriptors of the process itself: index, libraries, pipes of its child processes.
_OWN_FILES: Final = 128
# A request may hold a file beside its connection: one that is sent, or an upload.
_FILES_PER_CONNECTION: Final = 2
_LEAST_CONNECTIONS: Final = 16
_REPORT_SECONDS: Final = 10.0

# A struct linger: on, for 0 s.
_RESET: Final = struct.pack("ii", 1, 0)

Room = Literal["all", "probes", "none"]
# What a connection waits for; "work" is the service's own turn.
_Waiting = Literal["head", "body", "work", "rest", "idle"]


def most_connections(requests: int) -> int:
    """Number of connections that may be open: two for each request that may be admitted, within the limit of files.

    Raises:
        SettingsError: the process may not open as many files as a service needs.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    affordable = (soft - _OWN_FILES) // _FILES_PER_CONNECTION - PROBE_ROOM
    if soft != resource.RLIM_INFINITY and affordable < _LEAST_CONNECTIONS:
        least = _OWN_FILES + _FILES_PER_CONNECTION * (_LEAST_CONNECTIONS + PROBE_ROOM)
        raise SettingsError(f"this process may open {soft} files, and the service needs {least}: raise `ulimit -n`")
    wanted = max(MOST_CONNECTIONS, 2 * requests)
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, affordable)


class ConnectionGuard:
    """The open connections of a server, and which of them gives its place up for a new one. For one event loop."""

    def __init__(self, limit: int, closed: MetricCounter | None = None) -> None:
        """No connections yet.

        Args:
            limit: of connections at a time.
            closed: counts connections that were closed or refused, by ``reason``.
        """
        self.limit = limit
        self._metric = closed
        self._open: set[GuardedProtocol] = set()
        # Those that wait for their client, silent longest first.
        self._strangers: dict[GuardedProtocol, None] = {}
        self._idle: dict[GuardedProtocol, None] = {}
        self._counts: Counter[str] = Counter()
        self._report: TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._open)

    def open(self, connection: GuardedProtocol) -> Room:
        """Gives a new connection a place, for all requests, for probes only, or none."""
        if len(self._open) >= self.limit and (silent := next(iter(self._strangers or self._idle), None)):
            silent.give_up("crowded")
        room: Room = "all" if len(self._open) < self.limit else "probes"
        if len(self._open) >= self.limit + PROBE_ROOM:
            self.count("refused")
            return "none"
        self._open.add(connection)
        return room

    def heard(self, connection: GuardedProtocol, *, waits: bool, is_known: bool) -> None:
        """Notes that a connection has changed.

        Args:
            connection: one that is open.
            waits: whether the service waits for its client.
            is_known: whether the client has sent a whole request.
        """
        self._strangers.pop(connection, None)
        self._idle.pop(connection, None)
        if waits and connection in self._open:
            (self._idle if is_known else self._strangers)[connection] = None

    def close(self, connection: GuardedProtocol) -> None:
        """Takes a connection's place back. Idempotent."""
        self._open.discard(connection)
        self._strangers.pop(connection, None)
        self._idle.pop(connection, None)

    def count(self, reason: str) -> None:
        """Counts a connection that was closed for ``reason``; all of some seconds are one line of the log."""
        if self._metric:
            self._metric.labels(reason).inc()
        self._counts[reason] += 1
        if self._report is None:
            self._report = asyncio.get_running_loop().call_later(_REPORT_SECONDS, self._tell)

    def _tell(self) -> None:
        counts = ", ".join(f"{count:,} {_REASONS[reason]}" for reason, count in sorted(self._counts.items()))
        _log.warning("connections closed in %g s: %s; %d are open", _REPORT_SECONDS, counts, len(self._open))
        self._counts.clear()
        self._report = None


_REASONS: Final = {
    "head": f"sent no whole header within {HEAD_SECONDS:g} s",
    "rest": f"owed the rest of a body {REST_SECONDS:g} s after its response",
    "reading": f"did not read their response for {READ_SECONDS:g} s",
    "crowded": "gave their place to a new one",
    "refused": "found no place",
    "invalid": "sent no HTTP",
}


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 connection with deadlines for its client. The state of its requests has ``probes_only``."""

    def __init__(self, *arguments: Any, guard: ConnectionGuard, **options: Any) -> None:  # noqa: ANN401 - see uvicorn
        super().__init__(*arguments, **options)
        self._guard = guard
        self._waiting: _Waiting | None = None
        self._is_known = False
        self._deadline: TimerHandle | None = None
        self._reading: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """See asyncio."""
        room = self._guard.open(self)
        if room == "none":
            transport.abort()
            self.transport = transport
            return
        self.app_state = {**self.app_state, "probes_only": room == "probes"}
        super().connection_made(transport)
        self._turn()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._guard.close(self)
        _cancel(self._deadline)
        _cancel(self._reading)
        if self in self.connections:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        super().data_received(data)
        self._turn()

    def on_response_complete(self) -> None:
        """See uvicorn."""
        super().on_response_complete()
        self._turn()

    def pause_writing(self) -> None:
        """See asyncio: the client has not read what was sent."""
        super().pause_writing()
        _cancel(self._reading)
        self._reading = self.loop.call_later(READ_SECONDS, self.give_up, "reading")

    def resume_writing(self) -> None:
        """See asyncio."""
        super().resume_writing()
        _cancel(self._reading)

    def give_up(self, reason: str) -> None:
        """Closes the connection; a client that has sent a part of a header is told why."""
        self._guard.close(self)
        if self.transport.is_closing():
            return
        if reason in _REASONS:
            self._guard.count(reason)
        if reason == "head" and self.conn.trailing_data[0]:
            self._refuse(408, _REASONS["head"])
        elif reason == "reading":
            # Closing would wait for the client to read, and without a reset the kernel would keep what it has not read.
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.transport.abort()
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - see uvicorn
        """See uvicorn."""
        self._guard.count("invalid")
        self._refuse(400, "this is not HTTP/1.1, or its header is too long")

    def _turn(self) -> None:
        """Sets the deadline of what the connection waits for now; bytes do not renew that of the same thing."""
        waiting = self._waits_for()
        self._is_known = self._is_known or waiting in ("work", "idle")
        self._guard.heard(self, waits=waiting != "work", is_known=self._is_known)
        if waiting == self._waiting:
            return
        self._waiting = waiting
        _cancel(self._deadline)
        # uvicorn's own time-out of an idle connection does not come back after the rest of a body.
        seconds = {"head": HEAD_SECONDS, "rest": REST_SECONDS, "idle": IDLE_SECONDS}.get(waiting)
        self._deadline = self.loop.call_later(seconds, self.give_up, waiting) if seconds else None

    def _waits_for(self) -> _Waiting:
        if self.conn.their_state is h11.IDLE:
            return "head" if self.cycle is None or self.conn.trailing_data[0] else "idle"
        if self.conn.their_state is not h11.SEND_BODY:
            return "work"
        return "rest" if self.cycle.response_complete else "body"

    def _refuse(self, status: int, detail: str) -> None:
        """Ends the connection with a problem document, before a request has reached the application."""
        if self.conn.our_state is not h11.IDLE and self.conn.our_state is not h11.SEND_RESPONSE:
            self.transport.close()
            return
        fields = problem_fields(status, detail, "")
        del fields["request_id"]  # it reached no log
        body = json.dumps(fields).encode()
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        start = h11.Response(status_code=status, headers=headers, reason=HTTPStatus(status).phrase.encode())
        for event in (start, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def _cancel(timer: TimerHandle | None) -> None:
    if timer:
        timer.cancel()


def is_news(record: logging.LogRecord) -> bool:
    """Filter of uvicorn's log: False for what any client can write there as often as it likes."""
    return not str(record.msg).startswith(("Invalid HTTP request", "Unsupported upgrade", "No supported WebSocket"))


class LoopErrors:
    """Exception handler of an event loop: of connections that cannot be accepted, one line a second is logged.

    asyncio reports each attempt, and attempts as often as its backlog is long, every second.
    """

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        """As ``loop.set_exception_handler`` defines."""
        error = context.get("exception")
        if not isinstance(error, OSError) or "accept" not in context["message"]:
            loop.default_exception_handler(context)
        elif (now := monotonic()) >= self._next:
            self._next = now + 1.0
            _log.error("connections cannot be accepted: %s; raise `ulimit -n`, or lower RAG_MAX_QUEUE", error.strerror)
