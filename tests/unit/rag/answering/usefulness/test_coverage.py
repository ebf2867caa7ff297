"""Coverage of a question by the documents of the evidence."""

from __future__ import annotations

from math import log

import pytest

from rag.answering.evidence.units import units_of
from rag.answering.usefulness.coverage import coverage_of_documents
from tests.unit.rag.answering.material import document_of, evidence_on, page_with_headings

HORN, FRIDGE = document_of("horn.pdf", "Horn"), document_of("fridge.pdf", "Fridge")
EVIDENCE = [
    evidence_on(page_with_headings("The trumpet is cleared of ice with warm water."), document=HORN),
    evidence_on(page_with_headings("The tray makes ice from water."), document=FRIDGE),
]
# Weights of a word of both texts, and of one of them.
ICE, TRUMPET = log(3 / 2.5), log(3 / 1.5)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        pytest.param("How do I clear the trumpet?", (1.0, 0.0), id="words of one"),
        pytest.param("Is there ice?", (1.0, 1.0), id="a word of both"),
        pytest.param("Is there ice in the trumpet?", (1.0, ICE / (ICE + TRUMPET)), id="a rare word of one"),
        pytest.param("Who pays the captain?", (1.0, 1.0), id="words of none"),
        pytest.param("Who pays the captain of the trumpet?", (1.0, 0.0), id="words of none are not counted"),
        pytest.param("What does the fridge do?", (1.0, 1.0), id="a word of a title alone"),
        pytest.param("", (1.0, 1.0), id="empty"),
    ],
)
def test_coverage(question: str, expected: tuple[float, float]) -> None:
    covered = coverage_of_documents(question, units_of(EVIDENCE))
    assert (covered[HORN.id], covered[FRIDGE.id]) == pytest.approx(expected)


def test_what_stands_elsewhere_on_the_page_counts() -> None:
    page = page_with_headings("Put the tray below.\nIt is cleared of ice with warm water.")
    units = units_of([evidence_on(page, "It is cleared of ice with warm water.", document=HORN), EVIDENCE[1]])
    # "Tray" is in no unit of the horn, but on its page.
    assert coverage_of_documents("Is there ice on the tray?", units)[HORN.id] == 1.0


def test_no_units() -> None:
    assert coverage_of_documents("Is there ice?", ()) == {}
