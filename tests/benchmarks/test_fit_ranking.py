"""Fitting of ranking weights: known weights are recovered, and the loss behaves as documented."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fit_ranking import NAMES, Judged, fit, page_hits, report
from benchmarks.remembering import RememberingReranker
from rag.domain.values import Chunk, Document, Passage, Span
from rag.evaluation.questions import LabelledQuestion
from rag.models.embedding.interfaces import FloatVector
from rag.retrieval.retriever import Candidates
from rag.retrieval.scoring import FIRST_STAGE, Signals, SignalWeights
from rag.testing import OverlapReranker

DOCUMENT = Document("1", ("a.pdf",), "A", 99, 1)


def question_of(cosine: Sequence[float], bm25: Sequence[float], right: int) -> Judged:
    """One passage for each page; the page with this number, from 1, is right."""
    nothing = np.zeros(len(cosine), np.float32)
    signals = Signals(np.array(cosine, np.float32), np.array(bm25, np.float32), nothing, nothing, nothing)
    passages = [Passage(n, DOCUMENT, Chunk(Span(n + 1, 0, 1), "x")) for n in range(len(cosine))]
    labelled = LabelledQuestion(id="1", question="?", answers=("x",), document="a.pdf", pages=(right,))
    return Judged.of(labelled, Candidates(passages, signals, FIRST_STAGE))


def drawn(count: int, seed: int, cosine: float, bm25: float) -> list[Judged]:
    """Questions whose right passage is drawn by the softmax of these weights."""
    random = np.random.default_rng(seed)
    questions = []
    for _ in range(count):
        signals = random.uniform(0, 1, (2, 8))
        chances = np.exp(cosine * signals[0] + bm25 * signals[1])
        right = 1 + int(random.choice(8, p=chances / chances.sum()))
        questions.append(question_of(signals[0].tolist(), signals[1].tolist(), right))
    return questions


def test_weights_are_found_again() -> None:
    found = fit([drawn(120, 1, 4.0, 2.0), drawn(120, 2, 4.0, 2.0)], ["cosine", "bm25"])
    assert found.cosine == pytest.approx(4.0, abs=0.8)
    assert found.bm25 == pytest.approx(2.0, abs=0.8)
    assert (found.document, found.digit_share, found.reranker) == (0, 0, 0)


def test_a_set_counts_the_same_however_large() -> None:
    one, other = drawn(12, 1, 8.0, 0.0), drawn(12, 2, 0.0, 8.0)
    small, large = fit([one, other], ["cosine", "bm25"]), fit([one * 5, other], ["cosine", "bm25"])
    assert [large.cosine, large.bm25] == pytest.approx([small.cosine, small.bm25], rel=0.01)


def test_what_tells_nothing_and_what_misleads_gets_nothing() -> None:
    misled = [question_of([0.1, 0.9], [0.5, 0.5], right=1) for _ in range(9)]
    found = fit([misled], ["cosine", "bm25"])
    assert found.cosine == 0
    assert found.bm25 == pytest.approx(0, abs=0.01)


def test_questions_without_a_right_candidate_teach_nothing() -> None:
    some = drawn(20, 1, 8.0, 1.0)
    lost = question_of([0.9, 0.1], [0.0, 1.0], right=9)
    assert not lost.right.any()
    assert fit([[lost, *some]], NAMES).bm25 < fit([some], NAMES).cosine


def test_page_hits() -> None:
    cosines = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    some = [question_of(cosines, [0.0] * 6, right) for right in (1, 2, 5, 6, 9)]
    assert page_hits(some, SignalWeights(1.0, 0.0, 0.0, 0.0, 0.0), per_page=2) == (0.2, 0.6)


def test_report_has_a_row_for_each_set_and_the_weights() -> None:
    sets = {"one": drawn(5, 1, 4.0, 2.0), "other": drawn(5, 2, 4.0, 2.0)}
    lines = report("first stage", sets, ["cosine", "bm25"], 2).splitlines()
    assert lines[2].startswith("| one, 5 questions | ")
    assert lines[3].startswith("| other, 5 questions | ")
    assert lines[-1].startswith("Weights(cosine=")
    assert lines[-1].endswith("document=0.00, digit_share=0.00, reranker=0.00)")


class TestRemembering:
    def test_reads_nothing_twice_in_this_run_or_the_next(self, tmp_path: Path) -> None:
        read: list[str] = []

        class Noting(OverlapReranker):
            def logits(self, question: str, texts: Sequence[str]) -> FloatVector:
                read.extend(texts)
                return super().logits(question, texts)

        first = RememberingReranker(Noting(), tmp_path / "new" / "known.json")
        expected = OverlapReranker().logits("a pump", ["the pump", "a tank"])
        assert first.logits("a pump", ["the pump", "a tank"]) == pytest.approx(expected)
        first.save()
        again = RememberingReranker(Noting(), tmp_path / "new" / "known.json")
        assert again.logits("a pump", ["a tank", "the pump"]) == pytest.approx(expected[::-1])
        assert again.logits("a tank", ["a tank"]) == pytest.approx(OverlapReranker().logits("a tank", ["a tank"]))
        assert read == ["the pump", "a tank", "a tank"]
