"""Log formats: one line for each record, valid JSON whatever is in it, and no message of an exception of a request."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import IndexCorrupt
from rag.service.logs import MEMBERS, JsonLines, TextLines, request_state

CANARY = "canary-4711"


@pytest.fixture
def request_of_a_key() -> Iterator[None]:
    token = request_state.set({"request_id": "r1", "key_id": "reader", "body": object()})
    yield
    request_state.reset(token)


def record(message: str = "text", *arguments: object, **attributes: Any) -> logging.LogRecord:
    made = logging.LogRecord("rag.service", logging.INFO, "file.py", 1, message, arguments, None)
    vars(made).update(attributes)
    return made


def failed(error: Exception) -> logging.LogRecord:
    """The record of an exception that was raised."""
    try:
        raise error
    except type(error):
        return record("request failed", exc_info=sys.exc_info())


def members(made: logging.LogRecord) -> dict[str, Any]:
    line = JsonLines().format(made)
    assert line.isascii()
    assert line.isprintable()
    fields: dict[str, Any] = json.loads(line)
    return fields


def test_members_of_a_line() -> None:
    fields = members(record("%d of %s", 1, "two"))
    time = datetime.fromisoformat(fields.pop("time"))
    assert time.utcoffset() is not None
    assert fields == {
        "level": "INFO", "logger": "rag.service", "message": "1 of two", "request_id": None, "key_id": None
    }  # fmt: skip


@pytest.mark.usefixtures("request_of_a_key")
def test_a_request_and_its_key() -> None:
    made = record()
    setattr(made, MEMBERS, {"status": 200})
    fields = members(made)
    assert (fields["request_id"], fields["key_id"], fields["status"]) == ("r1", "reader", 200)


@given(st.text(st.one_of(st.characters(), st.sampled_from("\x00\x1b\n\u2028\ud800"))))
def test_any_message_is_one_line_of_valid_json(text: str) -> None:
    json.dumps(members(record("%s", text)), ensure_ascii=False).encode()  # no lone surrogate


def test_a_long_message_is_cut() -> None:
    assert len(JsonLines().format(record("x" * 100_000))) < 16_384


def test_an_exception_outside_of_requests_is_told_whole() -> None:
    assert CANARY in members(failed(ValueError(CANARY)))["exception"]
    assert CANARY in TextLines().format(failed(ValueError(CANARY)))


@pytest.mark.usefixtures("request_of_a_key")
@pytest.mark.parametrize("formatter", [JsonLines(), TextLines()], ids=["json", "text"])
class TestExceptionsOfARequest:
    def test_have_no_message_but_a_place(self, formatter: logging.Formatter) -> None:
        line = formatter.format(failed(KeyError(CANARY)))
        assert CANARY not in line
        assert "builtins.KeyError" in line
        assert "test_logs.py" in line

    def test_nor_have_their_causes(self, formatter: logging.Formatter) -> None:
        try:
            raise ValueError(CANARY)
        except ValueError as caught:
            outer = RuntimeError(CANARY)
            outer.__cause__ = caught
        line = formatter.format(failed(ExceptionGroup(CANARY, [outer])))
        assert CANARY not in line
        assert line.index("ExceptionGroup") < line.index("RuntimeError") < line.index("ValueError")

    def test_but_our_own_keep_theirs(self, formatter: logging.Formatter) -> None:
        assert "the manifest is damaged" in formatter.format(failed(IndexCorrupt("the manifest is damaged")))


@pytest.mark.usefixtures("request_of_a_key")
def test_lines_of_a_traceback_are_indented() -> None:
    _first, *others = TextLines().format(failed(KeyError("a\nb"))).splitlines()
    assert others
    assert all(line.startswith("    ") for line in others)
