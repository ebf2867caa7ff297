"""Questions about tables."""

from __future__ import annotations

import pytest

from rag.answering.tables.question import TableQuestion


@pytest.mark.parametrize(
    ("question", "type_"),
    [
        ("How many days can I keep it?", "how long"),
        ("How many keepers are there?", "how many"),
        ("How much is a belt?", "how much"),
        ("What does a belt cost?", "how much"),
        ("By when must it be done?", "when"),
        ("Who is the chair?", "who"),
        ("What does it weigh?", "how heavy"),
        ("What is the note?", None),
    ],
)
def test_type(question: str, type_: str | None) -> None:
    assert TableQuestion.of(question).type == type_


@pytest.mark.parametrize(
    ("question", "direction"),
    [
        ("Which has the most?", 1),
        ("the cheapest part", -1),
        ("the most recent quarter", 0),
        ("the latest quarter", 0),
        ("a part", 0),
    ],
)
def test_direction(question: str, direction: int) -> None:
    assert TableQuestion.of(question).direction == direction


@pytest.mark.parametrize(
    ("question", "expected"),
    [("sales in the latest quarter", True), ("the most recent 10-Q", True), ("the newest part", False)],
)
def test_latest(question: str, *, expected: bool) -> None:
    assert TableQuestion.of(question).asks_latest is expected


def test_names_codes_quotes_and_qualifiers_are_required() -> None:
    asked = TableQuestion.of("What is the net price of 'mesh cap' K-44 for Bittern and friends?")
    required = {term.stem for term in asked.terms if term.required}
    assert required == {"net", "mesh", "cap", "44", "bittern", "k"}


def test_first_word_is_no_name() -> None:
    assert not TableQuestion.of("Prices of belts").terms[0].required


@pytest.mark.parametrize(
    ("question", "expected"),
    [("List the prices", True), ("the price for each part", True), ("the price of a part", False)],
)
def test_lists(question: str, *, expected: bool) -> None:
    assert TableQuestion.of(question).lists is expected


def test_distributes_over() -> None:
    assert TableQuestion.of("call-outs by cause").distributes_over == {"caus"}
