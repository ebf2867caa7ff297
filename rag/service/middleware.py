"""Request middleware in pure ASGI: request ids, body limits, allowed hosts, headers, access log and metrics.

Not Starlette's BaseHTTPMiddleware: behind it a route cannot detect that its client has disconnected
(https://github.com/encode/starlette/discussions/1527).
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from time import perf_counter
from typing import Final

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import Cancelled, RequestFault
from rag.service.access.origin import is_cross_origin
from rag.service.allowed_hosts import AllowedHosts
from rag.service.logs import MEMBERS, request_state
from rag.service.metrics import Metrics
from rag.service.problems import error_response, problem_fields
from rag.service.tracing import TRACEPARENT

_log = logging.getLogger("rag.access")

MAX_BODY_BYTES: Final = 256 * 1024
_BODY_SECONDS: Final = 10.0
# nginx's status for a client that disconnected before a response was sent.
_NOTHING_SENT: Final = 499
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Escapes in JSON, from left to right; a group for half of a surrogate pair without the other half.
_ESCAPES: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
_HEAD: Final = "HEAD"
# Longest method in the log; the longest one that is registered has 17 letters.
_METHOD_LETTERS: Final = 20
# Health checks request these every few seconds, so they are logged at DEBUG.
_PROBES: Final = ("/livez", "/readyz")
_CROWDED: Final = "all connections of the service are at work; try again in {} s"
_CROWDED_RETRY_SECONDS: Final = 5
_OTHER_HOST: Final = (
    "this host name is not allowed for a service without keys; use 127.0.0.1 or localhost, or have the operator add "
    "the name to RAG_HOSTS, or set RAG_API_KEYS"
)
_OTHER_ORIGIN: Final = (
    "a page of another origin sent this, and only the service's own page may; behind a proxy that changes the Host "
    "header, have it pass Host on"
)
_SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class RequestMiddleware:
    """Gives each request an id, limits its body, adds headers, and logs and counts the outcome, without any text.

    With ``hosts``, requests for others get a 421. What a page of another origin would change is refused with a 403.
    With ``root_path``, the path under which a proxy offers the service, paths are taken with it and without it, as the
    proxy may have taken it away.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, hosts: AllowedHosts | None = None, root_path: str = "") -> None:
        self._app = app
        self._root_path = root_path
        self._metrics = metrics
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI defines."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        body = RequestBody(receive)
        scope.setdefault("state", {}).update(
            {TRACEPARENT: headers.get(TRACEPARENT)}, request_id=request_id, body=body, root_path=self._root_path
        )
        logged = request_state.set(scope["state"])
        response = _Response(send, request_id, has_body=scope["method"] != _HEAD)
        if scope["method"] == _HEAD:
            # As GET, without the body (RFC 9110, 9.3.2); the routes know GET alone.
            scope = {**scope, "method": "GET"}
        if self._root_path and scope["path"].startswith(f"{self._root_path}/"):
            scope = {**scope, "path": scope["path"].removeprefix(self._root_path)}
        try:
            refusal = self._refusal(scope, headers, request_id)
            await (refusal or self._app)(scope, body, response)
        except Exception:  # the boundary: Starlette's own handler would respond outside of this middleware
            _log.exception("request %s failed", request_id)
            if response.status != _NOTHING_SENT:
                raise
            failed = error_response(scope["path"], problem_fields(500, None, request_id))
            await failed(scope, receive, response)
        finally:
            self._log_and_count(scope, response, request_id, perf_counter() - start)
            request_state.reset(logged)

    def _refusal(self, scope: Scope, headers: Headers, request_id: str) -> ASGIApp | None:
        """Response to a request that is refused for its host, origin, or connection, which is for probes only."""
        path = scope["path"]
        if scope["state"].get("probes_only") and path not in _PROBES:
            seconds = _CROWDED_RETRY_SECONDS
            fields = problem_fields(503, _CROWDED.format(seconds), request_id, retry_after_seconds=seconds)
            return error_response(path, fields, {"Retry-After": str(seconds), "Connection": "close"})
        if self._hosts and not self._hosts.allow(headers.get("host", "")):
            return error_response(path, problem_fields(421, _OTHER_HOST, request_id))
        if is_cross_origin(scope["method"], headers):
            return error_response(path, problem_fields(403, _OTHER_ORIGIN, request_id))
        if self._root_path and path == self._root_path:
            return RedirectResponse(f"{path}/", 308)  # links of /docs are relative to it
        return None

    def _log_and_count(self, scope: Scope, response: _Response, request_id: str, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        self._metrics.count_request(route, response.status, seconds)
        level = logging.DEBUG if route in _PROBES else logging.INFO
        method = scope["method"][:_METHOD_LETTERS] if response.has_body else _HEAD
        members = {"method": method, "route": route, "status": response.status, "seconds": round(seconds, 4)}
        _log.log(
            level,
            "%s %s %d %.0fms %s",
            method,
            route,
            response.status,
            seconds * 1000,
            request_id,
            extra={MEMBERS: members},
        )


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _check_text(body: bytes) -> None:
    """Refuses a JSON body that Python would read into text which nothing else accepts.

    ``json.loads`` makes lone surrogates of escapes and of malformed UTF-8; no tokenizer takes them, nor SQLite, nor the
    encoder of a response that names them.

    Raises:
        RequestFault: the body is not UTF-8 (RFC 8259, 8.1), or has an escape of half a surrogate pair.
    """
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise RequestFault(f"the body is not UTF-8, from byte {error.start} on", "body") from None
    for escape in _ESCAPES.finditer(body):
        if escape[1]:
            half = escape[1].decode()
            raise RequestFault(f"{half} at byte {escape.start()} is half of a surrogate pair, and no character", "body")


class _Response:
    """ASGI ``send`` that adds headers, records the status, and leaves the body out where there is to be none."""

    def __init__(self, send: Send, request_id: str, *, has_body: bool) -> None:
        self._send = send
        self._request_id = request_id
        self._has_ended = False
        self.has_body = has_body
        self.status = _NOTHING_SENT

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._request_id
            for name, value in _SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        elif not self.has_body:
            if self._has_ended:
                return
            self._has_ended = True
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)


class RequestBody:
    """ASGI ``receive`` with a limit on bytes, counted as they come whatever Content-Length says, and on time.

    The time is for the whole body: bytes do not renew it.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._bytes = 0
        self._max_bytes: int | None = MAX_BODY_BYTES
        self._whole: Message | None = None
        self._quiet_seconds: float | None = None
        self._deadline: float | None = asyncio.get_running_loop().time() + _BODY_SECONDS

    def lift_limit(self, quiet_seconds: float) -> None:
        """Lifts both limits, for a route that counts the bytes itself; each part must come within ``quiet_seconds``."""
        self._max_bytes = None
        self._quiet_seconds = quiet_seconds

    async def read(self) -> None:
        """Reads the body to its end; the next message is the whole body, which is text.

        Raises:
            HTTPException: 408 or 413.
            RequestFault: it is not UTF-8, or a string in it has a lone surrogate.
            Cancelled: the client disconnected.
        """
        parts = []
        more = True
        while more:
            message = await self()
            if message["type"] == "http.disconnect":
                raise Cancelled("the client disconnected before its body was whole")
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = b"".join(parts)
        _check_text(body)
        self._whole = {"type": "http.request", "body": body, "more_body": False}

    async def __call__(self) -> Message:
        """The next message, as ASGI defines.

        Raises:
            HTTPException: 408 or 413.
        """
        if self._whole:
            message, self._whole = self._whole, None
            return message
        if self._quiet_seconds and self._deadline:
            self._deadline = asyncio.get_running_loop().time() + self._quiet_seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, self._timeout_message()) from None
        if not message.get("more_body"):
            self._deadline = None  # the only message that may follow is the client's disconnect
        self._bytes += len(message.get("body", b""))
        if self._max_bytes is not None and self._bytes > self._max_bytes:
            # FastAPI passes HTTPException on, and turns any other exception into "400 error parsing the body".
            raise HTTPException(413, f"a request may have {self._max_bytes} bytes")
        return message

    def _timeout_message(self) -> str:
        if self._quiet_seconds:
            return f"nothing more of the body came within {self._quiet_seconds:g} s"
        return f"the body did not come within {_BODY_SECONDS:g} s"
