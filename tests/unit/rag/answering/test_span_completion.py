"""Span completion: a short answer gets its unit and its qualifiers from its quote, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.span_completion import complete_span


@pytest.mark.parametrize(
    ("draft", "quote", "expected"),
    [
        pytest.param("2 million", "It cost about $2 million in all.", "about $2 million", id="currency and qualifier"),
        pytest.param("24", "The pump is covered for 24 months.", "24 months", id="unit"),
        pytest.param("5", "It rose by 5% last year.", "5%", id="per cent"),
        pytest.param("4", "There are four berths.", "four", id="a number in words"),
        pytest.param("$40", "A berth costs $40 per night.", "$40 per night", id="per"),
        pytest.param("Lund", "It was built by Lund and Berg.", "Lund and Berg", id="the second of two"),
        pytest.param("24.", "It is covered for 24 months.", "24 months.", id="the full stop stays"),
        pytest.param("Yes", "Yes and no more.", "Yes", id="yes"),
        pytest.param("blue", "The lid is red.", "blue", id="not in the quote"),
        pytest.param("12", "It is 120 months.", "12", id="a part of another number"),
        pytest.param("", "The lid is red.", "", id="empty"),
        pytest.param("BLUE lid", "It has a blue\nlid.", "blue lid", id="over a line, as the quote has it"),
    ],
)
def test_completed(draft: str, quote: str, expected: str) -> None:
    assert complete_span(draft, quote) == expected


@given(st.text(max_size=40), st.text(max_size=60))
def test_says_nothing_but_the_draft_or_the_quote(draft: str, quote: str) -> None:
    found = complete_span(draft, quote)
    assert found == draft or found.removesuffix(".") in " ".join(quote.split()) or found in " ".join(quote.split())
