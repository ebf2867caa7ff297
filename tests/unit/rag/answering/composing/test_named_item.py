"""The item of a list that a question names, in place of a value from another item."""

from __future__ import annotations

import pytest

from rag.answering.composing.named_item import named_item
from rag.answering.grounding import ground
from tests.unit.rag.answering.material import evidence_of

PARKING = (
    "Parking is NOT allowed at the following places:\n• Within 15 feet of a fire hydrant.\n"
    "• Within 50 feet of the nearest rail at railroad crossings.\n• Within 20 feet of the entrance to a fire station."
)
FEES = "The fees are:\n• Adults: 12 euros\n• Children: 5 euros\n• Adults on Sundays: 9 euros"


@pytest.mark.parametrize(
    ("question", "value", "expected"),
    [
        pytest.param(
            "How close can I park to a fire hydrant?",
            "Within 50 feet",
            "Parking is NOT allowed at the following places: Within 15 feet of a fire hydrant.",
            id="of another item",
        ),
        pytest.param("How close can I park to a fire hydrant?", "Within 15 feet", None, id="of the item itself"),
        pytest.param("How close can I park to a hospital?", "Within 50 feet", None, id="no item is named"),
        pytest.param("How close can I park to a fire?", "Within 50 feet", None, id="two items are named"),
    ],
)
def test_parking(question: str, value: str, expected: str | None) -> None:
    evidence = evidence_of(PARKING)
    found = named_item(question, ground(question, value, evidence)[0], evidence)
    assert (found and found.support.sentence) == expected


def test_an_item_with_more_of_the_question_is_better() -> None:
    question, evidence = "What do adults pay on Sundays?", evidence_of(FEES)
    found = named_item(question, ground(question, "12 euros", evidence)[0], evidence)
    assert found is not None
    assert found.text == "Adults on Sundays: 9 euros"
    assert [quote.text for quote in found.support.quotes] == ["The fees are:", "• Adults on Sundays: 9 euros"]


def test_a_value_outside_of_lists_stays() -> None:
    question = "When does the office open?"
    evidence = evidence_of(f"The office opens at nine.\n\n{FEES}")
    assert named_item(question, ground(question, "at nine", evidence)[0], evidence) is None


CALENDAR = (
    "IMPORTANT DATES\nSept 2: Meet and greet\nOctober 10: In-service, closed\nNov 26-28: Thanksgiving break\n"
    "Dec 17: Winter Spectacle\nDec 22-Jan 2: Winter break\nMarch 23-27: Spring break"
)


def test_the_line_that_is_named() -> None:
    question, evidence = "When is winter break?", evidence_of(CALENDAR)
    found = named_item(question, ground(question, "Dec 17", evidence)[0], evidence)
    assert (found and found.support.sentence) == "Dec 22-Jan 2: Winter break"
    assert named_item(question, ground(question, "Dec 22-Jan 2", evidence)[0], evidence) is None
