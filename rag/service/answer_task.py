"""Answering beside the event loop: the flow runs in a thread, its events come back one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from fastapi import Request

from rag.answering.answerer import Answerer
from rag.domain.values import AnswerEvent, Question
from rag.errors import Cancelled
from rag.index.generation import Generation
from rag.service.admission.admission import Ticket

T = TypeVar("T")

# Nothing has happened for so long: a stream then says that it is still there. Proxies cut what is silent for a minute.
QUIET_SECONDS: Final = 10.0


class Quiet:
    """The work goes on, but there is nothing to tell."""


@dataclass(frozen=True)
class _TaskEnd:
    """The flow has ended; ``error`` says how, where it failed."""

    error: BaseException | None


@dataclass(frozen=True)
class AnswerTask:
    """One answer that is to be given to who has the ticket, whose turn it is."""

    answerer: Answerer
    question: Question
    generation: Generation
    ticket: Ticket

    async def events(self, threads: Executor) -> AsyncGenerator[AnswerEvent | Quiet, None]:
        """The events of the answer. The work is stopped when the iteration ends early, or the ticket is cancelled.

        Nobody waits until it has stopped: the place is the thread's, and is free once the thread has left.

        Raises:
            Cancelled: the ticket was.
        """
        loop = asyncio.get_running_loop()
        inbox: asyncio.Queue[AnswerEvent | _TaskEnd] = asyncio.Queue()

        def tell(item: AnswerEvent | _TaskEnd) -> None:
            loop.call_soon_threadsafe(inbox.put_nowait, item)

        thread = loop.run_in_executor(threads, self._run, tell)
        self.ticket.hand_over(thread)
        try:
            with self.ticket.cancellation.calling(lambda: tell(_TaskEnd(Cancelled("the answer is no longer wanted")))):
                while not isinstance(item := await _next(inbox), _TaskEnd):
                    yield item
            if item.error:
                raise item.error
        finally:
            self.ticket.cancellation.cancel()

    def _run(self, tell: Callable[[AnswerEvent | _TaskEnd], None]) -> bool:
        """In the thread; returns whether the answer was finished."""
        error: BaseException | None = None
        try:
            for event in self.answerer.stream(self.question, self.ticket.cancellation, self.generation):
                tell(event)
        except BaseException as raised:  # noqa: BLE001 - it is raised again on the other side
            error = raised
        tell(_TaskEnd(error))
        return error is None


async def _next(inbox: asyncio.Queue[AnswerEvent | _TaskEnd]) -> AnswerEvent | _TaskEnd | Quiet:
    try:
        async with asyncio.timeout(QUIET_SECONDS):
            return await inbox.get()
    except TimeoutError:
        return Quiet()


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` returns; it is cancelled, and waited for, when the client goes away.

    Raises:
        Cancelled: the client went away.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Cancelled("the caller went away")
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
