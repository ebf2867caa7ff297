"""Connections on a real socket: deadlines for the client, the limit, room for probes, and one line of the log."""

from __future__ import annotations

import asyncio
import errno
import logging
import re
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import pytest
from fastapi import FastAPI, Request, Response
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import SettingsError
from rag.runtime.background import BackgroundQueue
from rag.service import connections
from rag.service.connections import ConnectionGuard, GuardedProtocol, LoopErrors, is_news, most_connections
from rag.service.metrics import Metrics
from rag.service.middleware import RequestMiddleware
from rag.service.server import Server

LARGE = 20_000_000


class NoAdmission:
    """Stands in for the admission: nothing is at work."""

    at_work = 0

    def close(self, _grace_seconds: float) -> None:
        pass


@dataclass
class Service:
    port: int
    server: Server
    gate: threading.Event

    @property
    def closed(self) -> dict[str, float]:
        metric = self.server._app.state.metrics.connections_closed
        return {sample.labels["reason"]: sample.value for each in metric.collect() for sample in each.samples
                if sample.name.endswith("_total")}  # fmt: skip

    @contextmanager
    def connected(self, sent: bytes = b"") -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(sent)
            yield connection

    def ask(self, path: str = "/livez", timeout: float = 30) -> bytes:
        with self.connected(get(path, "Connection: close")) as connection:
            connection.settimeout(timeout)
            return everything(connection)


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def everything(connection: socket.socket) -> bytes:
    """All that comes until the service closes the connection."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def alive(connection: socket.socket) -> bool:
    """Reads the answer of /livez from a connection that stays open."""
    received = b""
    while not received.endswith(b'"alive"') and (piece := connection.recv(65536)):
        received += piece
    return received.startswith(b"HTTP/1.1 200 OK")


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Service]]:
    """Starts a server of a small application, whose deadlines are short unless given."""
    with ExitStack() as stack:

        def start(limit: int = 8, **seconds: float) -> Service:
            for name in ("HEAD_SECONDS", "REST_SECONDS", "READ_SECONDS", "IDLE_SECONDS"):
                monkeypatch.setattr(connections, name, seconds.get(name.partition("_")[0].lower(), 20.0))
            return stack.enter_context(running(limit))

        yield start


@contextmanager
def running(limit: int) -> Iterator[Service]:
    app, gate = FastAPI(), threading.Event()
    app.state.metrics, app.state.admission = Metrics(), NoAdmission()
    app.state.background = BackgroundQueue()
    app.add_middleware(RequestMiddleware, metrics=app.state.metrics)

    @app.get("/livez")
    async def livez() -> str:
        return "alive"

    @app.get("/large")
    def large() -> Response:
        return Response(b"x" * LARGE)

    @app.get("/work")
    async def work(_: Request) -> str:
        while not gate.is_set():
            await asyncio.sleep(0.01)
        return "done"

    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = Server(app, connections=limit, grace_seconds=0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield Service(listener.getsockname()[1], server, gate)
    finally:
        gate.set()
        server.should_exit = True
        thread.join(timeout=30)
    assert not thread.is_alive()


class TestDeadlines:
    def test_half_a_header(self, serve: Callable[..., Service]) -> None:
        service = serve(head=0.2)
        with service.connected(b"POST /ask HTTP/1.1\r\nHost: x\r\nContent-") as connection:
            answer = everything(connection)
        assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert b"application/problem+json" in answer
        assert service.closed == {"head": 1.0}

    def test_nothing_at_all(self, serve: Callable[..., Service]) -> None:
        service = serve(head=0.2)
        with service.connected() as connection:
            assert everything(connection) == b""
        assert service.closed == {"head": 1.0}

    def test_bytes_do_not_renew_it(self, serve: Callable[..., Service]) -> None:
        """Slowloris: a client that always sends a little more."""
        service = serve(head=0.5)
        with service.connected(b"GET /livez HTTP/1.1\r\nX-Pad: ") as connection:
            connection.settimeout(0.02)
            end = time.monotonic() + 30
            while time.monotonic() < end:
                try:
                    connection.sendall(b"a")
                    if not connection.recv(1000):
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            else:
                pytest.fail("it was never closed")

    def test_a_further_request(self, serve: Callable[..., Service]) -> None:
        service = serve(head=0.2)
        with service.connected(get("/livez") + b"GET /livez HT") as connection:
            answer = everything(connection)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"HTTP/1.1 408 Request Timeout" in answer

    def test_between_two_requests(self, serve: Callable[..., Service]) -> None:
        service = serve(idle=0.2)
        with service.connected(get("/livez")) as connection:
            assert everything(connection).count(b"HTTP/1.1") == 1
        assert service.closed == {}

    @pytest.mark.parametrize("body", [b"", b"12345"], ids=["no rest", "more than was announced"])
    def test_the_rest_of_a_body_that_nobody_reads(self, serve: Callable[..., Service], body: bytes) -> None:
        service = serve(rest=0.2, idle=0.2)
        with service.connected(get("/livez", "Content-Length: 5") + body) as connection:
            assert everything(connection).startswith(b"HTTP/1.1 200 OK")
        assert service.closed == ({} if body else {"rest": 1.0})

    def test_a_body_that_ends_after_the_response_leaves_an_idle_connection(self, serve: Callable[..., Service]) -> None:
        """uvicorn alone would keep it for good."""
        service = serve(idle=0.2)
        with service.connected(get("/livez", "Content-Length: 5")) as connection:
            assert alive(connection)
            connection.sendall(b"12345")
            everything(connection)
        assert service.closed == {}

    def test_a_response_that_is_not_read(self, serve: Callable[..., Service]) -> None:
        service = serve(read=0.3)
        with service.connected(get("/large")) as connection:
            wait_until(lambda: service.closed == {"reading": 1.0})
            assert len(everything(connection)) < LARGE
        wait_until(lambda: len(service.server.guard) == 0)

    def test_a_response_that_is_read_slowly_comes_whole(self, serve: Callable[..., Service]) -> None:
        service = serve(read=2.0)
        with service.connected(get("/large", "Connection: close")) as connection:
            received = 0
            while piece := connection.recv(1_000_000):
                received += len(piece)
                time.sleep(0.01)
        assert received > LARGE

    def test_work_has_no_deadline_here(self, serve: Callable[..., Service]) -> None:
        service = serve(head=0.1, rest=0.1, read=0.1, idle=0.1)
        with service.connected(get("/work", "Connection: close")) as connection:
            time.sleep(0.4)
            service.gate.set()
            assert everything(connection).endswith(b'"done"')


class TestLimit:
    def test_silent_connections_give_their_places_up(self, serve: Callable[..., Service]) -> None:
        service = serve(limit=8)
        with ExitStack() as stack:
            silent = [stack.enter_context(service.connected(b"GET /livez HTTP/1.1\r\nHo")) for _ in range(40)]
            assert service.ask().startswith(b"HTTP/1.1 200")
            assert len(service.server.guard) <= 8
            assert everything(silent[0]) == b""  # the one that was silent longest is closed
        assert service.closed["crowded"] >= 32

    def test_a_client_that_is_known_keeps_its_place(self, serve: Callable[..., Service]) -> None:
        service = serve(limit=4)
        with ExitStack() as stack:
            known = stack.enter_context(service.connected(get("/livez")))
            assert alive(known)
            for _ in range(20):
                stack.enter_context(service.connected(b"GET"))
            wait_until(lambda: service.closed.get("crowded", 0) >= 17)
            known.sendall(get("/livez"))
            assert alive(known)

    def test_where_all_are_at_work_probes_are_answered(self, serve: Callable[..., Service]) -> None:
        service = serve(limit=3)
        with ExitStack() as stack:
            working = [stack.enter_context(service.connected(get("/work", "Connection: close"))) for _ in range(3)]
            wait_until(lambda: len(service.server.server_state.tasks) == 3)
            assert service.ask("/livez").startswith(b"HTTP/1.1 200")
            refused = service.ask("/large")
            assert refused.startswith(b"HTTP/1.1 503 Service Unavailable")
            assert b"retry-after: 5" in refused.lower()
            assert b"application/problem+json" in refused
            service.gate.set()
            assert all(everything(connection).endswith(b'"done"') for connection in working)
        wait_until(lambda: len(service.server.guard) == 0)
        assert service.ask("/large").startswith(b"HTTP/1.1 200")

    def test_the_room_for_probes_is_limited_as_well(
        self, serve: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connections, "PROBE_ROOM", 2)
        service = serve(limit=1)
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(service.connected(get("/work")))
                time.sleep(0.05)
            wait_until(lambda: len(service.server.server_state.tasks) == 1)
            stack.enter_context(service.connected(b"GET"))
            stack.enter_context(service.connected(b"GET"))
            wait_until(lambda: len(service.server.guard) <= 3)
            assert service.ask("/livez").startswith(b"HTTP/1.1 200")


def test_what_is_no_http_gets_a_problem_document(serve: Callable[..., Service]) -> None:
    service = serve()
    with service.connected(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n") as connection:
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request")
    assert b"application/problem+json" in answer
    assert service.closed == {"invalid": 1.0}


def test_the_log_has_a_line_for_all_of_some_seconds(
    serve: Callable[..., Service], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_REPORT_SECONDS", 0.5)
    service = serve(limit=4)
    caplog.set_level(logging.INFO)
    for _ in range(30):
        with service.connected(b"\0\r\n\r\n") as connection:
            everything(connection)

    def told() -> list[int]:
        found = [re.search(r"([0-9]+) sent no HTTP", record.getMessage()) for record in caplog.records]
        return [int(match[1]) for match in found if match]

    wait_until(lambda: sum(told()) == 30)
    assert len(told()) < 30
    assert not any("Invalid HTTP" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("message", "expected"),
    [("Invalid HTTP request received.", False), ("Unsupported upgrade request.", False), ("Shutting down", True)],
)
def test_what_a_client_can_write_into_the_log_of_uvicorn_is_left_out(message: str, expected: bool) -> None:
    assert is_news(logging.makeLogRecord({"msg": message})) is expected


def test_of_connections_that_cannot_be_accepted_one_line_a_second_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    loop, handler = asyncio.new_event_loop(), LoopErrors()
    context = {
        "message": "socket.accept() out of system resource",
        "exception": OSError(errno.EMFILE, "Too many open files"),
    }
    try:
        for _ in range(2000):
            handler(loop, context)
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "Too many open files; raise `ulimit -n`" in caplog.text
        handler(loop, {"message": "something else", "exception": OSError(errno.EIO, "broken")})
        assert "something else" in caplog.text
    finally:
        loop.close()


def test_when_files_run_out_the_service_comes_back(
    serve: Callable[..., Service], caplog: pytest.LogCaptureFixture
) -> None:
    """The process may open no further file for a while: it says so in a line, not for each attempt."""
    service = serve(limit=100)
    with ExitStack() as stack:
        waiting = [stack.enter_context(service.connected()) for _ in range(8)]
        wait_until(lambda: len(service.server.guard) == 8)
        more = [socket.socket() for _ in range(8)]
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (more[-1].fileno(), hard))
        try:
            for connection in more:
                connection.setblocking(False)
                connection.connect_ex(("127.0.0.1", service.port))
            wait_until(lambda: "cannot be accepted" in caplog.text)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        wait_until(lambda: len(service.server.guard) == 16)
        assert service.ask().startswith(b"HTTP/1.1 200")
        assert len(caplog.records) < 20
        for connection in [*waiting, *more]:
            connection.close()


@pytest.mark.parametrize(
    ("files", "requests", "expected"),
    [
        pytest.param(1024, 24, 432, id="as usual"),
        pytest.param(65536, 24, 512, id="many files"),
        pytest.param(65536, 10_064, 20_128, id="a long queue"),
        pytest.param(resource.RLIM_INFINITY, 24, 512, id="no limit of files"),
    ],
)
def test_the_limit_follows_from_files_and_queue(
    monkeypatch: pytest.MonkeyPatch, files: int, requests: int, expected: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert most_connections(requests) == expected


def test_too_few_files_for_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    with pytest.raises(SettingsError, match=r"may open 64 files, and the service needs 192: raise `ulimit -n`"):
        most_connections(24)


class FakeConnection:
    """Gives its place up as a connection does, and remembers why."""

    def __init__(self, guard: ConnectionGuard) -> None:
        self.guard = guard
        self.is_working = False
        self.ended = ""

    def give_up(self, reason: str) -> None:
        self.ended = reason
        self.guard.close(cast("GuardedProtocol", self))


@given(st.integers(1, 5), st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["open", "work", "wait", "close"]))))
def test_no_more_than_the_limit_and_none_at_work_is_closed(limit: int, steps: list[tuple[int, str]]) -> None:
    guard, held = ConnectionGuard(limit), dict[int, FakeConnection]()
    guard.count = lambda _: None  # type: ignore[method-assign,assignment]  # its report needs an event loop
    for number, step in steps:
        connection = cast("Any", held.get(number))
        if step == "open" and (connection is None or connection.ended):
            connection = cast("Any", FakeConnection(guard))
            room = guard.open(connection)
            assert room != "none" or len(guard) == limit + connections.PROBE_ROOM
            if room != "none":
                held[number] = connection
                guard.heard(connection, waits=True, is_known=False)
        elif connection and not connection.ended and step == "close":
            connection.give_up("closed")
        elif connection and not connection.ended:
            connection.is_working = step == "work"
            guard.heard(connection, waits=step == "wait", is_known=True)
        living = [each for each in held.values() if not each.ended]
        assert len(guard) == len(living) <= limit + connections.PROBE_ROOM
        assert not any(each.is_working and each.ended == "crowded" for each in held.values())
