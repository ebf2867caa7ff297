"""``POST /ask``: in turn, beside the event loop, plain or as a stream, stopped when nobody waits."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import asdict, replace
from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send

from rag.answering.answerer import Answerer
from rag.domain.values import Answer, AnswerReady, PassagesFound, Question, TokenGenerated
from rag.errors import Cancelled, DeadlinePassed, ServiceBusy
from rag.index.generation import Generation
from rag.service.admission.admission import Admission, Ticket, Waiting
from rag.service.answer_task import AnswerTask, Quiet, unless_gone
from rag.service.auth import Keys
from rag.service.metrics import Metrics
from rag.service.schemas import AnswerBody, AskBody, PassageBody
from rag.service.sse import Event, EventStream

_TICKET: Final = "ticket"
# English text has about four characters for each token.
_CHARACTERS_PER_TOKEN: Final = 4


class QuestionService:
    """Answers questions for one application."""

    def __init__(self, answerer: Answerer, admission: Admission, threads: Executor, metrics: Metrics) -> None:
        """Made once.

        Args:
            answerer: gives the answers.
            admission: gives the places.
            threads: for answers only, as many as may be at work: whatever waits in one hinders nothing else.
            metrics: count what becomes of the questions.
        """
        self._answerer = answerer
        self._admission = admission
        self._threads = threads
        self._metrics = metrics

    def enter(self, client: str) -> Ticket:
        """A place, or ServiceBusy."""
        try:
            return self._admission.enter(client)
        except ServiceBusy as busy:
            self._metrics.turned_away.labels(busy.reason).inc()
            raise

    async def check(self, question: Question) -> Generation:
        """Finds out what can be found out before the request is put into the line.

        Returns:
            The generation that answers, whatever is published while the question waits.

        Raises:
            IndexFault: there is no index, or it cannot be served.
            DocumentUnknown: the question names a document that is not in the index.
        """
        generation = await run_in_threadpool(self._answerer.generation)
        generation.rows_named(question.documents)
        return generation

    async def answer(self, ticket: Ticket, question: Question, generation: Generation) -> Answer:
        """The whole answer, when its turn has come."""
        async with aclosing(self.stream(ticket, question, generation)) as stream:
            async for event in stream:
                if isinstance(event, AnswerReady):
                    return event.answer
        raise AssertionError("the stream of an answer ends with the answer")

    async def stream(self, ticket: Ticket, question: Question, generation: Generation) -> AsyncGenerator[Event, None]:
        """Places in line, then the events of the answer."""
        start = perf_counter()
        finished = False
        try:
            async with aclosing(ticket.turn(tokens_of(question, self._answerer))) as places:
                async for place in places:
                    yield place
            queued = perf_counter() - start
            work = AnswerTask(self._answerer, question, generation, ticket)
            async with aclosing(work.events(self._threads)) as answering:
                async for event in answering:
                    if isinstance(event, AnswerReady):
                        event = AnswerReady(_queued(event.answer, queued))
                        self._metrics.count_answer(event.answer)
                        finished = True
                    yield event
        except ServiceBusy as busy:
            self._count(busy, ticket)
            raise
        except Cancelled:
            if ticket.refusal is None:
                raise
            self._count(ticket.refusal, ticket)
            raise ticket.refusal from None
        finally:
            if not finished:
                self._metrics.unfinished.inc()

    def _count(self, busy: ServiceBusy, ticket: Ticket) -> None:
        if isinstance(busy, DeadlinePassed):
            self._metrics.late.labels("working" if ticket.started else "waiting").inc()
        else:
            self._metrics.turned_away.labels(busy.reason).inc()


def tokens_of(question: Question, answerer: Answerer) -> int:
    """About how many tokens a question takes at most: the evidence, its words, and the longest answer."""
    words = [question.text, *(f"{turn.question} {turn.answer}" for turn in question.history)]
    read = answerer.evidence_tokens + sum(map(len, words)) // _CHARACTERS_PER_TOKEN
    return min(read + (question.max_tokens or answerer.max_tokens), answerer.model.context_tokens)


def _queued(answer: Answer, seconds: float) -> Answer:
    queue = round(seconds * 1000, 1)
    total = round(answer.timings_ms.get("total", 0.0) + queue, 1)
    return replace(answer, timings_ms={**answer.timings_ms, "queue": queue, "total": total})


def admitted(asking: QuestionService, keys: Keys) -> type[APIRoute]:
    """A class of routes that answer questions, for who has one of the keys; ``request.state.ticket`` is the place."""

    class Admitted(APIRoute):
        """Has a place from before its body is read until its response has ended, if not given up before."""

        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            with asking.enter(keys.client(scope)) as ticket:
                scope["state"][_TICKET] = ticket
                await super().handle(scope, receive, send)

    return Admitted


def router(asking: QuestionService, keys: Keys) -> APIRouter:
    """The route of questions, for who has one of the keys."""
    routes = APIRouter(route_class=admitted(asking, keys))

    @routes.post("/ask", response_model=AnswerBody)
    async def ask(body: AskBody, request: Request) -> Response | AnswerBody:
        """Answer a question from the documents, each sentence with the quotes that prove it.

        With ``"stream": true`` the answer comes as Server-Sent Events: ``status``, ``passages``, ``token``, ``answer``,
        or ``error``.
        """
        ticket: Ticket = request.state.ticket
        question = body.to_domain()
        generation = await asking.check(question)
        if body.stream:
            return EventStream(asking.stream(ticket, question, generation), _Named(), request.state.request_id)
        return AnswerBody.of(await unless_gone(request, asking.answer(ticket, question, generation)))

    return routes


class _Named:
    """Events with names, as docs/api.md lists them."""

    def accepted(self, request_id: str) -> bytes:
        return _named("status", {"state": "accepted", "request_id": request_id})

    def event(self, event: Event) -> bytes:
        if isinstance(event, Waiting):
            return _named("status", {"state": "waiting", **asdict(event)})
        if isinstance(event, Quiet):
            return b":\n\n"  # a comment, which the standard has for this
        if isinstance(event, PassagesFound):
            return _named("passages", {"passages": [PassageBody.of(hit).model_dump() for hit in event.hits]})
        if isinstance(event, TokenGenerated):
            return _named("token", {"text": event.text})
        return _named("answer", AnswerBody.of(event.answer).model_dump())

    def error(self, fields: Mapping[str, Any]) -> bytes:
        return _named("error", fields)


def _named(name: str, data: Mapping[str, Any]) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False))
