"""OpenAI-compatible routes: ``/v1/chat/completions`` and ``/v1/models``. See docs/api.md.

Only verified text is sent: a stream has each sentence as soon as it is verified, and comments until then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.sse import format_sse_event

from rag.answering.answerer import Answerer
from rag.domain.values import Answer, AnswerReady, SentenceVerified
from rag.service.admission.admission import Ticket, Waiting
from rag.service.answer_task import cancel_on_disconnect
from rag.service.api_docs.schema import events
from rag.service.auth import Keys, guarded
from rag.service.collections.choosing import links_in
from rag.service.openai.errors import OPENAI_PATHS, openai_error
from rag.service.openai.markdown import ChatText
from rag.service.openai.schemas import (
    MODEL,
    ChatBody,
    CompletionBody,
    ModelBody,
    ModelsBody,
    TokensBody,
    completion_id,
    finish_reason,
)
from rag.service.page_links import PageLinks
from rag.service.routes.ask import QuestionService, admitted
from rag.service.schemas.ask import AnswerBody
from rag.service.sse import Event, EventStream

_COMMENT = b":\n\n"


def router(questions: QuestionService, answerer: Answerer, keys: Keys) -> APIRouter:
    """The OpenAI-compatible routes, guarded by the keys."""
    routes = APIRouter()
    routes.include_router(_chats(questions, answerer, keys))
    routes.include_router(_models(keys))
    return routes


def _chats(questions: QuestionService, answerer: Answerer, keys: Keys) -> APIRouter:
    routes = APIRouter(prefix=f"{OPENAI_PATHS}chat", route_class=admitted(questions, keys))

    @routes.post("/completions", response_model=CompletionBody, responses=events())
    async def complete(body: ChatBody, request: Request) -> Response | CompletionBody:
        """Answer the last message of a chat from the documents: text with footnotes, and the field ``pageproof``."""
        ticket: Ticket = request.state.ticket
        # A token has at least one character, so the history takes half of the context at most.
        room = answerer.model.context_tokens // 2
        question = body.to_domain(max_tokens=answerer.max_tokens, history_characters=room)
        asked = await questions.check(question, body.collections or (body.collection,), request)
        links = links_in(request, asked.collection, asked.generation)
        if body.stream:
            events = questions.stream(ticket, asked)
            chunks = _ChatChunks(asked.generation.id, links, wants_usage=body.wants_usage)
            return EventStream(events, chunks, request.state.request_id)
        answer = await cancel_on_disconnect(request, questions.answer(ticket, asked))
        return CompletionBody.of(answer, int(time()), links)

    return routes


def _models(keys: Keys) -> APIRouter:
    routes = APIRouter(prefix=f"{OPENAI_PATHS}models", route_class=guarded(keys, "ask"))
    known = ModelBody(created=int(time()))

    @routes.get("", response_model=ModelsBody)
    async def models() -> ModelsBody:
        """List the models: there is one."""
        return ModelsBody(data=(known,))

    @routes.get("/{model_id:path}", response_model=ModelBody)
    async def model(model_id: str) -> ModelBody:
        """Retrieve a model by its id."""
        if model_id != MODEL:
            raise HTTPException(404, f"there is no model {model_id}; the only one is {MODEL}")
        return known

    return routes


@dataclass
class _ChatChunks:
    """Event format of OpenAI: chunks of text, the last with the field ``pageproof``, then ``[DONE]``.

    The first chunk with text comes with the first verified sentence.

    Attributes:
        index: the generation that answers.
        links: of the collection that answers.
    """

    index: str
    links: PageLinks
    wants_usage: bool
    _id: str = field(default="", init=False)
    _created: int = field(default=0, init=False)
    _has_begun: bool = field(default=False, init=False)
    _text: ChatText = field(default_factory=ChatText, init=False)

    def accepted(self, request_id: str) -> bytes:
        self._id, self._created = completion_id(request_id), int(time())
        return _COMMENT

    def event(self, event: Event) -> bytes:
        if isinstance(event, SentenceVerified):
            piece = self._text.sentence(event.sentence)
            return self._said(piece) if piece else _COMMENT
        if isinstance(event, AnswerReady):
            return b"".join([*map(self._said, self._text.rest(event.answer)), *self._end(event.answer), _DONE])
        if isinstance(event, Waiting):
            place = f"waiting, position {event.position}, about {event.estimate_seconds} s"
            return format_sse_event(comment=place)
        return _COMMENT

    def error(self, fields: Mapping[str, Any]) -> bytes:
        _, body = openai_error(fields)
        return _data(body) + _DONE

    def _said(self, piece: str) -> bytes:
        begin = b"" if self._has_begun else self._choice({"role": "assistant", "content": ""})
        self._has_begun = True
        return begin + self._choice({"content": piece})

    def _end(self, answer: Answer) -> Iterator[bytes]:
        yield self._choice({}, finish_reason(answer), pageproof=AnswerBody.of(answer, self.links).model_dump())
        if self.wants_usage:
            yield self._chunk(choices=[], usage=TokensBody.of(answer.usage).model_dump())

    def _choice(
        self, delta: Mapping[str, str], reason: Literal["stop", "length"] | None = None, **more: object
    ) -> bytes:
        only = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._chunk(**({"usage": None} if self.wants_usage else {}), choices=[only], **more)

    def _chunk(self, **fields: object) -> bytes:
        chunk = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": MODEL,
            "system_fingerprint": self.index,
        }
        return _data({**chunk, **fields})


def _data(fields: Mapping[str, Any]) -> bytes:
    return format_sse_event(data_str=json.dumps(fields, ensure_ascii=False))


_DONE = format_sse_event(data_str="[DONE]")
