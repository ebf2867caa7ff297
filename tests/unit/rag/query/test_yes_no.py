"""Yes/no question detection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.yes_no import is_yes_no


@pytest.mark.parametrize(
    "text",
    [
        "Does the warranty cover theft?",
        "is the ferry free of charge",
        "Can I bring my dog into the workshop?",
        "May I work from home on Wednesdays?",
        "I work in the design office. May I work from home on Wednesdays?",
        "Isn't the lens covered?",
        "Can you tell me whether dogs are allowed?",
        "Please tell me if dogs are allowed.",
        "Hello, does it cost anything?",
        "If the mains fails, does the signal still sound?",
        "Under the 2023 terms, could owners borrow a signal?",
        "The lens is covered, isn't it?",
        "Dogs travel free, right?",
        "Is there any dust or rust on it?",
        "Has the price changed? If so, why?",
        "Was it paid, and what was the sum?",
        "Is 3M still liable?",
        "Is it covered or not?",
    ],
)
def test_yes_no_questions(text: str) -> None:
    assert is_yes_no(text)


@pytest.mark.parametrize(
    "text",
    [
        "How much does it cost?",
        "Is the valve red or blue?",
        "Can you tell me how much it costs?",
        "Could you list the fees of the harbour?",
        "Do you know when the ferry leaves?",
        "My ears rang yesterday. How quickly must I report it?",
        "If the mains fails, how many blasts are left?",
        "May 2024 sales",
        "do not enter sign",
        "Is it?",
        "mileage rate own car",
        "warranty 2025: how long does a repair have to take?",
        "",
    ],
)
def test_other_questions(text: str) -> None:
    assert not is_yes_no(text)


@given(st.text(max_size=200))
def test_accepts_any_text(text: str) -> None:
    is_yes_no(text)
