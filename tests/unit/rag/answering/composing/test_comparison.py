"""Units of the sides of a comparison."""

from __future__ import annotations

import pytest

from rag.answering.composing.comparison import labels_of, sides_of
from rag.answering.evidence.units import units_of
from rag.domain.values import Question
from tests.unit.rag.answering.material import document_of, evidence_on, page_with_headings

OLD, NEW = document_of("old.pdf"), document_of("new.pdf")
IDS = {"old.pdf": OLD.id, "new.pdf": NEW.id}
PAGE = page_with_headings("The lid is free for a year.\nIt is sent by post after that.")
UNITS = units_of([evidence_on(PAGE, document=document) for document in (OLD, NEW)])
TESTS = units_of(
    [
        evidence_on(page_with_headings("Tap the disc with a key.\nListen to it.", 1), headings=("The ring test",)),
        evidence_on(page_with_headings("Brush red dye on it.\nWait for a while.", 2), headings=("The dye test",)),
        evidence_on(page_with_headings("Both of them are quick and cheap.", 3), headings=("Testing",)),
    ]
)
WHOLE = Question("How do they differ?")


def test_documents_of_the_sides() -> None:
    searches = [Question("the old", documents=("old.pdf",)), Question("the new", documents=("new.pdf",)), WHOLE]
    assert sides_of(searches, UNITS, IDS) == [{0, 1}, {2, 3}]


def test_words_of_the_sides_in_units_and_headings() -> None:
    searches = [Question("compare the ring test"), Question("compare the dye test"), WHOLE]
    assert sides_of(searches, TESTS, {}) == [{0, 1}, {2, 3}]


@pytest.mark.parametrize(
    "searches",
    [
        pytest.param([WHOLE], id="no sides"),
        pytest.param([], id="no searches"),
        pytest.param([Question("the lid"), Question("the lid"), WHOLE], id="the same words"),
        pytest.param([Question("the zebra"), Question("the giraffe"), WHOLE], id="words of no unit"),
        pytest.param(
            [Question("a", documents=("old.pdf",)), Question("b", documents=("old.pdf",)), WHOLE], id="one document"
        ),
    ],
)
def test_sides_that_cannot_be_told_apart(searches: list[Question]) -> None:
    assert sides_of(searches, UNITS, IDS) == []


class TestLabels:
    """Names of the sides in front of their sentences."""

    def test_documents(self) -> None:
        assert labels_of("How do they differ?", UNITS) == ["old.pdf", "old.pdf", "new.pdf", "new.pdf"]

    def test_headings_within_a_document(self) -> None:
        labels = labels_of("Compare the ring test and the dye test", TESTS[:4])
        assert labels == ["The ring test", "The ring test", "The dye test", "The dye test"]

    @pytest.mark.parametrize("question", ["Which zebra is quicker?", "Compare the ring test"], ids=["none", "one"])
    def test_none_where_they_tell_nothing_apart(self, question: str) -> None:
        assert labels_of(question, TESTS[:2]) == ["", ""]
