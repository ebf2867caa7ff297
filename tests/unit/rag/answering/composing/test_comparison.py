"""Sides of a comparison: their units, the passages that compare them, their labels and their balance."""

from __future__ import annotations

import pytest

from rag.answering.composing.comparison import balanced, comparing_units, labels_of, names_both, sides_of
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


SEARCHES = [Question("compare the gold plan"), Question("compare the silver health plan"), WHOLE]


class TestComparingPassages:
    """Passages that speak of both sides of "compare the gold and the silver health plan"."""

    @pytest.mark.parametrize(
        ("headings", "text", "expected"),
        [
            pytest.param((), "Gold covers more than Silver.", True, id="both in the text"),
            pytest.param(("Gold and Silver",), "Both are free.", True, id="both in the heading"),
            pytest.param((), "Gold covers health.", True, id="by any of its words"),
            pytest.param((), "Gold covers more.", False, id="one"),
            pytest.param((), "Both plans compare well.", False, id="words of both only"),
        ],
    )
    def test_names_both(self, headings: tuple[str, ...], text: str, expected: bool) -> None:
        item = evidence_on(page_with_headings(text), headings=headings)
        assert names_both(SEARCHES, item.hit) is expected

    def test_none_without_sides(self) -> None:
        assert not names_both([WHOLE], evidence_on(page_with_headings("Gold and Silver.")).hit)
        assert comparing_units([WHOLE], UNITS) == frozenset()

    @pytest.mark.parametrize(
        ("texts", "expected"),
        [
            pytest.param(
                ["Gold beats Silver here. Silver is not Gold. Both cost money.", "It is."], {0, 1, 2}, id="two"
            ),
            pytest.param(["Gold beats Silver here. Health is a good thing.", "It is."], set(), id="one sentence"),
            pytest.param(
                ["Gold is for your health. Gold keeps you in health.", "Silver helps your health."],
                set(),
                id="a side by its rarest word",
            ),
            pytest.param(["Nothing is here of them. Nothing at all."], set(), id="none"),
        ],
    )
    def test_comparing_units(self, texts: list[str], expected: set[int]) -> None:
        items = [evidence_on(page_with_headings(text, number), row=number) for number, text in enumerate(texts, 1)]
        assert comparing_units(SEARCHES, units_of(items)) == expected


class TestBalance:
    """Usefulness of the units of both sides."""

    def test_the_best_of_each_side_are_equal(self) -> None:
        found = balanced([0.8, 0.4, 0.2, 0.1, 0.3], [{0, 1}, {2, 3}], ())
        assert found == pytest.approx([0.8, 0.4, 0.8, 0.4, 0.3])

    def test_units_that_compare_come_first(self) -> None:
        found = balanced([0.8, 0.4, 0.2, 0.1], [{0}, {1}], {2, 3})
        assert found == pytest.approx([0.4, 0.2, 0.8, 0.4])

    @pytest.mark.parametrize("usefulness", [[], [0.0, 0.0]], ids=["no units", "of no use"])
    def test_nothing_to_scale(self, usefulness: list[float]) -> None:
        assert balanced(usefulness, [set(range(len(usefulness)))], ()) == usefulness


class TestLabels:
    """Names of the sides in front of their sentences."""

    def test_documents(self) -> None:
        assert labels_of("How do they differ?", UNITS) == ["old", "old", "new", "new"]

    def test_documents_of_one_name_but_for_its_ending(self) -> None:
        documents = (document_of("terms_2023.pdf", "Terms"), document_of("terms_2023.docx", "Terms"))
        units = units_of([evidence_on(PAGE, document=document) for document in documents])
        assert set(labels_of("How do they differ?", units)) == {"terms_2023.pdf", "terms_2023.docx"}

    def test_headings_within_a_document(self) -> None:
        labels = labels_of("Compare the ring test and the dye test", TESTS[:4])
        assert labels == ["The ring test", "The ring test", "The dye test", "The dye test"]

    @pytest.mark.parametrize("question", ["Which zebra is quicker?", "Compare the ring test"], ids=["none", "one"])
    def test_none_where_they_tell_nothing_apart(self, question: str) -> None:
        assert labels_of(question, TESTS[:2]) == ["", ""]
