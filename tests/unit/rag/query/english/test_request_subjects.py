"""Subjects of requests: what is searched for where a text, a list or a table is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.english.request_subjects import request_subject


@pytest.mark.parametrize(
    ("request_text", "subject"),
    [
        pytest.param("Make a table of the storage times for meat", "storage times for meat", id="table"),
        pytest.param("Please list all of the fees.", "fees", id="list, politely"),
        pytest.param("Name the parts of the bell", "parts of the bell", id="name"),
        pytest.param("Can you give me a short overview of Part II?", "Part II?", id="overview, keeps upper case"),
        pytest.param("Tell me how reviews work at Tarn.", "how reviews work at Tarn", id="embedded question"),
        pytest.param("Explain why Ada left", "why Ada left", id="explanation"),
        pytest.param("Outline for me the steps to leave", "steps to leave", id="for me"),
        pytest.param("tell me about the warranty", "warranty", id="about"),
        pytest.param("hi, could you tell me how long the lease is?", "how long the lease is?", id="politeness alone"),
    ],
)
def test_of_a_request(request_text: str, subject: str) -> None:
    assert request_subject(request_text) == subject


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("How long is the lease?", id="question"),
        pytest.param("list price of K-02", id="noun that looks like an order"),
        pytest.param("give notice", id="subject is the verb's object"),
        pytest.param("Explain it", id="pronoun"),
        pytest.param("show me", id="no subject"),
        pytest.param("", id="empty"),
    ],
)
def test_the_text_itself_where_there_is_no_subject(text: str) -> None:
    assert request_subject(text) == text


@given(st.text(max_size=200))
def test_is_never_empty_nor_longer(text: str) -> None:
    subject = request_subject(text)
    assert bool(subject) == bool(text)
    assert len(subject) <= len(text)
