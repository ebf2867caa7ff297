"""HTTP client of model servers: one connection for each request, which another thread can abort."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from threading import Event
from typing import Any, Final

import httpx

from rag.errors import ModelUnreachable, ModelUnusable, PageproofError, PromptTooLong
from rag.runtime.cancellation import Cancellation

_CONNECT_SECONDS: Final = 5.0
# Seconds before each retry to connect: a server that restarts is back within a moment, or not soon.
_RETRY_WAITS: Final = (0.2, 0.5)
# Limit of a line and of a body: a line of a stream holds one token and its alternatives, a body lists models or tokens.
_MOST_BYTES: Final = 1_000_000
_NO_CONNECTION: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL)
_BUSY: Final = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_LONGEST_RETRY_AFTER: Final = 3600


class ModelServerClient:
    """Client of one server, by its address. Thread-safe.

    Each request has a connection of its own: aborting it stops this request and no other, and no request goes into a
    connection that the server has just closed, which would leave open whether it was received. Nothing of a request is
    ever logged. Proxies of the environment and redirects are not followed: requests go to this address only.
    """

    def __init__(self, url: str, key: str = "") -> None:
        """Connects to nothing yet.

        Args:
            url: where the server's API begins, as a rule ending in ``/v1``; no credentials in it.
            key: sent as bearer token with each request; empty for none.
        """
        self.url = url.rstrip("/")
        self._client = httpx.Client(
            headers={"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {}),
            # The system's certificates, so that an organization's own certificate authority counts too.
            verify=ssl.create_default_context() if self.url.startswith("https:") else False,
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    @contextmanager
    def request(
        self, address: str, body: Mapping[str, Any] | None, *, seconds: float, cancelled: Cancellation
    ) -> Iterator[ServerResponse]:
        """Sends a request and yields the response as soon as it begins; retries only where no connection was made.

        Args:
            address: the whole URL.
            body: posted as JSON; None for GET.
            seconds: timeout for the response to begin, and for each further part of it.
            cancelled: cuts the connection, also before the response has begun.

        Raises:
            ModelUnreachable: no connection, or it broke, or a timeout; also while the response is read.
            Cancelled: ``cancelled`` was called.
        """
        abort = _ConnectionAbort()
        try:
            request = self._client.build_request(
                "GET" if body is None else "POST",
                address,
                content=None if body is None else json.dumps(body).encode(),
                headers={} if body is None else {"Content-Type": "application/json"},
                timeout=httpx.Timeout(seconds, connect=_CONNECT_SECONDS),
                extensions={"trace": abort.trace},
            )
            with cancelled.calling(abort.cut):
                response = self._send(request, abort, cancelled)
                try:
                    yield ServerResponse(response, self.url)
                finally:
                    response.close()
        except _NO_CONNECTION as error:
            cancelled.check()
            raise ModelUnreachable(
                f"{self.url} cannot be reached ({error}); see whether the server runs there, or set RAG_MODEL"
            ) from error
        except httpx.TimeoutException as error:
            cancelled.check()
            raise ModelUnreachable(
                f"{self.url} has sent nothing for {seconds:.0f} s; see whether it is overloaded; RAG_MODEL_SECONDS is "
                "how long it may take to answer"
            ) from error
        except httpx.HTTPError as error:
            cancelled.check()
            # Not the error's own words: they may quote what was received.
            raise ModelUnreachable(
                f"{self.url} broke off ({type(error).__name__}); see its log, then ask again"
            ) from error

    def _send(self, request: httpx.Request, abort: _ConnectionAbort, cancelled: Cancellation) -> httpx.Response:
        for wait in _RETRY_WAITS:
            cancelled.check()
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return self._client.send(request, stream=True)
            abort.pause(wait)
        cancelled.check()
        return self._client.send(request, stream=True)

    def close(self) -> None:
        """Frees what it holds."""
        self._client.close()


class ServerResponse:
    """The response of a server."""

    def __init__(self, response: httpx.Response, url: str) -> None:
        self._response = response
        self._url = url

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status_code

    def lines(self) -> Iterator[bytes]:
        """The lines as they arrive; ModelUnusable for one above the size limit.

        Split at line feeds and nothing else: JSON may hold the other characters that end a line in Unicode.
        """
        rest = b""
        for part in self._response.iter_raw():
            *lines, rest = (rest + part).split(b"\n")
            yield from lines
            if len(rest) > _MOST_BYTES:
                raise self.misunderstood()
        if rest:
            yield rest

    def whole(self) -> bytes:
        """The whole body; ModelUnusable above the size limit."""
        data = b""
        for part in self._response.iter_raw():
            data += part
            if len(data) > _MOST_BYTES:
                raise self.misunderstood()
        return data

    def misunderstood(self) -> ModelUnusable:
        """The error for a response that does not follow the protocol."""
        return ModelUnusable(
            f"{self._url} does not answer as an OpenAI-compatible server does; RAG_MODEL is the address where its API "
            "begins, as a rule one that ends in /v1"
        )

    def refusal(self) -> PageproofError:
        """The error for a status other than 200. The server's own text is left out: it may quote the prompt."""
        status = self.status
        about = f"{status} {self._response.reason_phrase}".strip()
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return ModelUnusable(f"{self._url} refuses the key ({about}); set RAG_MODEL_KEY to one that it takes")
        if status == HTTPStatus.NOT_FOUND:
            return ModelUnusable(
                f"{self._url} does not know what it is asked for ({about}); RAG_MODEL is the address where its API "
                "begins, as a rule one that ends in /v1, and RAG_MODEL_ID a model that it lists"
            )
        if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ModelUnreachable(
                f"{self._url} cannot answer now ({about}); see its log, or ask again later", self._retry_after()
            )
        if status < HTTPStatus.INTERNAL_SERVER_ERROR and b"context" in self.whole().lower():
            return PromptTooLong(
                f"{self._url} says that the question with its passages does not fit its context; ask shorter, or give "
                "the server a larger context"
            )
        return ModelUnusable(f"{self._url} refuses what it is asked ({about}); its own log says why")

    def _retry_after(self) -> int:
        header = self._response.headers.get("Retry-After", "")
        if header.isascii() and header.isdigit():
            return min(max(int(header), 1), _LONGEST_RETRY_AFTER)
        return ModelUnreachable.RETRY_AFTER_SECONDS


class _ConnectionAbort:
    """Cuts the connection of one request from another thread.

    Closing a socket does not wake the thread that reads from it; shutting it down does.
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._cut = Event()

    def trace(self, event: str, details: Mapping[str, Any]) -> None:
        """Trace callback of httpx: takes the socket as soon as there is one."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = details["return_value"].get_extra_info("socket")
            if self._cut.is_set():
                self._shut_down()

    def cut(self) -> None:
        """Cuts the connection, or the one that is about to be made."""
        self._cut.set()
        self._shut_down()

    def pause(self, seconds: float) -> None:
        """Sleeps until the time is over or the connection is cut."""
        self._cut.wait(seconds)

    def _shut_down(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                # Not SSLSocket.shutdown, which drops the SSL object that the other thread reads with.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
