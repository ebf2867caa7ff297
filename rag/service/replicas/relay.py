"""Retrying relay: an ASGI application that has replicas respond, and asks another one where a replica is lost.

A response is passed on as it comes. Where its replica is lost before any of it was sent, the request is made again: a
question changes nothing, so it may be asked twice. What is sent in one piece is held until it is whole; of a stream
that has begun (Server-Sent Events) the client sees the end, and asks again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from rag.errors import Cancelled
from rag.service.middleware import RequestBody
from rag.service.problems import error_response, problem_fields
from rag.service.replicas.asgi_request import AsgiRequest

_log = logging.getLogger(__name__)

# Times that a request is made, and the wait before it is made again, which doubles: 6 s in all. Serve knows within
# a second that a replica is dead; where it was the only one, the next has to load its models, and that takes longer.
_TRIES: Final = 7
_FIRST_WAIT_SECONDS: Final = 0.1
_RETRY_AFTER_SECONDS: Final = 5
_LOST: Final = "the replica of the service that was to answer is lost, and so were others; try again in {} s"
_FULL: Final = "all replicas of the service are at work, and many requests wait; try again in {} s"

AskReplica = Callable[[AsgiRequest], AsyncGenerator[Message, None]]


class ReplicaLost(Exception):
    """The replica has ended, or cannot be reached any more, before its response was whole."""


class ReplicasFull(Exception):
    """As many requests wait for the replicas as may wait."""


class RetryingRelay:
    """ASGI application without a lifespan of its own. Uploads do not pass: bodies have the limits of a question's."""

    def __init__(self, ask: AskReplica, tries: int = _TRIES, first_wait: float = _FIRST_WAIT_SECONDS) -> None:
        """Passes nothing on yet.

        Args:
            ask: has one replica respond; raises ReplicaLost or ReplicasFull.
            tries: times that a request is made at most.
            first_wait: seconds before it is made again for the first time.
        """
        self._ask = ask
        self._tries = tries
        self._first_wait = first_wait

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI defines."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        body = RequestBody(receive)
        try:
            request = await AsgiRequest.read(scope, body)
        except HTTPException as refused:
            await _refuse(scope, refused.status_code, refused.detail, {"Connection": "close"}, send)
            return
        except Cancelled:
            return
        relaying = asyncio.ensure_future(self._relay(request, send))
        leaving = asyncio.ensure_future(_left(body))
        try:
            await asyncio.wait({relaying, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if relaying.done():
                relaying.result()
        finally:
            relaying.cancel()
            leaving.cancel()
            await asyncio.gather(relaying, leaving, return_exceptions=True)

    async def _relay(self, request: AsgiRequest, send: Send) -> None:
        for attempt in range(self._tries):
            response = _HeldResponse(send)
            try:
                async with aclosing(self._ask(request)) as messages:
                    async for message in messages:
                        await response.take(message)
                return
            except ReplicaLost as lost:
                if response.has_begun:
                    raise
                _log.warning("a replica was lost at %s %s: %s", request.method, request.path, lost)
                await asyncio.sleep(self._first_wait * 2**attempt)
            except ReplicasFull:
                await _refuse_for_now(request, _FULL, send)
                return
        await _refuse_for_now(request, _LOST, send)


class _HeldResponse:
    """A response that is held until it is whole, or shows to be a stream."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: list[Message] = []
        self.has_begun = False

    async def take(self, message: Message) -> None:
        self._held.append(message)
        if message["type"] == "http.response.start":
            return
        while self._held:
            self.has_begun = True
            await self._send(self._held.pop(0))


async def _refuse_for_now(request: AsgiRequest, detail: str, send: Send) -> None:
    seconds = _RETRY_AFTER_SECONDS
    headers = {"Retry-After": str(seconds)}
    await _refuse(request.scope(), 503, detail.format(seconds), headers, send, retry_after_seconds=seconds)


async def _refuse(
    scope: Scope, status: int, detail: str, headers: Mapping[str, str], send: Send, **members: object
) -> None:
    """Sends a problem document, in the place of a response by a replica."""
    fields = problem_fields(status, detail, "", **members)
    del fields["request_id"]  # it reached no log

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    await error_response(scope["path"], fields, headers)(scope, nothing, send)


async def _left(receive: Receive) -> None:
    """Returns when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _lifespan(receive: Receive, send: Send) -> None:
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
