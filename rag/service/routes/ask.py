"""``POST /ask``: admission, answering in a worker thread, and the answer as JSON or as Server-Sent Events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send

from rag.answering.answerer import Answerer
from rag.domain.values import Answer, AnswerReady, PassagesFound, Question, SentenceVerified
from rag.errors import Cancelled, DeadlinePassed, ServiceBusy
from rag.index.generation import Generation
from rag.runtime.background import BackgroundQueue
from rag.service.admission.admission import Admission, Ticket, Waiting
from rag.service.answer_task import AnswerTask, KeepAlive, cancel_on_disconnect
from rag.service.api_docs.schema import events, problem_responses
from rag.service.auth import Keys
from rag.service.collections.choosing import links_in, opened_by
from rag.service.collections.served import ServedCollection, ServedCollections
from rag.service.metrics import Metrics
from rag.service.middleware import RequestBody
from rag.service.page_links import PageLinks
from rag.service.schemas.ask import AnswerBody, AskBody, PassageBody, VerifiedBody
from rag.service.sse import Event, EventStream
from rag.service.tracing import AnswerTraces

_TICKET: Final = "ticket"
# English text has about four characters for each token.
_CHARACTERS_PER_TOKEN: Final = 4


@dataclass(frozen=True)
class AskedQuestion:
    """A question that is valid, and what answers it.

    Attributes:
        generation: answers the question, even if a newer one is published while it waits.
        collection: that the generation is of.
    """

    question: Question
    generation: Generation
    collection: ServedCollection


class QuestionService:
    """Answers questions for one application."""

    def __init__(
        self,
        served: ServedCollections,
        admission: Admission,
        threads: Executor,
        metrics: Metrics,
        traces: AnswerTraces | None = None,
        background: BackgroundQueue | None = None,
    ) -> None:
        """The parts that it connects.

        Args:
            served: the collections, whose answerers compute the answers.
            admission: admits and queues the requests.
            threads: for answers only, one for each that may be at work, so that they block no other work.
            metrics: counts the outcomes.
            traces: records the times of each answer; None records none.
            background: makes way for each answer; None where there is no other work.
        """
        self._served = served
        self._admission = admission
        self._threads = threads
        self._metrics = metrics
        self._traces = traces
        self._background = background or BackgroundQueue()

    @property
    def context_tokens(self) -> int:
        """Context window of the language model."""
        return self._served.default.answerer.model.context_tokens

    async def enter(self, client: str, body: RequestBody) -> Ticket:
        """Admits a request of a client once its body is whole.

        Raises:
            ServiceBusy: there is no place; where that is so before the body has come, at once.
            HTTPException: 408 or 413, see :class:`RequestBody`.
            Cancelled: the client disconnected.
        """
        try:
            self._admission.check(client)
            await body.read()
            return self._admission.enter(client)
        except ServiceBusy as busy:
            self._metrics.turned_away.labels(busy.reason).inc()
            raise

    async def check(self, question: Question, names: Sequence[str | None], request: Request) -> AskedQuestion:
        """Validates a question before it is queued.

        Args:
            question: that is asked.
            names: of the collections that it is asked of; None for one that is not named.
            request: of the client.

        Raises:
            CollectionUnknown: there is no such collection, or the client may not open it.
            IndexFault: there is no index, or it cannot be loaded.
            DocumentUnknown: the question names a document that is not in the index.
        """
        opens = opened_by(request)

        def opened() -> AskedQuestion:
            collection = self._served.find_all(names, opens)
            return AskedQuestion(question, collection.answerer.generation(), collection)

        asked = await run_in_threadpool(opened)
        asked.generation.rows_named(question.documents)
        return asked

    async def answer(self, ticket: Ticket, asked: AskedQuestion) -> Answer:
        """Waits for the turn of a question, and returns the complete answer."""
        async with aclosing(self.stream(ticket, asked)) as stream:
            async for event in stream:
                if isinstance(event, AnswerReady):
                    return event.answer
        raise AssertionError("the stream of an answer ends with the answer")

    async def stream(self, ticket: Ticket, asked: AskedQuestion) -> AsyncGenerator[Event, None]:
        """Positions in the queue, then the events of the answer."""
        question, answerer = asked.question, asked.collection.answerer
        start = perf_counter()
        finished = False
        try:
            async with aclosing(ticket.turn(tokens_of(question, answerer))) as places:
                async for place in places:
                    yield place
            queued = perf_counter() - start
            task = AnswerTask(answerer, question, asked.generation, ticket, self._background)
            async with aclosing(task.events(self._threads)) as events:
                async for event in events:
                    if isinstance(event, AnswerReady):
                        event = AnswerReady(_queued(event.answer, queued))
                        self._metrics.count_answer(event.answer)
                        if self._traces:
                            self._traces.record(event.answer)
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
    """Estimated cost of a question in tokens: evidence, question and history, and the longest answer."""
    words = [question.text, *(f"{turn.question} {turn.answer}" for turn in question.history)]
    read = answerer.evidence_tokens + sum(map(len, words)) // _CHARACTERS_PER_TOKEN
    return min(read + (question.max_tokens or answerer.max_tokens), answerer.model.context_tokens)


def _queued(answer: Answer, seconds: float) -> Answer:
    queue = round(seconds * 1000, 1)
    total = round(answer.timings_ms.get("total", 0.0) + queue, 1)
    return replace(answer, timings_ms={**answer.timings_ms, "queue": queue, "total": total})


def admitted(questions: QuestionService, keys: Keys) -> type[APIRoute]:
    """Route class of questions: checks the key, reads the body, admits the request; its ticket is ``state.ticket``."""

    class Admitted(APIRoute):
        """Holds a ticket from the end of the body until the response has ended, if it is not handed over."""

        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            with await questions.enter(keys.admit(scope, "ask"), scope["state"]["body"]) as ticket:
                scope["state"][_TICKET] = ticket
                await super().handle(scope, receive, send)

    return Admitted


def router(questions: QuestionService, keys: Keys) -> APIRouter:
    """The route ``POST /ask``, guarded by the keys."""
    routes = APIRouter(route_class=admitted(questions, keys))

    @routes.post(
        "/ask",
        response_model=AnswerBody,
        responses={**events("status", "passages", "sentence", "answer", "error"), **problem_responses(404)},
    )
    async def ask(body: AskBody, request: Request) -> Response | AnswerBody:
        """Answer a question from the documents, each sentence with the quotes that support it.

        With ``"stream": true`` the answer comes as Server-Sent Events: ``status``, ``passages``, ``sentence`` for each
        verified sentence, ``answer``, or ``error``.
        """
        ticket: Ticket = request.state.ticket
        question = body.to_domain(context_tokens=questions.context_tokens)
        asked = await questions.check(question, body.collections or (body.collection,), request)
        links = links_in(request, asked.collection, asked.generation)
        if body.stream:
            return EventStream(questions.stream(ticket, asked), _AskEvents(links), request.state.request_id)
        answer = await cancel_on_disconnect(request, questions.answer(ticket, asked))
        return AnswerBody.of(answer, links)

    return routes


class _AskEvents:
    """Event format of ``/ask``: named events, as docs/api.md lists them; ``links`` are those of citations."""

    def __init__(self, links: PageLinks) -> None:
        self._links = links

    def accepted(self, request_id: str) -> bytes:
        return _event("status", {"state": "accepted", "request_id": request_id})

    def event(self, event: Event) -> bytes:
        if isinstance(event, Waiting):
            return _event("status", {"state": "waiting", **asdict(event)})
        if isinstance(event, KeepAlive):
            return b":\n\n"  # a comment; the SSE standard proposes it as a keep-alive
        if isinstance(event, PassagesFound):
            return _event(
                "passages", {"passages": [PassageBody.of(hit, self._links).model_dump() for hit in event.hits]}
            )
        if isinstance(event, SentenceVerified):
            return _event("sentence", VerifiedBody.of(event, self._links).model_dump())
        return _event("answer", AnswerBody.of(event.answer, self._links).model_dump())

    def error(self, fields: Mapping[str, Any]) -> bytes:
        return _event("error", fields)


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False))
