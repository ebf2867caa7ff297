"""Joint index: several indexes are searched as one, as if one index had the documents of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from rag.domain.values import Passage
from rag.errors import DocumentUnknown, IndexMissing
from rag.index.current_index import CurrentIndex
from rag.index.generation import Generation
from rag.index.joint.generation import JointGeneration
from rag.index.joint.index import JointIndex
from rag.index.search.row_ranges import RowRanges
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import id_of, publish, quick_folder

ENCODER = BagOfWordsEncoder()
PUMP = ["The pump is blue.", "It costs 310 euros.", "The pump is oiled every year."]
VALVE = ["The valve is red.", "A valve costs 12 euros."]
TANK = ["The tank is full."]
SHARED = ["The garage is closed on Sundays."]
PARTS = {"machines": {"b/pump.pdf": PUMP, "shared.pdf": SHARED}, "stores": {"tank.pdf": TANK, "a/valve.pdf": VALVE}}
QUESTIONS = ["What colour is the pump?", "How much does a valve cost?", "euros", "tank", "nothing of this"]


def opened(root: Path, documents: Mapping[str, Sequence[str]]) -> CurrentIndex:
    publish(root, documents, ENCODER)
    return CurrentIndex(root, ENCODER.identity)


@pytest.fixture(scope="module")
def roots() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def joint(roots: Path) -> JointGeneration:
    return JointIndex({name: opened(roots / name, documents) for name, documents in PARTS.items()}).generation()


@pytest.fixture(scope="module")
def whole(roots: Path) -> Generation:
    """One index of the same documents, in the same order."""
    documents = {name: texts for part in PARTS.values() for name, texts in part.items()}
    return opened(roots / "whole", documents).generation()


def said(passages: Sequence[Passage]) -> list[tuple[int, str, int, str]]:
    return [(one.row, one.document.name, one.chunk.span.page, one.chunk.text) for one in passages]


SAME: dict[str, Callable[[Generation], object]] = {
    "number of rows": len,
    "documents by name": lambda one: [document.name for document in one.documents],
    "passages in any order": lambda one: said(one.passages([5, 0, 3, 1])),
    "no passages": lambda one: said(one.passages([])),
    "passages on pages": lambda one: said(one.passages_on(id_of("a/valve.pdf", VALVE), 2, 2)),
    "neighbours": lambda one: said(one.neighbours(5, 1, 1)),
    "neighbours do not cross documents": lambda one: said(one.neighbours(3, 2, 2)),
    "a page": lambda one: one.page(id_of("a/valve.pdf", VALVE), 2).text,
    "all pages": lambda one: [page.text for page in one.pages_without_words(id_of("b/pump.pdf", PUMP))],
    "openings": lambda one: one.openings(9),
    "rows of a name": lambda one: _rows(one.rows_named(["a/valve.pdf"])),
    "rows of two names": lambda one: _rows(one.rows_named(["tank.pdf", "b/pump.pdf"])),
    "no names": lambda one: one.scope_of(()),
    "rows with a word": lambda one: one.rows_with("costs").tolist(),
    "rows with no such word": lambda one: one.rows_with("zebra").tolist(),
    "words that are known": lambda one: [one.knows(word) for word in ("pump", "tanks", "zebra", "the")],
    "a misspelt word": lambda one: [one.spelt_like(word, 1) for word in ("vavle", "pumb", "tank")],
    "a document is named": lambda one: one.match_of_documents("What is in the valve document?"),
    "its rows match": lambda one: one.document_match("the valve document").of_rows(np.arange(len(one))).tolist(),
    "a word is its name": lambda one: one.is_name_of(id_of("tank.pdf", TANK), "tank"),
    "when it was added": lambda one: one.added(id_of("tank.pdf", TANK)) is not None,
}


def _rows(rows: object) -> object:
    return rows.tolist() if isinstance(rows, np.ndarray) else rows


@pytest.mark.parametrize("look", SAME.values(), ids=SAME)
def test_it_is_looked_up_as_in_one_index(
    look: Callable[[Generation], object], joint: Generation, whole: Generation
) -> None:
    assert look(joint) == look(whole)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("names", [(), ("a/valve.pdf",), ("b/pump.pdf", "tank.pdf")], ids=["all", "one", "two"])
def test_vectors_are_searched_as_in_one_index(
    question: str, names: tuple[str, ...], joint: JointGeneration, whole: Generation
) -> None:
    vector = ENCODER.encode_questions([question])[0]
    found, expected = (one.nearest(vector, 4, one.scope_of(names)) for one in (joint, whole))
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-6)
    # Of rows that are equally near, either may be left out.
    least = min(score for _, score in found) + 1e-6
    assert {row for row, score in found if score > least} == {row for row, score in expected if score > least}
    rows = np.array([4, 0, 5, 2], np.int64)
    np.testing.assert_allclose(joint.cosines(vector, rows), whole.cosines(vector, rows), atol=1e-6)


@pytest.mark.parametrize("question", QUESTIONS)
def test_words_are_searched_in_each(question: str, joint: JointGeneration, whole: Generation) -> None:
    found = joint.matching(question, 10)
    assert {row for row, _ in found} == {row for row, _ in whole.matching(question, 10)}
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    rows = np.array([row for row, _ in found], np.int64)
    np.testing.assert_allclose(joint.bm25_scores_of(question, rows), [score for _, score in found], rtol=1e-6)
    np.testing.assert_allclose(joint.bm25_scores(question)[rows], [score for _, score in found], rtol=1e-6)
    assert joint.matching(question, 10, RowRanges.of([])) == []


def test_of_more_than_the_limit_the_best_are_found(joint: JointGeneration) -> None:
    everything = joint.matching("euros pump tank", 10)
    assert joint.matching("euros pump tank", 2) == everything[:2]


class TestSharedDocument:
    """A document that two indexes have, in one of them under another name."""

    @pytest.fixture
    def joint(self, tmp_path: Path) -> JointGeneration:
        parts = {
            "one": opened(tmp_path / "one", {"shared.pdf": SHARED, "pump.pdf": PUMP}),
            "two": opened(tmp_path / "two", {"tank.pdf": TANK, "shared.pdf": SHARED}),
        }
        return JointIndex(parts).generation()

    def test_it_is_one_document_of_the_first(self, joint: JointGeneration) -> None:
        assert [document.name for document in joint.documents] == ["pump.pdf", "shared.pdf", "tank.pdf"]
        assert joint.homes[id_of("shared.pdf", SHARED)] == "one"
        assert joint.homes[id_of("tank.pdf", TANK)] == "two"

    def test_its_rows_of_both_are_found(self, joint: JointGeneration) -> None:
        rows = joint.rows_named(["shared.pdf"])
        assert rows is not None
        assert [one.chunk.text for one in joint.passages(rows.tolist())] == SHARED * 2
        assert joint.document_match("shared").of_rows(rows).tolist() == [1.0, 1.0]


class TestIndex:
    def test_it_follows_each(self, tmp_path: Path) -> None:
        indexes = {name: opened(tmp_path / name, documents) for name, documents in PARTS.items()}
        index = JointIndex(indexes)
        first = index.generation()
        assert index.generation() is first
        publish(tmp_path / "stores", {"tank.pdf": TANK}, ENCODER)
        assert index.generation() is first
        index.refresh()
        second = index.generation()
        assert (len(first), len(second), index.state.swaps) == (7, 5, 1)
        assert (
            second.id == f"machines {indexes['machines'].generation().id} + stores {indexes['stores'].generation().id}"
        )

    def test_one_without_documents_is_told(self, tmp_path: Path) -> None:
        index = JointIndex({"one": opened(tmp_path / "one", {"tank.pdf": TANK}), "two": CurrentIndex(tmp_path, {})})
        with pytest.raises(IndexMissing):
            index.generation()

    def test_a_document_of_none_is_told(self, joint: JointGeneration) -> None:
        with pytest.raises(DocumentUnknown):
            joint.document("0" * 64)
        with pytest.raises(DocumentUnknown):
            joint.rows_named(["nowhere.pdf"])
