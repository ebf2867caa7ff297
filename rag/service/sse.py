"""Answers as Server-Sent Events, in the terms of one protocol or another, closed however the response ends."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol, TypeAlias

from anyio import CancelScope
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from rag.domain.values import AnswerEvent
from rag.errors import PageproofError
from rag.service.admission.admission import Waiting
from rag.service.answer_task import Quiet
from rag.service.problems import error_fields, problem_fields

_log = logging.getLogger(__name__)

Event: TypeAlias = Waiting | Quiet | AnswerEvent


class EventFormat(Protocol):
    """What a protocol says of an answer under way: bytes of a stream of events, at least a comment for each."""

    def accepted(self, request_id: str) -> bytes:
        """The request is in order; nothing has been done yet."""

    def event(self, event: Event) -> bytes:
        """Something has happened; an :class:`rag.domain.values.AnswerReady` is the last event."""

    def error(self, fields: Mapping[str, Any]) -> bytes:
        """The members of a problem document (problems.py): there will be no answer. Nothing follows."""


class EventStream(StreamingResponse):
    """Server-Sent Events. What they come from is closed when the response has ended, however it does."""

    def __init__(self, events: AsyncGenerator[Event, None], event_format: EventFormat, request_id: str) -> None:
        self._encoded = _encoded(events, event_format, request_id)
        super().__init__(self._encoded, media_type="text/event-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI defines."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await self._encoded.aclose()


async def _encoded(
    events: AsyncGenerator[Event, None], event_format: EventFormat, request_id: str
) -> AsyncGenerator[bytes, None]:
    """Events as bytes. The status is sent by now, so an error is an event too."""
    try:
        yield event_format.accepted(request_id)
        async for event in events:
            yield event_format.event(event)
    except PageproofError as error:
        yield event_format.error(error_fields(error, request_id))
    except Exception:  # noqa: BLE001 - the boundary: nobody behind it could tell the client
        _log.exception("request %s failed while streaming", request_id)
        yield event_format.error(problem_fields(500, None, request_id))
    finally:
        await events.aclose()
