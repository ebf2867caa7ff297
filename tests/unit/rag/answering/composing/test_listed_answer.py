"""Answers to yes/no questions by the list that a thing is in."""

from __future__ import annotations

import pytest

from rag.answering.composing.listed_answer import listed_answer
from tests.unit.rag.answering.material import evidence_of

DRESS = "The following items of clothing should not be worn:\n• Hats or scarves\n• Smart watches\n• Shorts."
BAG = "You may bring the following into the hall:\n• A bottle of water\n• Baby food\n• Medicine if it is prescribed"
PLAN = "The plan does not cover:\n• Hearing aids\n• Cosmetic surgery"
WEEKS = "The office is open on:\n• Mondays\n• Fridays"


@pytest.mark.parametrize(
    ("question", "page", "expected"),
    [
        pytest.param(
            "Can I wear a smart watch on a visit?",
            DRESS,
            "No: The following items of clothing should not be worn: Smart watches",
            id="denied by the introduction",
        ),
        pytest.param(
            "May I bring baby food?", BAG, "Yes: You may bring the following into the hall: Baby food", id="allowed"
        ),
        pytest.param(
            "Are hearing aids covered?", PLAN, "No: The plan does not cover: Hearing aids", id="denied, in the passive"
        ),
        pytest.param(
            "Are hearing aids excluded?", PLAN, "Yes: The plan does not cover: Hearing aids", id="asked by its opposite"
        ),
        pytest.param("Can I wear a coat?", DRESS, None, id="what is not in the list"),
        pytest.param("Can I buy a smart watch?", DRESS, None, id="another verb"),
        pytest.param("May I bring medicine?", BAG, None, id="an item with a condition"),
        pytest.param(
            "Is the office of the mayor in Rome open on Mondays?", WEEKS, None, id="too much that is elsewhere"
        ),
        pytest.param("Can I wear it?", DRESS, None, id="nothing that is named"),
    ],
)
def test_answer(question: str, page: str, expected: str | None) -> None:
    found = listed_answer(question, evidence_of(page))
    assert (found and found.sentence) == expected


def test_both_the_introduction_and_the_item_are_quoted() -> None:
    found = listed_answer("Can I wear a smart watch on a visit?", evidence_of(DRESS))
    assert found is not None
    assert [quote.text for quote in found.quotes] == [DRESS.partition("\n")[0], "• Smart watches"]


def test_lists_that_disagree_tell_nothing() -> None:
    pages = ["You may wear:\n• Hats\n• Gloves", "Do not wear:\n• Hats\n• Boots"]
    assert listed_answer("Can I wear hats?", evidence_of(*pages)) is None


def test_an_introduction_on_the_page_before_is_quoted() -> None:
    first, second = DRESS.partition("• Smart")[0], "• Smart watches\n• Shorts."
    found = listed_answer("Can I wear a smart watch on a visit?", evidence_of(first, second))
    assert found is not None
    assert [quote.span.page for quote in found.quotes] == [1, 2]
    assert listed_answer("Can I wear a smart watch on a visit?", evidence_of("Nothing.", second)) is None
