"""Server-Sent Events: an answer as a stream, in the event format of one of two protocols (ours, OpenAI's)."""

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
from rag.service.answer_task import KeepAlive
from rag.service.problems import error_fields, problem_fields

_log = logging.getLogger(__name__)

Event: TypeAlias = Waiting | KeepAlive | AnswerEvent


class EventFormat(Protocol):
    """Encoding of a protocol's event stream; each method returns bytes, at least a comment."""

    def accepted(self, request_id: str) -> bytes:
        """First event: the request is valid and accepted; no work has been done yet."""

    def event(self, event: Event) -> bytes:
        """An event of the answer; an :class:`rag.domain.values.AnswerReady` is the last one."""

    def error(self, fields: Mapping[str, Any]) -> bytes:
        """Last event instead of an answer, from the members of a problem document (problems.py)."""


class EventStream(StreamingResponse):
    """Response of Server-Sent Events; the source of the events is closed however the response ends."""

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
    """Events as bytes. The HTTP status has been sent already, so an error is an event, too."""
    try:
        yield event_format.accepted(request_id)
        async for event in events:
            yield event_format.event(event)
    except PageproofError as error:
        yield event_format.error(error_fields(error, request_id))
    except Exception:  # noqa: BLE001 - the boundary: no outer handler can answer the client
        _log.exception("request %s failed while streaming", request_id)
        yield event_format.error(problem_fields(500, None, request_id))
    finally:
        await events.aclose()
