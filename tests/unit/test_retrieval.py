"""Two rankings become one by a formula; the reranker has the last word; duplicates are one piece of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import Chunk, Document, Hit, Passage, Question, Span, Turn
from rag.embedding import FloatVector, logit
from rag.errors import DocumentUnknown
from rag.index import Generation, open_current
from rag.retrieval import Retriever, fuse, search_text, without_duplicates
from tests.fakes import BagOfWordsEncoder, OverlapReranker
from tests.unit.conftest import publish

LIBRARY = {
    "pump.pdf": ["The pump has a blue lid.", "The pump weighs nine kilograms.", "Oil the pump each year."],
    "valve.pdf": ["The valve is red.", "The red valve closes the water of the pump."],
    "tank.pdf": ["The tank is filled with water."],
    "copy.pdf": ["THE  VALVE\nis red."],
}

rankings = st.lists(st.lists(st.integers(0, 20), unique=True, max_size=12), max_size=4)


@pytest.fixture
def generation(tmp_path: Path) -> Generation:
    publish(tmp_path, LIBRARY, BagOfWordsEncoder())
    return open_current(tmp_path, BagOfWordsEncoder().identity)


def hit(text: str, row: int = 0, score: float = 1.0) -> Hit:
    document = Document("0" * 64, ("a.pdf",), "A", 1, 1)
    return Hit(Passage(row, document, Chunk(Span(1, 0, len(text)), text)), score)


def names(hits: Sequence[Hit]) -> set[str]:
    return {found.passage.document.name for found in hits}


class Judge:
    """Gives each text the relevance it was told to, and remembers what it read."""

    def __init__(self, relevance: dict[str, float]) -> None:
        self._relevance = relevance
        self.question = ""
        self.read: list[str] = []

    def relevance(self, question: str, texts: Sequence[str]) -> FloatVector:
        self.question = question
        self.read = list(texts)
        return np.array([self._relevance.get(text, 0.1) for text in texts], dtype=np.float32)


class TestFuse:
    def test_formula(self) -> None:
        fused = dict(fuse([[7, 3, 5], [3, 9]]))
        assert fused == pytest.approx({7: 1 / 61, 3: 1 / 62 + 1 / 61, 5: 1 / 63, 9: 1 / 62})

    def test_ties_are_by_row(self) -> None:
        assert [row for row, _ in fuse([[5, 2], [2, 5], [9], [1]])] == [2, 5, 1, 9]

    def test_twice_in_the_middle_goes_before_once_on_top(self) -> None:
        assert next(iter(fuse([[1, 2], [3, 2]])))[0] == 2

    @given(rankings)
    def test_every_row_once_best_first(self, given_rankings: list[list[int]]) -> None:
        fused = fuse(given_rankings)
        assert sorted(row for row, _ in fused) == sorted({row for ranking in given_rankings for row in ranking})
        assert fused == sorted(fused, key=lambda item: (-item[1], item[0]))
        for row, score in fused:
            assert score == pytest.approx(sum(1 / (61 + r.index(row)) for r in given_rankings if row in r))

    @given(rankings)
    def test_the_order_of_rankings_does_not_matter(self, given_rankings: list[list[int]]) -> None:
        assert dict(fuse(given_rankings)) == pytest.approx(dict(fuse(reversed(given_rankings))))


class TestDuplicates:
    def test_the_better_one_stays(self) -> None:
        hits = [hit("The valve is red.", 4), hit("Other.", 5), hit("the  VALVE\nis red.", 6)]
        assert [found.passage.row for found in without_duplicates(hits)] == [4, 5]

    def test_texts_that_differ_both_stay(self) -> None:
        hits = [hit("The valve is red.", 1), hit("The valve is not red.", 2), hit("The valve", 3)]
        assert without_duplicates(hits) == hits


class TestRetriever:
    def test_the_best_passage_comes_first(self, generation: Generation) -> None:
        found = Retriever(BagOfWordsEncoder(), None).retrieve(generation, Question("How much does the pump weigh?"), 3)
        assert found[0].passage.chunk.text == "The pump weighs nine kilograms."

    def test_score_is_that_of_both_legs(self, generation: Generation) -> None:
        question = "red valve water"
        encoder = BagOfWordsEncoder()
        dense = [row for row, _ in generation.nearest(encoder.encode([question])[0], 50)]
        lexical = [row for row, _ in generation.matching(question, 50)]
        expected = dict(fuse([dense, lexical]))
        found = Retriever(encoder, None).retrieve(generation, Question(question), 10)
        assert [h.score for h in found] == pytest.approx([expected[h.passage.row] for h in found])
        assert all(h.relevance is None for h in found)

    def test_copies_are_found_once(self, generation: Generation) -> None:
        found = Retriever(BagOfWordsEncoder(), None).retrieve(generation, Question("Is the valve red?"), 10)
        assert len([h for h in found if h.passage.chunk.text.casefold().split() == ["the", "valve", "is", "red."]]) == 1
        assert len(found) == 6

    @pytest.mark.parametrize("limit", [1, 2, 5, 50])
    def test_limit(self, generation: Generation, limit: int) -> None:
        for reranker in (None, OverlapReranker()):
            found = Retriever(BagOfWordsEncoder(), reranker).retrieve(generation, Question("pump valve water"), limit)
            assert len(found) == min(limit, 6)

    @pytest.mark.parametrize("documents", [("tank.pdf",), ("tank.pdf", "valve.pdf"), ("pump.pdf",)])
    def test_only_in_the_documents_asked_for(self, generation: Generation, documents: tuple[str, ...]) -> None:
        """The best answer is in another one."""
        question = Question("Which valve closes the water of the pump?", documents=documents)
        found = Retriever(BagOfWordsEncoder(), OverlapReranker()).retrieve(generation, question, 10)
        assert names(found) == set(documents)

    def test_unknown_document(self, generation: Generation) -> None:
        with pytest.raises(DocumentUnknown, match=r"gone\.pdf") as caught:
            Retriever(BagOfWordsEncoder(), None).retrieve(generation, Question("pump", documents=("gone.pdf",)), 3)
        assert caught.value.field == "documents"

    def test_legs_are_bounded(self, generation: Generation) -> None:
        found = Retriever(BagOfWordsEncoder(), None, leg=1).retrieve(generation, Question("red valve"), 10)
        assert 1 <= len(found) <= 2

    def test_the_question_before_is_searched_for_too(self, generation: Generation) -> None:
        history = (Turn("Is the lid blue?", "Yes."), Turn("What is with the tank?", "Water."))
        question = Question("And what is it filled with?", history=history)
        assert search_text(question) == "What is with the tank? And what is it filled with?"
        judge = Judge({})
        found = Retriever(BagOfWordsEncoder(), judge).retrieve(generation, question, 1)
        assert judge.question == search_text(question)
        assert names(found) == {"tank.pdf"}


class TestReranker:
    def test_has_the_last_word(self, generation: Generation) -> None:
        judge = Judge({"Oil the pump each year.": 0.9, "The valve is red.": 0.6})
        found = Retriever(BagOfWordsEncoder(), judge).retrieve(generation, Question("red valve of the pump"), 6)
        assert found[0].passage.chunk.text == "Oil the pump each year."
        assert found[0].relevance == pytest.approx(0.9)
        assert found[0].score == pytest.approx(logit(0.9), abs=1e-5)
        assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)

    def test_equals_keep_their_order(self, generation: Generation) -> None:
        question = Question("red valve of the pump")
        plain = Retriever(BagOfWordsEncoder(), None).retrieve(generation, question, 6)
        judged = Retriever(BagOfWordsEncoder(), Judge({})).retrieve(generation, question, 6)
        assert [h.passage.row for h in judged] == [h.passage.row for h in plain]

    def test_reads_only_the_candidates(self, generation: Generation) -> None:
        judge = Judge({})
        Retriever(BagOfWordsEncoder(), judge, candidates=2).retrieve(generation, Question("pump"), 1)
        assert len(judge.read) == 2
        Retriever(BagOfWordsEncoder(), judge, candidates=2).retrieve(generation, Question("pump"), 4)
        assert len(judge.read) == 4

    def test_is_not_asked_about_nothing(self, generation: Generation) -> None:
        judge = Judge({})
        assert Retriever(BagOfWordsEncoder(), judge, leg=0).retrieve(generation, Question("pump"), 3) == []
        assert judge.question == ""
