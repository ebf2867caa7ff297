"""ASGI requests as values: an application sees the request that was read, and that its client has gone."""

from __future__ import annotations

import asyncio
import pickle
from contextlib import aclosing
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from rag.service.replicas.asgi_request import AsgiRequest, responses

SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "path": "/echo",
    "query_string": b"a=1",
    "headers": [(b"content-type", b"application/json"), (b"host", b"localhost")],
    "client": ["127.0.0.1", 5000],
    "app": object(),  # what cannot be sent is left out
}


def read(*bodies: bytes) -> AsgiRequest:
    left = list(bodies)

    async def receive() -> Message:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return asyncio.run(AsgiRequest.read(SCOPE, receive))


async def collected(app: Any, request: AsgiRequest) -> list[Message]:
    return [message async for message in responses(app, request)]


def test_an_application_sees_the_request() -> None:
    app = FastAPI()

    @app.post("/echo")
    async def echo(request: Request, a: int) -> dict[str, Any]:
        return {"a": a, "body": (await request.body()).decode(), "client": request.client and request.client.host}

    request = read(b"one ", b"two")
    assert pickle.loads(pickle.dumps(request)) == request  # noqa: S301 - as Ray sends it
    start, body, *_ = asyncio.run(collected(app, request))
    assert start["status"] == 200
    assert body["body"] == b'{"a":1,"body":"one two","client":"127.0.0.1"}'


def test_an_application_sees_that_the_client_has_gone() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        seen.append((await receive())["type"])

    request = read(b"")

    async def leave() -> None:
        async with aclosing(responses(app, request)) as messages:
            await anext(messages)

    asyncio.run(leave())
    assert seen == ["http.disconnect"]


def test_a_stream_comes_in_pieces() -> None:
    async def pieces() -> Any:
        for piece in (b"one", b"two"):
            yield piece

    messages = asyncio.run(collected(StreamingResponse(pieces()), read(b"")))
    assert [message.get("body") for message in messages] == [None, b"one", b"two", b""]


def test_what_an_application_raises_is_raised() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(collected(app, read(b"")))
