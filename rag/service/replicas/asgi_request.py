"""ASGI request as a value that can be sent to another process, and the call of an application with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope

from rag.errors import Cancelled

# One message of a response, or of a request, as ASGI defines it.
AsgiMessage: TypeAlias = Message

# For an application to clean up after its client has gone.
_CLEANUP_SECONDS: Final = 10.0


@dataclass(frozen=True)
class AsgiRequest:
    """HTTP request with its whole body; the fields are those of the ASGI scope (asgi.readthedocs.io, HTTP).

    Attributes:
        body: of all messages together.
        client: address and port; None where they are not known.
    """

    method: str
    path: str
    raw_path: bytes
    query_string: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    scheme: str = "http"
    http_version: str = "1.1"
    client: tuple[str, int] | None = None
    server: tuple[str, int | None] | None = None

    @classmethod
    async def read(cls, scope: Scope, receive: Receive) -> AsgiRequest:
        """Reads the request to its end.

        Raises:
            Cancelled: the client disconnected before its body was whole.
        """
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Cancelled("the client disconnected before its body was whole")
            more = message.get("more_body", False)
            body += message.get("body", b"")
        client, server = scope.get("client"), scope.get("server")
        return cls(
            method=scope["method"],
            path=scope["path"],
            raw_path=scope.get("raw_path") or scope["path"].encode(),
            query_string=scope["query_string"],
            headers=tuple((bytes(name), bytes(value)) for name, value in scope["headers"]),
            body=body,
            scheme=scope.get("scheme", "http"),
            http_version=scope.get("http_version", "1.1"),
            client=tuple(client) if client else None,
            server=tuple(server) if server else None,
        )

    def scope(self) -> Scope:
        """The ASGI scope of the request."""
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "method": self.method,
            "path": self.path,
            "raw_path": self.raw_path,
            "query_string": self.query_string,
            "headers": list(self.headers),
            "scheme": self.scheme,
            "http_version": self.http_version,
            "root_path": "",
            "client": self.client,
            "server": self.server,
            "state": {},
        }


async def responses(app: ASGIApp, request: AsgiRequest) -> AsyncGenerator[Message, None]:
    """The messages that an application responds with; to close this generator is to disconnect from it."""
    messages: asyncio.Queue[Message | None] = asyncio.Queue()
    gone = asyncio.Event()
    bodies = [request.body]

    async def receive() -> Message:
        if bodies:
            return {"type": "http.request", "body": bodies.pop(), "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    call = asyncio.ensure_future(app(request.scope(), receive, messages.put))
    call.add_done_callback(lambda _: messages.put_nowait(None))
    try:
        while (message := await messages.get()) is not None:
            yield message
        call.result()
    finally:
        gone.set()
        if not call.done():
            await asyncio.wait({call}, timeout=_CLEANUP_SECONDS)
            call.cancel()
