"""Requests that are not what HTTP, JSON or the schema wants, as bytes for a socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

_POST = b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
_TARGETS = (b"/ask", b"/v1/chat/completions")

_LINES = (
    b"GET", b"GET /livez", b"GET /livez HTTP/9.9", b"GET /livez HTTP/1.1 x", b"get /livez HTTP/1.1",
    b"G\x00T /livez HTTP/1.1", b"GET /li\x00vez HTTP/1.1", b"GET /\xff\xfe HTTP/1.1", b"GET  /livez HTTP/1.1",
    b"GET livez HTTP/1.1", b"GET * HTTP/1.1", b"GET http://[::1 HTTP/1.1", b"GET //..//..//etc/passwd HTTP/1.1",
    b"GET /%zz HTTP/1.1", b"GET /%00 HTTP/1.1", b"GET /documents/%2e%2e/file HTTP/1.1", b"GET /ask?%ff=%fe HTTP/1.1",
    b"GET /documents/a/pages/1.png?start=-1&end=x HTTP/1.1", b"GET /documents/a/pages/" + b"9" * 5000 + b" HTTP/1.1",
    b"GET /" + b"a" * 30_000 + b" HTTP/1.1", b"X" * 5000 + b" / HTTP/1.1", b"PRI * HTTP/2.0", b"CONNECT x:1 HTTP/1.1",
    b"TRACE /ask HTTP/1.1", b"OPTIONS * HTTP/1.1", b"PATCH /ask HTTP/1.1", b"DELETE /documents HTTP/1.1",
    b"HEAD /nothing HTTP/1.1", b"\x16\x03\x01\x02\x00\x01\x00", b"\r\n\r\nGET /x HTTP/1.1",
    b"GET /docs/../ask HTTP/1.1",
    b"PUT /uploads?name=a.pdf HTTP/1.1", b"POST /ingest?x=1 HTTP/0.9", b"GET /web/%2e%2e/app.py HTTP/1.1",
)  # fmt: skip
_HEADERS = (
    b"Content-Length: -1", b"Content-Length: x", b"Content-Length: 1\r\nContent-Length: 2",
    b"Content-Length: 99999999999999999999", b"Transfer-Encoding: chunked\r\nContent-Length: 3",
    b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked, chunked", b"No colon", b": no name", b"A b: c",
    b"X: a\x00b", b"X: \x7f\x1b[31m", b"X: " + b"b" * 70_000, b"Expect: 200-ok", b"Host: b", b"Upgrade: websocket",
    b" folded: x", b"X-Request-ID: a\tb", b"X-Forwarded-For: \xff\xff, ,,", b"Authorization: Bearer \xff",
    b"X-API-Key: " + b"k" * 20_000, b"Content-Encoding: br", b"Range: bytes=9-1,x", b"If-None-Match: \"",
    b"Cookie: " + b"a=b;" * 4000, b"\r\nX: y", b"Content-Type", b"Connection: close, upgrade, x\x01",
)  # fmt: skip
_BODIES = (
    b"", b"{", b"[]", b"null", b"1", b'"question"', b"{}", b'{"question":', b'{"question": null}', b'{"question": ""}',
    b'{"question": 1}', b'{"question": [["a"]]}', b'{"question": "\\ud800"}', b'{"question": "a\xff"}',
    b'{"question": "\x00"}', b'{"question": "a\nb"}', b'{"question": "?!"}', b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00",
    b'{"question": NaN}', b'{"question": "a", "max_tokens": Infinity}', b'{"question": "a", "max_tokens": 1e999}',
    b'{"question": "a", "max_tokens": 0}', b'{"question": "a", "max_tokens": "5"}',
    b'{"question": "a", "max_tokens": ' + b"9" * 5000 + b"}", b'{"question": "a", "stream": "yes"}',
    b'{"question": "a", "documents": "b"}', b'{"question": "a", "documents": [null]}', b'{"question": "a", "x": 1}',
    b'{"question": "a", "history": [{"question": "b"}]}', b"[" * 100_000, b'{"a":' * 20_000,
    b'{"messages": []}', b'{"messages": [{}]}', b'{"messages": [{"role": "user"}]}', b'{"messages": "hello"}',
    b'{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}', b'{"messages": [null], "n": 2}',
    b'{"messages": [{"role": "user", "content": [{"type": "text", "text": "\\udfff"}]}]}',
    b'{"messages": [{"role": "wizard", "content": "a"}]}', b'{"messages": [{"role": "assistant", "content": "a"}]}',
    b'{"question": "' + b"a" * 4001 + b'"}', b'{"question": "' + b"a" * 250_000 + b'"}', b" " * 262_145,
    b'{"question": "a", "question": {"b": 1}}', b"question=a", b"--x\r\n\r\n--x--", b"\x1f\x8b\x08",
    b'{"' + b"k" * 9_999,
)  # fmt: skip
_TYPES = (b"application/json", b"text/plain", b"application/x-www-form-urlencoded")


def requests() -> Iterator[bytes]:
    """The requests, the same each time."""
    for line in _LINES:
        yield line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    for header in _HEADERS:
        for line in (b"GET /readyz", b"POST /ask"):
            yield line + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + header + b"\r\n\r\n"
    for body in _BODIES:
        for target in _TARGETS:
            yield _POST % (target, _TYPES[0], len(body), body)
        yield _POST % (_TARGETS[0], _TYPES[1 + len(body) % 2], len(body), body)
    for part in (
        b"Z\r\n",
        b"-1\r\n",
        b"5\r\nab",
        b"FFFFFFFFFFFFFFFF\r\n",
        b"0\r\nX: \x00\r\n\r\n",
        b"1;" + b"x" * 40_000,
    ):
        yield (
            b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" + part
        )


@dataclass(frozen=True)
class Reply:
    """What came back; ``status`` is 0 where the connection was closed without a word."""

    status: int
    media: str
    body: bytes

    @property
    def is_problem(self) -> bool:
        """True if it is an error in a documented format."""
        try:
            body = json.loads(self.body)
        except ValueError:
            return False
        if not isinstance(body, dict):
            return False
        if self.media == "application/problem+json":
            # What is no HTTP has no request id: it reaches no route.
            return {"type", "title", "status"} <= body.keys() and bool(body["status"] == self.status)
        return self.media == "application/json" and {"message", "type", "param", "code"} == body.get("error", {}).keys()


def sent(port: int, request: bytes, seconds: float = 20.0) -> Reply:
    """Sends a request and nothing after it, and reads until the service closes the connection."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        with suppress(ConnectionError):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while part := connection.recv(1 << 16):
                received += part
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    status = int(first.split()[1]) if first else 0
    return Reply(status, headers.get("content-type", "").partition(";")[0], body)
