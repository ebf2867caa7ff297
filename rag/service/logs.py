"""Log formats: text lines for people, JSON lines for programs. Neither can be forged, and neither holds a question.

Messages quote file names, text of documents and what clients send. A line end in one would begin a line like any other,
and an escape sequence would act on the terminal that shows the log. Messages of unforeseen exceptions may quote the
question that caused them, so those of requests are left out.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from traceback import extract_tb
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from rag.errors import PageproofError
from rag.text.characters import escaped

LogFormat: TypeAlias = Literal["text", "json"]

# The ASGI state of the request that is being handled: ``request_id``, and ``key_id`` where a key was sent.
request_state: ContextVar[Mapping[str, Any]] = ContextVar("request_state", default=MappingProxyType({}))

# Attribute of a record (``extra``) with further members of its JSON line.
MEMBERS: Final = "members"
# Docker splits lines at 16 KiB.
_MOST_CHARACTERS: Final = 6000
# Causes of an exception, and exceptions of a group, that are told.
_MOST_CAUSES: Final = 8


class TextLines(logging.Formatter):
    """Format of one line for each record, with control characters escaped; the lines of tracebacks are indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - see logging
        """See logging."""
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - see logging
        """See logging."""
        return _indented(_told(ei[1]) or super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - see logging
        """See logging."""
        return _indented(super().formatStack(stack_info))


class JsonLines(logging.Formatter):
    """Format of one JSON object (RFC 8259) in ASCII for each record.

    Members: ``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``, ``request_id`` and ``key_id`` (null outside
    of requests, and without a key), ``exception`` (a traceback) where there is one, and the record's ``members``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """See logging."""
        state = request_state.get()
        time = datetime.fromtimestamp(record.created, UTC)
        members = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": _valid(record.getMessage()[:_MOST_CHARACTERS]),
            "request_id": state.get("request_id"),
            "key_id": state.get("key_id"),
            **getattr(record, MEMBERS, {}),
        }
        if record.exc_info and record.exc_info[1]:
            traceback = _told(record.exc_info[1]) or self.formatException(record.exc_info)
            members["exception"] = _valid(traceback[-_MOST_CHARACTERS:])
        return json.dumps(members)


def formatter_of(log_format: LogFormat) -> logging.Formatter:
    """The formatter of a log format."""
    return JsonLines() if log_format == "json" else TextLines()


def _valid(text: str) -> str:
    """The text without lone surrogates, which many parsers of JSON refuse."""
    return text.encode("utf-8", "backslashreplace").decode()


def _indented(text: str) -> str:
    return "\n".join(f"    {escaped(line)}" for line in text.split("\n"))


def _told(error: BaseException | None) -> str:
    """An exception of a request without the messages that may quote text; empty outside of requests."""
    if error is None or not request_state.get():
        return ""
    return "\n".join(line for each in _related(error) for line in _lines(each))


def _related(error: BaseException) -> Iterator[BaseException]:
    """The exception, and what caused it or is grouped in it; the root causes come last."""
    left = [error]
    for _ in range(_MOST_CAUSES):
        if not left:
            return
        each = left.pop(0)
        yield each
        cause = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
        left += [cause] if cause else []
        left += each.exceptions if isinstance(each, BaseExceptionGroup) else []


def _lines(error: BaseException) -> Iterator[str]:
    kind = type(error)
    # Our own messages that come here tell of disks, models and the index; those about a question become responses.
    message = str(error) if isinstance(error, PageproofError) else "(its message is left out: it may quote a question)"
    yield f"{kind.__module__}.{kind.__qualname__}: {message}"
    for frame in extract_tb(error.__traceback__):
        yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
