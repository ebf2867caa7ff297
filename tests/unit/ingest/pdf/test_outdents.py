"""Paragraphs after lists, by their indentation."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ingest.pdf.lines import Line
from ingest.pdf.outdents import outdented
from ingest.pdf.page_text import compose_pages
from tests.unit.ingest.pdf.layouts import line

MARGIN, MARKER, TEXT = 60.0, 70.0, 85.0


def item(text: str, marker: str = "•", left: float = MARKER, top: float = 100.0) -> Line:
    return line((left, marker), (left + 15, text), top=top)


def found(lines: Sequence[Line]) -> list[int]:
    return outdented(lines, [position == 0 for position in range(len(lines))])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([item("Turn the key."), line((MARGIN, "There is one key."))], [1], id="left of the marker"),
        pytest.param(
            [item("Turn the"), line((TEXT, "red key.")), line((MARKER, "There is one key."))],
            [2],
            id="left of the text of an item of two lines",
        ),
        pytest.param(
            [item("Turn the"), line((TEXT, "key.")), item("Wait."), line((MARKER, "There is one key."))],
            [3],
            id="left of the text of a list that has such an item",
        ),
        pytest.param(
            [item("Turn the key."), line((MARKER, "There is one."))], [], id="no item shows where its text is"
        ),
        pytest.param([item("Turn the key"), line((MARGIN, "There it is."))], [], id="the sentence goes on"),
        pytest.param([item("Turn the key."), line((MARGIN, "or wait."))], [], id="no capital"),
        pytest.param([item("Turn the key."), line((TEXT, "There is one key."))], [], id="in line with the text"),
        pytest.param([item("Turn it."), line((TEXT, "It is red.")), item("Wait.")], [], id="the next item"),
        pytest.param([line((MARKER, "It is red.")), line((MARGIN, "There is one key."))], [], id="no list"),
        pytest.param(
            [item("Lift it.", "2."), line((MARGIN, "Wait. The club")), line((MARGIN, "may close."))],
            [1],
            id="only the first line of the paragraph",
        ),
    ],
)
def test_outdented(lines: list[Line], expected: list[int]) -> None:
    assert found(lines) == expected


def test_a_paragraph_that_begins_for_another_reason_ends_the_list() -> None:
    lines = [item("Turn it."), line((TEXT, "A note.")), line((MARGIN, "There is one key."))]
    assert outdented(lines, [True, True, False]) == []


def test_the_page_has_a_blank_line_after_the_list() -> None:
    lines = [
        item("Turn the key.", "1.", top=100),
        item("Lift the", "2.", top=112),
        line((TEXT, "lid."), top=124),
        line((MARGIN, "The key is red."), top=136),
        line((MARGIN, "The lid is blue."), top=148),
    ]
    (page,) = compose_pages([((595.0, 842.0), lines)])
    assert page.text == "1. Turn the key.\n2. Lift the\nlid.\n\nThe key is red.\nThe lid is blue."
