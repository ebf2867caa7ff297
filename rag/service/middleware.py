"""What every request passes, as pure ASGI.

Not Starlette's BaseHTTPMiddleware: behind it a route cannot see that its client has gone
(https://github.com/encode/starlette/discussions/1527).
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Collection
from time import perf_counter
from typing import Final

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.service.allowed_hosts import is_among
from rag.service.metrics import Metrics
from rag.service.problems import error_response, problem_fields

_log = logging.getLogger("rag.access")

MAX_BODY_BYTES: Final = 256 * 1024
_BODY_SECONDS: Final = 10.0
# nginx's status for a client that went away before anything was sent.
_NOTHING_SENT: Final = 499
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Asked every few seconds by health checks.
_PROBES: Final = ("/livez", "/readyz")
_OTHER_HOST: Final = (
    "this service needs no key and is not known under that host; ask for 127.0.0.1 or localhost, or let whoever runs "
    "it name the host in RAG_HOSTS, or set RAG_API_KEYS"
)
_SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class RequestMiddleware:
    """Gives each request an id, bounds its body, adds headers, and logs and counts the outcome, without any text.

    Those for other hosts than it is to be known under go no further.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._metrics = metrics
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI defines."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        body = RequestBody(receive)
        scope.setdefault("state", {}).update(request_id=request_id, body=body)
        response = _Response(send, request_id)
        try:
            if self._hosts and not is_among(headers.get("host", ""), self._hosts):
                await error_response(scope["path"], problem_fields(421, _OTHER_HOST, request_id))(scope, body, response)
                return
            await self._app(scope, body, response)
        except Exception:  # the boundary. Starlette's own would answer from outside of this frame
            _log.exception("request %s failed", request_id)
            if response.status != _NOTHING_SENT:
                raise
            failed = error_response(scope["path"], problem_fields(500, None, request_id))
            await failed(scope, receive, response)
        finally:
            self._tell(scope, response.status, request_id, perf_counter() - start)

    def _tell(self, scope: Scope, status: int, request_id: str, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        self._metrics.requests.labels(route, str(status)).inc()
        level = logging.DEBUG if route in _PROBES else logging.INFO
        _log.log(level, "%s %s %d %.0fms %s", scope["method"], route, status, seconds * 1000, request_id)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


class _Response:
    """A ``send`` that adds headers and keeps the status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = _NOTHING_SENT

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._request_id
            for name, value in _SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


class RequestBody:
    """A ``receive`` that counts the bytes as they come, whatever Content-Length says, and does not wait for ever."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._bytes = 0
        self._most: int | None = MAX_BODY_BYTES
        self._quiet_seconds: float | None = None
        self._until: float | None = asyncio.get_running_loop().time() + _BODY_SECONDS

    def let_through(self, quiet_seconds: float) -> None:
        """For a route that counts the bytes itself: there may be many, as long as some come every so many seconds."""
        self._most = None
        self._quiet_seconds = quiet_seconds

    async def __call__(self) -> Message:
        """The next message, as ASGI defines.

        Raises:
            HTTPException: 408 or 413.
        """
        if self._quiet_seconds and self._until:
            self._until = asyncio.get_running_loop().time() + self._quiet_seconds
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, self._late()) from None
        if not message.get("more_body"):
            self._until = None  # what comes now is that the client goes away
        self._bytes += len(message.get("body", b""))
        if self._most is not None and self._bytes > self._most:
            # FastAPI lets its own exception through, and translates any other into "400 error parsing the body".
            raise HTTPException(413, f"a request may have {self._most} bytes")
        return message

    def _late(self) -> str:
        if self._quiet_seconds:
            return f"nothing more of the body came within {self._quiet_seconds:g} s"
        return f"the body did not come within {_BODY_SECONDS:g} s"
