"""Concurrency on a real socket: a responsive event loop, and cancellation when clients disconnect."""

from __future__ import annotations

import json
import socket
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import pytest

from rag.testing import ScriptedModel
from tests.integration.conftest import GatedModel, Running, post, wait_until

QUESTION = "What does a berth cost for a night?"
REPLY = "A berth costs 24 euros for each night."


def ask_and_disconnect(url: str, *, stream: bool, when: Callable[[], bool]) -> None:
    body = json.dumps({"question": QUESTION, "stream": stream}).encode()
    head = f"POST /ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + body)
        wait_until(when)


def test_livez_is_quick_while_an_answer_is_generated(serve: Callable[..., Running]) -> None:
    model = GatedModel([REPLY])
    service = serve(model)

    def seconds() -> float:
        times = []
        for _ in range(40):
            start = time.perf_counter()
            assert client.get("/livez").status_code == 200
            times.append(time.perf_counter() - start)
            time.sleep(0.01)
        return statistics.median(times)

    with httpx.Client(base_url=service.url, timeout=60) as client, ThreadPoolExecutor() as pool:
        client.get("/livez")
        idle = seconds()
        asking = pool.submit(post, service.url, QUESTION)
        wait_until(lambda: service.admission.at_work == 1)
        try:
            assert seconds() < 10 * idle + 0.05
            assert service.admission.at_work == 1
        finally:
            model.open()
        assert asking.result().status_code == 200


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("phase", ["reading", "writing", "assenting"])
def test_a_disconnect_cancels_the_generation(serve: Callable[..., Running], stream: bool, phase: str) -> None:
    model = ScriptedModel(
        [REPLY * 100],
        seconds_to_read=30.0 if phase == "reading" else 0.0,
        seconds_per_token=0.2 if phase == "writing" else 0.0,
        seconds_to_assent=30.0 if phase == "assenting" else 0.0,
        context_tokens=10_000,
    )
    service = serve(model)
    begun = {"reading": model.wordings, "assenting": model.choices}
    ask_and_disconnect(service.url, stream=stream, when=lambda: bool(begun.get(phase, model.generated_tokens)))
    wait_until(lambda: model.cancelled >= 1, seconds=20)  # before it would have ended by itself
    generated = model.generated_tokens
    time.sleep(0.5)
    assert model.generated_tokens == generated
    # The next one is served, and unharmed.
    model.replies, model.seconds_to_read, model.seconds_per_token, model.seconds_to_assent = [REPLY], 0.0, 0.0, 0.0
    assert post(service.url, QUESTION).json()["answer"] == REPLY


def test_a_disconnect_in_the_queue_gives_the_place_up(serve: Callable[..., Running]) -> None:
    model = GatedModel([REPLY])
    service = serve(model, max_queue=1)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(post, service.url, QUESTION)
        wait_until(lambda: service.admission.at_work == 1)
        ask_and_disconnect(service.url, stream=False, when=lambda: service.admission.waiting == 1)
        wait_until(lambda: service.admission.waiting == 0)
        second = pool.submit(post, service.url, QUESTION)
        wait_until(lambda: service.admission.waiting == 1)
        model.open()
        assert first.result().status_code == second.result().status_code == 200


def test_disconnects_at_once_block_no_other_client(serve: Callable[..., Running]) -> None:
    model = ScriptedModel([REPLY], seconds_to_read=0.05)
    service = serve(model, max_queue=4)
    for round_ in range(40):
        end = time.monotonic() + 0.002 * (round_ % 10)
        ask_and_disconnect(service.url, stream=round_ % 2 == 0, when=lambda end=end: time.monotonic() >= end)  # type: ignore[misc]
    wait_until(lambda: post(service.url, QUESTION).status_code == 200)

    def is_idle() -> bool:
        metrics = httpx.get(f"{service.url}/metrics", timeout=60).text
        return "pageproof_waiting_requests 0.0" in metrics and "pageproof_answers_at_work 0.0" in metrics

    wait_until(is_idle)


def test_the_stream_has_the_position_in_the_queue(serve: Callable[..., Running]) -> None:
    model = GatedModel([REPLY])
    service = serve(model)
    body, text = {"question": QUESTION, "stream": True}, ""
    with ThreadPoolExecutor() as pool:
        first = pool.submit(post, service.url, QUESTION)
        wait_until(lambda: service.admission.at_work == 1)
        with httpx.stream("POST", f"{service.url}/ask", json=body, timeout=60) as response:
            for piece in response.iter_text():
                text += piece
                if '"waiting"' in text:
                    model.open()
        assert first.result().status_code == 200
    assert '"state": "waiting", "position": 1, "estimate_seconds": ' in text
    assert text.index('"waiting"') < text.index("event: passages")
