"""Questions whose answer depends on today's date."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.relative_dates import needs_today


@pytest.mark.parametrize(
    "text",
    [
        "When is the next council meeting?",
        "Is the boiler certificate still valid?",
        "Which courses are upcoming?",
        "Who is currently the treasurer?",
        "What is due this month?",
        "Has the permit expired?",
        "Which invoices are overdue?",
        "What changes next year?",
        "Is the pool open today?",
        "How many days are left?",
        "What was decided last week?",
        "Who chairs the board now?",
        "Are the old rules no longer in force, or do they apply any more?",
        "What is the current interest rate?",
    ],
)
def test_needs_today(text: str) -> None:
    assert needs_today(text)


@pytest.mark.parametrize(
    "text",
    [
        "What is the next step after draining the tank?",
        "When did the council meet in 2021?",
        "Which page comes next to the index?",
        "How long is the notice period?",
        "What happened in the last quarter of 2019?",
        "The pump stopped. What do I do now?",
        "What is the electric current of the motor?",
        "How do I go to the next section?",
        "I moved last year. How do I change my address?",
        "",
    ],
)
def test_does_not_need_today(text: str) -> None:
    assert not needs_today(text)


@given(st.text(max_size=200))
def test_accepts_any_text(text: str) -> None:
    needs_today(text)
