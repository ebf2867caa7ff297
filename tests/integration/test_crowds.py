"""Load on a real socket: parallel answers, bursts, fairness, deadlines, disconnects and shutdown."""

from __future__ import annotations

import json
import logging
import random
import selectors
import signal
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2 as httpx
import pytest
from pydantic import SecretStr

from rag.models.llm.language_model import Generated, Prompt
from rag.testing import ScriptedModel
from tests.integration.conftest import GatedModel, Running, post, wait_until
from tests.integration.test_asking import assert_problem, read_events

QUESTION = "What does a berth cost for a night?"
REPLY = "A berth costs 24 euros for each night."


def request_of(body: Mapping[str, Any] | bytes, *headers: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        "POST /ask HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + data


@dataclass
class Reply:
    """A response, and the seconds from sending the request to its first byte."""

    status: int
    headers: dict[str, str]
    seconds: float


def at_once(url: str, requests: Sequence[bytes], answers: int) -> list[Reply]:
    """Sends all requests at once on connections of their own; returns the first ``answers`` replies."""
    port = int(url.rpartition(":")[2])
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in requests]
    time.sleep(0.2)  # they are accepted
    replies: list[Reply] = []
    with selectors.DefaultSelector() as selector:
        for connection, request in zip(connections, requests, strict=True):
            connection.sendall(request)
            selector.register(connection, selectors.EVENT_READ, time.perf_counter())
        while len(replies) < answers:
            for key, _ in selector.select(timeout=10):
                assert isinstance(key.fileobj, socket.socket)
                seconds = time.perf_counter() - key.data
                first, *lines = key.fileobj.recv(65536).decode().partition("\r\n\r\n")[0].split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines)
                replies.append(Reply(int(first.split()[1]), headers, seconds))
                selector.unregister(key.fileobj)
    for connection in connections:
        connection.close()
    return replies


def is_idle(service: Running) -> bool:
    return (service.admission.held, service.admission.at_work, service.admission.waiting) == (0, 0, 0)


class TogetherModel(ScriptedModel):
    """Generates when four generations have begun; on its own, each would fail."""

    barrier = threading.Barrier(4, timeout=60)

    def generate(self, prompt: Prompt, **options: Any) -> Iterator[Generated]:
        self.barrier.wait()
        yield from super().generate(prompt, **options)


def warm_up(service: Running) -> None:
    """The first question of a service compiles what it needs: those after it are sooner at the model."""
    assert post(service.url, QUESTION).status_code == 200
    wait_until(lambda: is_idle(service))
    service.model.wordings.clear()


@contextmanager
def asking(service: Running) -> Iterator[None]:
    """A client that has sent a question, and leaves at the end."""
    with socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2]))) as connection:
        connection.sendall(request_of({"question": QUESTION}))
        yield


def test_several_are_answered_at_a_time(serve: Callable[..., Running]) -> None:
    service = serve(TogetherModel([REPLY]), parallel=4)
    replies = at_once(service.url, [request_of({"question": QUESTION})] * 4, answers=4)
    assert [reply.status for reply in replies] == [200] * 4
    wait_until(lambda: is_idle(service))


def test_a_burst_is_refused_at_once_where_there_is_no_place(serve: Callable[..., Running]) -> None:
    service = serve(GatedModel([REPLY]), parallel=8, max_queue=16, seconds=120.0)
    at_once(service.url, [request_of(b"{}")], answers=1)  # the first request of a service compiles what it needs
    idle = at_once(service.url, [b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"] * 180, answers=180)
    replies = at_once(service.url, [request_of({"question": QUESTION})] * 200, answers=180)
    assert {reply.status for reply in replies} == {503}
    # Of one client: 8 at work, and three quarters of the queue.
    assert service.admission.held == 20
    waits = [int(reply.headers["retry-after"]) for reply in replies]
    assert min(waits) >= 1
    assert max(waits) <= 60
    assert len(set(waits)) > 10  # they do not all come back at once
    assert all(reply.headers["content-type"] == "application/problem+json" for reply in replies)
    # About as soon as 180 requests that need nothing, on this machine and with whatever else it does.
    refused, needed = (statistics.quantiles([reply.seconds for reply in each], n=20)[-1] for each in (replies, idle))
    assert refused < 10 * needed + 1
    wait_until(lambda: is_idle(service))


def test_a_client_does_not_wait_for_all_requests_of_another(serve: Callable[..., Running]) -> None:
    model = GatedModel([REPLY])
    service = serve(model, parallel=1, max_queue=8, api_keys=[SecretStr("many"), SecretStr("one")])
    many = [request_of({"question": QUESTION}, "X-API-Key: many")] * 6
    one = [request_of({"question": QUESTION}, "X-API-Key: one")]
    with ThreadPoolExecutor(2) as pool:
        crowd = pool.submit(at_once, service.url, many, answers=6)
        wait_until(lambda: service.admission.waiting == 5)
        single = pool.submit(at_once, service.url, one, answers=1)
        wait_until(lambda: service.admission.waiting == 6)
        try:
            model.open(3)  # the one at work and two more, of the six before it
            assert single.result(timeout=60)[0].status == 200
            assert service.admission.waiting >= 2
        finally:
            model.open()
        assert [reply.status for reply in crowd.result()] == [200] * 6


@pytest.mark.parametrize("phase", ["waiting", "reading", "writing", "assenting"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_no_request_outlives_its_deadline(serve: Callable[..., Running], phase: str, stream: bool) -> None:
    model = ScriptedModel([REPLY])
    service = serve(model, parallel=1)
    warm_up(service)
    slow = {"reading": "seconds_to_read", "writing": "seconds_per_token", "assenting": "seconds_to_assent"}
    setattr(model, slow.get(phase, "seconds_to_read"), 60.0)
    service.admission._latency._seconds = 0.01
    with ExitStack() as stack:
        if phase == "waiting":
            stack.enter_context(asking(service))
            wait_until(lambda: bool(model.wordings))
        service.admission.limits = replace(service.admission.limits, seconds=1.5)
        start = time.perf_counter()
        response = httpx.post(f"{service.url}/ask", json={"question": QUESTION, "stream": stream}, timeout=60)
        assert 1.4 < time.perf_counter() - start < 30  # and not the 60 s that it takes
    problem = read_events(response.text)[-1][1] if stream else response.json()
    assert (problem["status"], problem["retry_after_seconds"]) == (503, 1)
    assert "within 1.5 s" in problem["detail"]
    if not stream:
        assert_problem(response, 503)
        assert response.headers["retry-after"] == "1"
    wait_until(lambda: is_idle(service))
    metrics = httpx.get(f"{service.url}/metrics", timeout=60).text
    assert f'pageproof_late_total{{phase="{"waiting" if phase == "waiting" else "working"}"}} 1.0' in metrics
    assert len(model.wordings) == 1  # a request that timed out in the queue was never started


class SlowToCancelModel(ScriptedModel):
    """Reacts to cancellation when it is released."""

    released = threading.Event()

    def generate(self, prompt: Prompt, **options: Any) -> Iterator[Generated]:
        self.released.wait(60)
        yield from super().generate(prompt, **options)


def test_a_slow_cancellation_holds_the_place_but_not_the_client(serve: Callable[..., Running]) -> None:
    model = SlowToCancelModel([REPLY])
    service = serve(model, parallel=1)
    model.released.set()
    warm_up(service)
    model.released.clear()
    service.admission.limits = replace(service.admission.limits, seconds=1.0)
    (reply,) = at_once(service.url, [request_of({"question": QUESTION})], answers=1)
    assert (reply.status, service.admission.at_work) == (503, 1)
    model.released.set()
    wait_until(lambda: is_idle(service))


@contextmanager
def owing(service: Running, count: int) -> Iterator[list[socket.socket]]:
    """Clients that have sent their questions but for the last bytes."""
    with ExitStack() as stack:
        port = int(service.url.rpartition(":")[2])
        connections = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(count)]
        for connection in connections:
            connection.settimeout(60)
            connection.sendall(request_of({"question": QUESTION})[:-5])
        yield connections


def test_clients_that_owe_bodies_hold_no_places(serve: Callable[..., Running]) -> None:
    """They come from the same address as the one that is answered."""
    service = serve(ScriptedModel([REPLY]), max_queue=4)
    with owing(service, 30) as connections:
        wait_until(lambda: len(service.server.server_state.tasks) == 30)
        assert service.admission.held == 0
        assert post(service.url, QUESTION).status_code == 200
        connections[0].sendall(request_of({"question": QUESTION})[-5:])
        assert connections[0].recv(4096).startswith(b"HTTP/1.1 200 ")
    wait_until(lambda: not service.server.server_state.tasks and is_idle(service))


def test_a_body_that_is_owed_is_refused_at_once_where_there_is_no_place(serve: Callable[..., Running]) -> None:
    model = GatedModel([REPLY])
    service = serve(model, max_queue=0)
    with asking(service):
        wait_until(lambda: service.admission.at_work == 1)
        with owing(service, 1) as (connection,):
            assert connection.recv(4096).startswith(b"HTTP/1.1 503 ")
        model.open()
    wait_until(lambda: is_idle(service))


def test_the_deadline_of_a_request_begins_with_the_end_of_its_body(serve: Callable[..., Running]) -> None:
    service = serve(ScriptedModel([REPLY]))
    warm_up(service)
    service.admission.limits = replace(service.admission.limits, seconds=5.0)
    with owing(service, 1) as (connection,):
        time.sleep(0.3)
        connection.sendall(request_of({"question": QUESTION})[-5:])
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_a_missing_body_times_out(serve: Callable[..., Running], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.service.middleware._BODY_SECONDS", 0.2)
    service = serve(ScriptedModel([REPLY]))
    assert at_once(service.url, [request_of({"question": QUESTION})[:-5]], answers=1)[0].status == 408
    wait_until(lambda: is_idle(service))


def test_disconnects_at_any_moment_leak_nothing(serve: Callable[..., Running]) -> None:
    """200 clients that disconnect while sending, queued, in prefill, during decoding, or just after."""
    model = ScriptedModel([REPLY], seconds_to_read=0.02, seconds_per_token=0.005, seconds_to_assent=0.01)
    service = serve(model, parallel=4, max_queue=8)
    assert post(service.url, QUESTION).status_code == 200
    chance = random.Random(5)
    port = int(service.url.rpartition(":")[2])

    def visit(_: int) -> None:
        request = request_of({"question": QUESTION, "stream": chance.random() < 0.5})
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(request[: None if chance.random() < 0.9 else chance.randrange(len(request))])
            time.sleep(chance.uniform(0.0, 0.2))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(visit, range(200)))
    wait_until(lambda: is_idle(service))
    assert post(service.url, QUESTION).json()["answer"] == REPLY
    answering = [thread for thread in threading.enumerate() if thread.name.startswith("answer")]
    assert len(answering) <= 4


def test_the_threads_of_answers_end_with_the_service(serve: Callable[..., Running]) -> None:
    service = serve(ScriptedModel([REPLY]), parallel=3)
    at_once(service.url, [request_of({"question": QUESTION})] * 3, answers=3)
    before = {thread for thread in threading.enumerate() if thread.name.startswith("answer")}
    assert before
    service.server.should_exit = True
    wait_until(lambda: service.model.closed)
    assert not any(thread.is_alive() for thread in before)


def test_a_silent_stream_is_kept_alive(serve: Callable[..., Running], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.service.answer_task.KEEP_ALIVE_SECONDS", 0.1)
    service = serve(ScriptedModel([REPLY], seconds_to_read=1.0))
    text = httpx.post(f"{service.url}/ask", json={"question": QUESTION, "stream": True}, timeout=60).text
    assert "\n\n:\n\n" in text
    assert "event: answer" in text


class TestKeys:
    @pytest.mark.parametrize(
        "request_",
        [
            pytest.param(request_of(b"{"), id="bad JSON"),
            pytest.param(request_of({"question": ""}), id="a wrong field"),
            pytest.param(request_of(b"x" * 300_000)[:70_000], id="a body that is too long, and has not come"),
        ],
    )
    def test_the_key_comes_before_all_else(self, serve: Callable[..., Running], request_: bytes) -> None:
        service = serve(ScriptedModel([REPLY]), max_queue=0, api_keys=[SecretStr("key")])
        assert at_once(service.url, [request_], answers=1)[0].status == 401

    def test_it_comes_before_the_queue(self, serve: Callable[..., Running]) -> None:
        model = GatedModel([REPLY])
        service = serve(model, max_queue=0, api_keys=[SecretStr("key")])
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(at_once, service.url, [request_of({"question": QUESTION}, "X-API-Key: key")], answers=1)
            wait_until(lambda: service.admission.at_work == 1)
            requests = [request_of(b"{"), request_of(b"{", "X-API-Key: key")]
            assert sorted(reply.status for reply in at_once(service.url, requests, answers=2)) == [401, 503]
            model.open()
            assert first.result()[0].status == 200


@contextmanager
def stopping(service: Running) -> Iterator[None]:
    service.server.should_exit = True
    yield
    wait_until(lambda: service.model.closed)


def test_a_service_that_stops_finishes_answers_at_work_and_refuses_the_queue(serve: Callable[..., Running]) -> None:
    model = GatedModel([REPLY])
    service = serve(model, parallel=2, grace_seconds=60)
    with ThreadPoolExecutor(1) as pool:
        crowd = pool.submit(at_once, service.url, [request_of({"question": QUESTION})] * 4, answers=4)
        wait_until(lambda: service.admission.waiting == 2)
        with stopping(service):
            wait_until(lambda: service.admission._closed)
            model.open()
            replies = crowd.result()
    assert Counter(reply.status for reply in replies) == {200: 2, 503: 2}
    assert {reply.headers.get("retry-after") for reply in replies} == {None, "30"}


def test_an_answer_that_does_not_finish_in_the_grace_period_gets_an_error(serve: Callable[..., Running]) -> None:
    service = serve(ScriptedModel([REPLY], seconds_to_read=30.0))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(at_once, service.url, [request_of({"question": QUESTION})], answers=1)
        wait_until(lambda: service.admission.at_work == 1)
        with stopping(service):
            assert asked.result()[0].status == 503


def test_a_second_signal_cancels_answers_at_work(
    serve: Callable[..., Running], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "rag.service.server")

    def messages() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == "rag.service.server"]

    service = serve(ScriptedModel([REPLY], seconds_to_read=30.0), parallel=2, grace_seconds=30)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(at_once, service.url, [request_of({"question": QUESTION})] * 2, answers=2)
        wait_until(lambda: service.admission.at_work == 2)
        service.server.handle_exit(signal.SIGTERM, None)
        wait_until(lambda: bool(messages()))
        time.sleep(0.2)
        assert service.admission.at_work == 2
        service.server.handle_exit(signal.SIGTERM, None)
        start = time.perf_counter()
        assert [reply.status for reply in asked.result()] == [503, 503]
    wait_until(lambda: service.model.closed)
    assert time.perf_counter() - start < 20  # and not the 30 s of the grace period
    assert messages() == ["stopping: 2 answers at work, at most 30 s; Ctrl-C again stops now"]


def test_answers_in_python_do_not_delay_the_probe(serve: Callable[..., Running]) -> None:
    """Nor does a full queue delay the routes of documents."""
    model = GatedModel([REPLY])
    service = serve(model, parallel=8, max_queue=32)
    with ThreadPoolExecutor(1) as pool:
        crowd = pool.submit(at_once, service.url, [request_of({"question": QUESTION})] * 24, answers=24)
        wait_until(lambda: service.admission.waiting >= 8)
        try:
            with httpx.Client(base_url=service.url, timeout=60) as client:
                for path in ("/livez", "/readyz", "/documents", "/info"):
                    assert client.get(path).status_code == 200
            assert service.admission.at_work == 8  # none of them has ended since
        finally:
            model.open()
        crowd.result()
