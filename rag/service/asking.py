"""``POST /ask``: in turn, beside the event loop, plain or as a stream, stopped when nobody waits."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from time import perf_counter
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send

from rag.answering import Answerer
from rag.domain import Answer, AnswerEvent, AnswerReady, PassagesFound, Question, TokenGenerated
from rag.errors import PageproofError
from rag.index import Generation
from rag.service.admission import Admission, Ticket
from rag.service.metrics import Metrics
from rag.service.problems import error_fields, problem_fields
from rag.service.schemas import AnswerBody, AskBody, PassageBody
from rag.service.work import events, unless_gone

_log = logging.getLogger(__name__)


class Asking:
    """Answers questions for one application."""

    def __init__(self, answerer: Answerer, admission: Admission, metrics: Metrics) -> None:
        self._answerer = answerer
        self._admission = admission
        self._metrics = metrics

    async def check(self, question: Question) -> Generation:
        """Finds out what can be found out before a place in line is taken.

        Returns:
            The generation that answers, whatever is published while the question waits.

        Raises:
            IndexFault: there is no index, or it cannot be served.
            DocumentUnknown: the question names a document that is not in the index.
        """
        generation = await run_in_threadpool(self._answerer.generation)
        generation.rows_named(question.documents)
        return generation

    def enter(self) -> Ticket:
        """A place in line, or ServiceBusy."""
        return self._admission.enter()

    async def answer(self, ticket: Ticket, question: Question, generation: Generation) -> Answer:
        """The whole answer, when its turn has come."""
        async with aclosing(self.stream(ticket, question, generation)) as stream:
            async for event in stream:
                if isinstance(event, AnswerReady):
                    return event.answer
        raise AssertionError("the stream of an answer ends with the answer")

    async def stream(
        self, ticket: Ticket, question: Question, generation: Generation
    ) -> AsyncGenerator[AnswerEvent | int, None]:
        """Positions in line, then the events of the answer. The caller leaves the line."""
        start = perf_counter()
        finished = False
        try:
            async for position in ticket.positions():
                yield position
            queued = perf_counter() - start
            async with aclosing(events(self._answerer, question, generation)) as answering:
                async for event in answering:
                    if isinstance(event, AnswerReady):
                        event = AnswerReady(_queued(event.answer, queued))
                        self._metrics.count_answer(event.answer)
                        finished = True
                    yield event
        finally:
            if not finished:
                self._metrics.unfinished.inc()


def _queued(answer: Answer, seconds: float) -> Answer:
    queue = round(seconds * 1000, 1)
    total = round(answer.timings_ms.get("total", 0.0) + queue, 1)
    return replace(answer, timings_ms={**answer.timings_ms, "queue": queue, "total": total})


def router(asking: Asking) -> APIRouter:
    """The route of questions."""
    routes = APIRouter()

    @routes.post("/ask", response_model=AnswerBody)
    async def ask(body: AskBody, request: Request) -> Response | AnswerBody:
        """Answer a question from the documents, each sentence with the quotes that prove it.

        With ``"stream": true`` the answer comes as Server-Sent Events: ``status``, ``passages``, ``token``, ``answer``,
        or ``error``.
        """
        question = body.to_domain()
        generation = await asking.check(question)
        ticket = asking.enter()
        if body.stream:
            stream = _server_sent(asking.stream(ticket, question, generation), request.state.request_id)
            return _StreamInLine(ticket, stream)
        with ticket:
            return AnswerBody.of(await unless_gone(request, asking.answer(ticket, question, generation)))

    return routes


class _StreamInLine(StreamingResponse):
    """Leaves the line when the response has ended, also where the client went before the first byte."""

    def __init__(self, ticket: Ticket, stream: AsyncGenerator[bytes, None]) -> None:
        super().__init__(stream, media_type="text/event-stream")
        self._ticket = ticket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._ticket:
            await super().__call__(scope, receive, send)


async def _server_sent(stream: AsyncGenerator[AnswerEvent | int, None], request_id: str) -> AsyncGenerator[bytes, None]:
    """Events as bytes. The status is sent by now, so an error is an event too."""
    try:
        yield _event("status", {"state": "accepted", "request_id": request_id})
        async for event in stream:
            yield _encode(event)
    except PageproofError as error:
        yield _event("error", error_fields(error, request_id))
    except Exception:  # noqa: BLE001 - the boundary: nobody behind it could tell the client
        _log.exception("request %s failed while streaming", request_id)
        yield _event("error", problem_fields(500, None, request_id))
    finally:
        await stream.aclose()


def _encode(event: AnswerEvent | int) -> bytes:
    if isinstance(event, int):
        return _event("status", {"state": "waiting", "position": event})
    if isinstance(event, PassagesFound):
        return _event("passages", {"passages": [PassageBody.of(hit).model_dump() for hit in event.hits]})
    if isinstance(event, TokenGenerated):
        return _event("token", {"text": event.text})
    return _event("answer", AnswerBody.of(event.answer).model_dump())


def _event(name: str, data: dict[str, Any]) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False))
