"""Load generator: parsing of event streams, and timing, against a service in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import pytest

from benchmarks.serving.load import Served, put, server_sent

ANSWER = {"answered": True, "answer": "Two.", "usage": {"prompt_tokens": 9, "cached_tokens": 3, "completion_tokens": 2}}


def read(lines: Iterable[str]) -> list[tuple[str, Any]]:
    async def given() -> AsyncIterator[str]:
        for line in lines:
            yield line

    async def taken() -> list[tuple[str, Any]]:
        return [event async for event in server_sent(given())]

    return asyncio.run(taken())


@pytest.mark.parametrize(
    ("lines", "events"),
    [
        pytest.param(["event: token", 'data: {"text": "a"}', ""], [("token", {"text": "a"})], id="an event"),
        pytest.param(["event:token", "data:1", ""], [("token", 1)], id="without spaces"),
        pytest.param(["data: 1", ""], [("message", 1)], id="without a name"),
        pytest.param(["event: a", "data: [1,", "data: 2]", ""], [("a", [1, 2])], id="data in two lines"),
        pytest.param([": ping", "", "event: a", "data: 1", ""], [("a", 1)], id="a comment"),
        pytest.param(["event: a", "", "data: 1", ""], [("message", 1)], id="a name without data is forgotten"),
        pytest.param(["event: a", "data: 1"], [], id="cut off"),
    ],
)
def test_server_sent(lines: list[str], events: list[tuple[str, Any]]) -> None:
    assert read(lines) == events


def stream(*events: tuple[str, Any]) -> httpx.Response:
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    return httpx.Response(200, text=body)


def asked(response: httpx.Response, history: list[dict[str, str]] | None = None) -> tuple[Served, Any]:
    bodies = []

    def respond(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return response

    async def run() -> Served:
        served = Served(0, 0, "How many?")
        async with httpx.AsyncClient(base_url="http://service", transport=httpx.MockTransport(respond)) as client:
            await put(client, served, history or [])
        return served

    return asyncio.run(run()), bodies[0]


class TestPut:
    def test_an_answer(self) -> None:
        turn = {"question": "Before?", "answer": "One."}
        served, body = asked(
            stream(("status", {}), ("token", {"text": "T"}), ("token", {"text": "wo."}), ("answer", ANSWER)), [turn]
        )
        assert body == {"question": "How many?", "history": [turn], "stream": True}
        assert served.error is None
        assert (served.tokens, served.answer, served.usage) == (2, "Two.", ANSWER["usage"])
        assert served.first_token is not None
        assert 0 < served.first_token <= served.seconds

    def test_an_abstention_has_no_first_token(self) -> None:
        served, _ = asked(stream(("answer", {**ANSWER, "answered": False})))
        assert (served.first_token, served.tokens, served.answered, served.error) == (None, 0, False, None)
        assert served.seconds > 0

    @pytest.mark.parametrize(
        ("response", "error"),
        [
            pytest.param(httpx.Response(503, text="full"), "503: full", id="refused"),
            pytest.param(stream(("error", {"title": "broken"})), '{"title": "broken"}', id="an error in the stream"),
            pytest.param(stream(("token", {"text": "T"})), "the stream ended without an answer", id="cut off"),
        ],
    )
    def test_a_failure(self, response: httpx.Response, error: str) -> None:
        served, _ = asked(response)
        assert served.error == error
        assert served.seconds > 0
