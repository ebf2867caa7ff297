"""Bodies of requests: limits, reading to the end, and what is no text."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import Cancelled, RequestFault
from rag.service.middleware import MAX_BODY_BYTES, RequestBody, _check_text

SURROGATES = st.characters(categories=["Cs"])


def body_of(*messages: dict[str, Any]) -> RequestBody:
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0)

    return RequestBody(receive)


def part(data: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def test_a_body_that_was_read_comes_again_in_one_message() -> None:
    async def work() -> None:
        body = body_of(part(b"one ", more=True), part(b"two", more=False), {"type": "http.disconnect"})
        await body.read()
        assert await body() == part(b"one two", more=False)
        assert await body() == {"type": "http.disconnect"}

    asyncio.run(work())


def test_an_empty_body_comes_again_as_well() -> None:
    async def work() -> None:
        body = body_of(part(b"", more=False))
        await body.read()
        assert await body() == part(b"", more=False)

    asyncio.run(work())


def test_a_client_that_leaves_before_the_end() -> None:
    async def work() -> None:
        with pytest.raises(Cancelled):
            await body_of(part(b"one", more=True), {"type": "http.disconnect"}).read()

    asyncio.run(work())


def test_a_body_that_is_too_long() -> None:
    async def work() -> None:
        with pytest.raises(HTTPException) as caught:
            await body_of(part(b"x" * MAX_BODY_BYTES, more=True), part(b"x", more=False)).read()
        assert caught.value.status_code == 413

    asyncio.run(work())


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        pytest.param(b'"\\ud800"', r"^\\ud800 at byte 1 is half of a surrogate pair", id="the first half"),
        pytest.param(b'"\\uDfff"', r"^\\uDfff at byte 1 ", id="the second half"),
        pytest.param(b'"\\ud83d\\ud83d\\ude00"', r"^\\ud83d at byte 1 ", id="twice the first half"),
        pytest.param(b'"\\ud83d \\ude00"', r"^\\ud83d at byte 1 ", id="with something between"),
        pytest.param(b'"\\\\\\ud800"', r"^\\ud800 at byte 3 ", id="after an escaped backslash"),
        pytest.param(b'"\xed\xa0\x80"', r"not UTF-8, from byte 1 on", id="bytes"),
        pytest.param('"é"'.encode("latin-1"), r"not UTF-8, from byte 1 on", id="Latin-1"),
        pytest.param('"a"'.encode("utf-16"), r"not UTF-8", id="UTF-16"),
    ],
)
def test_what_is_no_text(body: bytes, fault: str) -> None:
    with pytest.raises(RequestFault, match=fault) as caught:
        _check_text(body)
    assert caught.value.field == "body"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'"\\ud83d\\ude00"', id="a pair"),
        pytest.param(b'"\\\\ud800"', id="a backslash and letters"),
        pytest.param(b'"\\u0000\\uffff\\ue000"', id="other escapes"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"a": "\\', id="no JSON, which is refused elsewhere"),
    ],
)
def test_what_is_text(body: bytes) -> None:
    _check_text(body)


@given(st.lists(st.one_of(st.text(max_size=5), st.text(SURROGATES, max_size=2), st.sampled_from(["\\", '"', "u"]))))
def test_exactly_what_python_would_read_as_lone_surrogates_is_refused(parts: list[str]) -> None:
    body = json.dumps("".join(parts)).encode()
    try:
        json.loads(body).encode()
    except UnicodeEncodeError:
        with pytest.raises(RequestFault):
            _check_text(body)
    else:
        _check_text(body)
