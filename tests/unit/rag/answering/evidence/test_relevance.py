"""Relevance of units: windows of neighbouring units in one section, scored in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from rag.answering.evidence.relevance import LOWEST, unit_relevance
from rag.answering.evidence.units import Unit, units_of
from rag.errors import Cancelled
from rag.models.embedding.interfaces import FloatVector
from rag.runtime.cancellation import Cancellation
from tests.unit.rag.answering.material import document_of, evidence_on, page_with_headings


@dataclass
class WordReranker:
    """The logit of a text is the number of times that it has a word; remembers what it was asked."""

    word: str = "lid"
    batches: list[list[str]] = field(default_factory=list)

    def logits(self, _question: str, texts: Sequence[str]) -> FloatVector:
        self.batches.append(list(texts))
        return np.array([text.count(self.word) for text in texts], np.float32)

    @property
    def texts(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


def sentences(count: int, words: int = 10) -> list[Unit]:
    text = " ".join(f"Sentence {n:03} of the page has{' so' * (words - 8)} many words." for n in range(count))
    return units_of([evidence_on(page_with_headings(text))])


def relevance(units: Sequence[Unit], reranker: WordReranker, **options: int) -> list[float]:
    return unit_relevance("Which lid?", units, reranker, Cancellation(), **options)


def test_windows_of_about_sixty_words_that_overlap_by_half() -> None:
    units, reranker = sentences(12), WordReranker()
    relevance(units, reranker)
    assert [text.count("\n") + 1 for text in reranker.texts] == [6, 6, 6, 3]
    assert [text[9:12] for text in reranker.texts] == ["000", "003", "006", "009"]


def test_a_unit_has_the_best_of_its_windows() -> None:
    units, reranker = sentences(6, words=30), WordReranker("Sentence 002")
    assert relevance(units, reranker) == [0, 1, 1, 1, 0, 0]


def test_windows_of_one_unit() -> None:
    units, reranker = sentences(5), WordReranker("Sentence 002")
    assert relevance(units, reranker, words=0) == [0, 0, 1, 0, 0]
    assert len(reranker.texts) == 5


def test_a_window_does_not_leave_its_section_or_document() -> None:
    page = page_with_headings("The lid is blue. The pump is red.")
    parts = [
        evidence_on(page, "The lid is blue.", headings=("Manual", "Care", "Lids")),
        evidence_on(page, "The pump is red.", headings=("Care", "Pumps"), row=2),
        evidence_on(page, document=document_of("other.pdf")),
    ]
    reranker = WordReranker()
    assert relevance(units_of(parts), reranker) == [1, 0, 1, 1]
    assert reranker.texts == [
        "Care > Lids\nThe lid is blue.",
        "Care > Pumps\nThe pump is red.",
        "The lid is blue.\nThe pump is red.",
    ]


def test_a_long_unit_is_a_window_of_its_own() -> None:
    units, reranker = sentences(3, words=90), WordReranker()
    relevance(units, reranker)
    assert [text.count("\n") for text in reranker.texts] == [0, 0, 0]


def test_in_batches_and_no_more_than_a_limit() -> None:
    units, reranker = sentences(130, words=70), WordReranker("Sentence")
    scores = relevance(units, reranker)
    assert {len(batch) for batch in reranker.batches} == {8}
    assert len(reranker.texts) == 96
    assert scores == [1.0] * 96 + [LOWEST] * 34


def test_nothing() -> None:
    assert relevance([], WordReranker()) == []


def test_is_cancelled_before_the_next_batch() -> None:
    cancellation = Cancellation()

    class Cancelling(WordReranker):
        def logits(self, question: str, texts: Sequence[str]) -> FloatVector:
            cancellation.cancel()
            return super().logits(question, texts)

    reranker = Cancelling()
    with pytest.raises(Cancelled):
        unit_relevance("Which lid?", sentences(130), reranker, cancellation)
    assert len(reranker.batches) == 1
