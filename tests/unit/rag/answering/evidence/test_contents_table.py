"""Tables of contents without dot leaders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.evidence.contents_table import contents_span
from rag.answering.evidence.units import units_of
from tests.unit.rag.answering.material import evidence_on, page_with_headings

PAGES = (3, 4, 4, 7, 12, 20, 54, 77)
ENTRIES = [f"Note {number}. Title of the part {page}" for number, page in enumerate(PAGES, 1)]
IN_A_ROW, IN_LINES = " ".join(ENTRIES), "\n".join(ENTRIES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(IN_A_ROW, True, id="in a row"),
        pytest.param(IN_LINES, True, id="in lines"),
        pytest.param(IN_A_ROW.replace("Note 5. Title", "ITEM 1 A. Title"), True, id="a number that is none of a page"),
        pytest.param(" ".join(ENTRIES[:7]), False, id="seven entries"),
        pytest.param(" ".join(ENTRIES[::-1]), False, id="numbers that fall"),
        pytest.param(" ".join(entry + "." for entry in ENTRIES), False, id="sentences that end in a number"),
        pytest.param("\n".join(f"Locker {number}" for number in range(20)), False, id="things that are counted"),
        pytest.param((" and so on" * 20).join(ENTRIES), False, id="far apart"),
        pytest.param("", False, id="empty"),
    ],
)
def test_contents(text: str, *, expected: bool) -> None:
    assert (contents_span(text) is not None) == expected


def test_the_text_after_it_is_none() -> None:
    text = f"{IN_A_ROW}\n\nThe lid is red and round. It is made of wood."
    span = contents_span(text)
    assert span is not None
    assert text[span[1] :].strip() == "The lid is red and round. It is made of wood."


def test_the_sentence_above_it_is_none() -> None:
    text = f"The lid is red and round.\n{IN_LINES}"
    span = contents_span(text)
    assert span is not None
    assert text[: span[0]].strip() == "The lid is red and round."


def test_a_number_that_is_none_of_a_page_does_not_end_it() -> None:
    text = IN_A_ROW.replace("Note 5. Title", "ITEM 1 A. Title")
    assert contents_span(text) == (0, len(text))


def test_an_entry_states_nothing() -> None:
    units = units_of([evidence_on(page_with_headings(f"{IN_A_ROW}\n\nThe lid is red and round."))])
    assert [unit.text for unit in units if unit.is_statement] == ["The lid is red and round."]


def test_a_line_of_it_tells_nothing() -> None:
    lines = [f"Title of the part {page}" for page in PAGES]
    for count, tells in ((len(lines), False), (len(lines) - 1, True)):
        units = units_of([evidence_on(page_with_headings("\n".join(lines[:count])))])
        assert {(unit.kind, unit.is_telling_line) for unit in units} == {("line", tells)}


@given(st.text(alphabet="A 1.\n", max_size=300))
def test_a_span_is_within_the_text(text: str) -> None:
    span = contents_span(text)
    assert span is None or 0 <= span[0] < span[1] <= len(text)
