"""Answering beside the event loop: the flow runs in a thread, its events come back one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, TypeVar

from anyio import CancelScope
from fastapi import Request

from rag.answering import Answerer
from rag.cancellation import Cancellation
from rag.domain import AnswerEvent, Question
from rag.errors import Cancelled
from rag.index import Generation

T = TypeVar("T")


class _End:
    """The flow has ended; ``error`` says how, where it failed."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


async def events(answerer: Answerer, question: Question, generation: Generation) -> AsyncGenerator[AnswerEvent, None]:
    """The events of an answer. When the iteration ends early, the work is stopped before this returns."""
    loop = asyncio.get_running_loop()
    inbox: asyncio.Queue[AnswerEvent | _End] = asyncio.Queue()
    cancellation = Cancellation()

    def work() -> None:
        error: BaseException | None = None
        try:
            for event in answerer.stream(question, cancellation, generation):
                loop.call_soon_threadsafe(inbox.put_nowait, event)
        except BaseException as raised:  # noqa: BLE001 - it is raised again on the other side
            error = raised
        loop.call_soon_threadsafe(inbox.put_nowait, _End(error))

    thread = loop.run_in_executor(None, work)
    try:
        while not isinstance(item := await inbox.get(), _End):
            yield item
        if item.error:
            raise item.error
    finally:
        cancellation.cancel()
        # The model is free again only when the thread has left it. Shielded: being cancelled must not hide that.
        with CancelScope(shield=True):
            await asyncio.wait([thread])


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
