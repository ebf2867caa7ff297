"""Footnote marks: only numbers that a page has both as a reference and in front of a note."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rag.text.structure.number_marks import number_marks, paragraphs_with_marks, start_after_mark
from tests.complexity import assert_linear


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        pytest.param(
            "It counts hours, 3 by which it is timed.\n\n3A sounding hour is whole.", {"3"}, id="after a comma"
        ),
        pytest.param("The bolts are tightened. 2 The top is level.\n2In shelter they wait.", {"2"}, id="after a stop"),
        pytest.param("most of the difference. 1\nOf all calls\n\n1The price fell.", {"1"}, id="at the end of a line"),
        pytest.param("One. 1 Two. 2 Three.\n\n1First.\n2Second.\n3Third.", {"1", "2"}, id="two of three"),
        pytest.param("It counts hours, 3 by which it is timed.", set(), id="a reference alone"),
        pytest.param("3A sounding hour is whole.", set(), id="a note alone"),
        pytest.param("It won, 3 times.\n3M makes tape.", set(), id="a name"),
        pytest.param("Note 3 is here.\n3A fuse is red.", set(), id="a number that no stop is before"),
        pytest.param("", set(), id="empty"),
    ],
)
def test_number_marks(text: str, marks: set[str]) -> None:
    assert number_marks(text) == marks


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("3A sounding hour", "A sounding hour"),
        ("3 The top", "The top"),
        ("3 fitters", "3 fitters"),
        ("4The log", "4The log"),
        ("33 The log", "33 The log"),
        ("The log", "The log"),
    ],
)
def test_start_after_mark(text: str, rest: str) -> None:
    assert text[start_after_mark(text, 0, {"3"}) :] == rest


@pytest.mark.parametrize("piece", ["1", ". 1 ", "1A", "\n1", "a, 1 "])
def test_time_is_linear(piece: str) -> None:
    def prepare(size: int) -> Callable[[], object]:
        text = piece * (size // len(piece)) + "\n1An"
        return lambda: number_marks(text)

    assert_linear(prepare, 100_000, growth=2.5)


POLICY = "4.9 Staff must ask.\n5.65 If visitors are found, a ban follows.\n5.66 “Ban” means more.\n\n6.1 GHz is a unit."


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        pytest.param("5.65", "If visitors", id="paragraph"),
        pytest.param("5.66", "“Ban” means", id="a quotation mark follows"),
        pytest.param("4.9", "4.9 Staff", id="alone on its page"),
        pytest.param("6.1", "6.1 GHz", id="a quantity"),
    ],
)
def test_numbers_of_paragraphs(begin: str, expected: str) -> None:
    start = start_after_mark(POLICY, POLICY.index(begin), number_marks(POLICY))
    assert POLICY[start:].startswith(expected)


def test_a_paragraph_number_with_a_stop() -> None:
    text = "2.1. The lease ends.\n2.2. The tenant pays."
    assert start_after_mark(text, 0, number_marks(text)) == len("2.1. ")


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        pytest.param("4. Requirements", "All areas", id="below the number of its section"),
        pytest.param("4 Requirements", "All areas", id="without a stop"),
        pytest.param("5. Requirements", "4.1 All areas", id="below another number"),
        pytest.param("Requirements", "4.1 All areas", id="below no number"),
    ],
)
def test_the_first_paragraph_of_a_section(above: str, expected: str) -> None:
    text = f"{above}\n4.1 All areas are assessed."
    assert text[start_after_mark(text, len(above) + 1, number_marks(text)) :].startswith(expected)


def test_paragraphs_begin_with_their_numbers() -> None:
    text = "2. Services\nThe keeper will:\n2.1 Wind the clock; and\n2.2 Log it in\n3.5 hours."
    parts = list(paragraphs_with_marks(text, 0, len(text), number_marks(text)))
    assert [text[start:end] for start, end in parts] == [
        "2. Services\nThe keeper will:\n",
        "2.1 Wind the clock; and\n",
        "2.2 Log it in\n3.5 hours.",
    ]
