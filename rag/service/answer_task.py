"""Answer task: runs the answering pipeline in a worker thread and streams its events to the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from fastapi import Request

from rag.answering.answerer import Answerer
from rag.domain.values import AnswerEvent, Question
from rag.errors import Cancelled
from rag.index.generation import Generation
from rag.runtime.background import BackgroundQueue
from rag.runtime.thread_stream import AsyncThreadStream
from rag.service.admission.admission import Ticket

T = TypeVar("T")

# Seconds without an event until a stream sends a keep-alive: proxies cut connections that are silent for a minute.
KEEP_ALIVE_SECONDS: Final = 10.0


class KeepAlive:
    """Event of a stream that nothing else has happened on: the work goes on."""


@dataclass(frozen=True)
class AnswerTask:
    """One answer for the holder of an admission ticket whose turn has come."""

    answerer: Answerer
    question: Question
    generation: Generation
    ticket: Ticket
    background: BackgroundQueue

    async def events(self, threads: Executor) -> AsyncGenerator[AnswerEvent | KeepAlive, None]:
        """Streams the events of the answer.

        The work is cancelled if the iteration ends early, or the ticket is cancelled. The caller does not wait for the
        thread to stop: the ticket's place belongs to the thread, and is free once the thread has ended.

        Raises:
            Cancelled: the ticket was cancelled.
        """
        cancellation = self.ticket.cancellation
        stream = AsyncThreadStream[AnswerEvent | KeepAlive](
            cancellation.cancel, idle=KeepAlive(), idle_seconds=KEEP_ALIVE_SECONDS
        )
        thread = asyncio.get_running_loop().run_in_executor(
            threads,
            copy_context().run,  # for the log: which request the thread works for
            stream.run,
            self._work,
        )
        self.ticket.hand_over(thread)
        with stream, cancellation.calling(lambda: stream.end(Cancelled("the answer is no longer wanted"))):
            async for event in stream:
                yield event

    def _work(self) -> Iterator[AnswerEvent]:
        """The answer, in its thread; background jobs make way from its first step to its last."""
        with self.background.question():
            yield from self.answerer.stream(self.question, self.ticket.cancellation, self.generation)


async def cancel_on_disconnect(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Runs ``work`` and returns its result; when the client disconnects, it is cancelled and waited for.

    Raises:
        Cancelled: the client disconnected.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Cancelled("the client disconnected")
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
