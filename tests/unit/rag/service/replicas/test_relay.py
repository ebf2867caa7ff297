"""Retrying relay: a request goes to another replica until its response has begun; whoever leaves is not answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.types import Message

from rag.service import middleware
from rag.service.middleware import MAX_BODY_BYTES
from rag.service.replicas.asgi_request import AsgiRequest
from rag.service.replicas.relay import ReplicaLost, ReplicasFull, RetryingRelay

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
WHOLE: Message = {"type": "http.response.body", "body": b"whole", "more_body": False}
PIECE: Message = {"type": "http.response.body", "body": b"piece", "more_body": True}
LOST = ReplicaLost("killed")


class Replicas:
    """Replicas that respond one after another as they are told: by messages, and an exception to end with."""

    def __init__(self, *scripts: list[Message | Exception]) -> None:
        self._scripts = list(scripts)
        self.asked: list[AsgiRequest] = []
        self.closed = 0

    async def ask(self, request: AsgiRequest) -> AsyncGenerator[Message, None]:
        self.asked.append(request)
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        try:
            for step in script:
                await asyncio.sleep(0)
                if isinstance(step, Exception):
                    raise step
                yield step
            if not script:
                await asyncio.sleep(3600)
        finally:
            self.closed += 1


class Client:
    """Client that sends a body; one with more to come that stays sends no more, and one that does not breaks it off."""

    def __init__(self, body: bytes = b"{}", *, more: bool = False, stays: bool = True) -> None:
        self._body: bytes | None = body
        self._more = more
        self._stays = stays
        self.received: list[Message] = []

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": self._more}
        if self._stays:
            await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.received.append(message)

    def ask(self, replicas: Replicas, tries: int = 4) -> list[Message]:
        scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/ask", "query_string": b"", "headers": []}
        asyncio.run(RetryingRelay(replicas.ask, tries, 0.0)(scope, self.receive, self.send))
        return self.received


def test_a_response_is_passed_on() -> None:
    replicas = Replicas([START, PIECE, WHOLE])
    assert Client(b"question").ask(replicas) == [START, PIECE, WHOLE]
    assert [request.body for request in replicas.asked] == [b"question"]


@pytest.mark.parametrize("before", [[], [START]])
def test_a_request_is_made_again_where_the_replica_is_lost(before: list[Message | Exception]) -> None:
    replicas = Replicas([*before, LOST], [LOST], [START, WHOLE])
    assert Client().ask(replicas) == [START, WHOLE]
    assert len(replicas.asked) == replicas.closed == 3
    assert len(set(replicas.asked)) == 1


def test_a_stream_that_has_begun_is_not_begun_again() -> None:
    client, replicas = Client(), Replicas([START, PIECE, LOST])
    with pytest.raises(ReplicaLost):
        client.ask(replicas)
    assert client.received == [START, PIECE]
    assert len(replicas.asked) == 1


def test_all_replicas_are_lost() -> None:
    replicas = Replicas([LOST])
    start, body, *_ = Client().ask(replicas, tries=3)
    assert start["status"] == 503
    assert (b"retry-after", b"5") in start["headers"]
    assert "lost" in json.loads(body["body"])["detail"]
    assert len(replicas.asked) == 3


def test_the_replicas_are_full() -> None:
    replicas = Replicas([ReplicasFull("full")])
    start, *_ = Client().ask(replicas)
    assert start["status"] == 503
    assert len(replicas.asked) == 1


def test_a_client_that_leaves_is_not_answered() -> None:
    replicas = Replicas([])
    assert Client(stays=False).ask(replicas) == []
    assert replicas.closed == len(replicas.asked)


@pytest.mark.parametrize(
    ("client", "status", "detail"),
    [
        pytest.param(Client(bytes(MAX_BODY_BYTES + 1), more=True), 413, "bytes", id="too large, and not whole"),
        pytest.param(Client(b"{", more=True), 408, "did not come within", id="too slow"),
    ],
)
def test_a_body_that_is_refused_reaches_no_replica(
    client: Client, status: int, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "_BODY_SECONDS", 0.05)
    replicas = Replicas([START, WHOLE])
    start, body, *_ = client.ask(replicas)
    assert start["status"] == status
    assert (b"connection", b"close") in start["headers"]
    assert detail in json.loads(body["body"])["detail"]
    assert replicas.asked == []


def test_a_body_that_is_broken_off_reaches_no_replica() -> None:
    replicas = Replicas([START, WHOLE])
    assert Client(b'{"question": "', more=True, stays=False).ask(replicas) == []
    assert replicas.asked == []


def test_a_body_as_large_as_may_be_is_passed_on() -> None:
    replicas = Replicas([START, WHOLE])
    assert Client(bytes(MAX_BODY_BYTES)).ask(replicas) == [START, WHOLE]
    assert len(replicas.asked[0].body) == MAX_BODY_BYTES


def test_lifespan() -> None:
    told: list[str] = []
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        told.append(message["type"])

    asyncio.run(RetryingRelay(Replicas([]).ask)({"type": "lifespan"}, receive, send))
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
