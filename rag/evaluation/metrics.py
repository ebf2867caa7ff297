"""Evaluation metrics for retrieval, answers and cost, as functions of the weights of the questions.

A metric is bound to results once and then estimated for any weights: all ones give the run itself, counts of draws a
bootstrap sample, and zeros and ones one side of a permutation test. So each metric is defined in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag.evaluation.results import QuestionResult

FloatArray: TypeAlias = NDArray[np.float64]
# From weights, shape (results, samples), to values, shape (samples,); nan where the metric is undefined.
Estimate: TypeAlias = Callable[[FloatArray], FloatArray]
# None: neither is better by itself.
Better: TypeAlias = Literal["more", "less"] | None


class Metric(Protocol):
    """An evaluation metric over the results of many questions."""

    @property
    def name(self) -> str:
        """The key in JSON."""

    @property
    def better(self) -> Better:
        """Direction of an improvement."""

    @property
    def guaranteed(self) -> bool:
        """True if any loss is a regression, significant or not."""

    def over(self, results: Sequence[QuestionResult]) -> Estimate:
        """The metric bound to results, as a function of their weights."""


@dataclass(frozen=True)
class Ratio:
    """The sum of a part over the sum of a whole; where each whole is 0 or 1, the mean over the results with 1."""

    name: str
    better: Better
    part: Callable[[QuestionResult], float]
    whole: Callable[[QuestionResult], float]
    guaranteed: bool = False

    def over(self, results: Sequence[QuestionResult]) -> Estimate:
        """See :class:`Metric`."""
        wholes = np.array([float(self.whole(result)) for result in results])
        counted = zip(results, wholes, strict=True)
        parts = np.array([float(self.part(result)) if whole else 0.0 for result, whole in counted])
        return lambda weights: divided(parts @ weights, wholes @ weights)


@dataclass(frozen=True)
class Quantile:
    """A quantile of a measured value, without interpolation: it is one of the values."""

    name: str
    better: Better
    share: float
    value: Callable[[QuestionResult], float | None]
    guaranteed: bool = False

    def over(self, results: Sequence[QuestionResult]) -> Estimate:
        """See :class:`Metric`."""
        known = [(value, place) for place, result in enumerate(results) if (value := self.value(result)) is not None]
        values = np.array([value for value, _ in sorted(known)])
        order = np.array([place for _, place in sorted(known)], dtype=np.intp)

        def estimate(weights: FloatArray) -> FloatArray:
            if not len(values):
                return np.full(weights.shape[1], np.nan)
            below = np.cumsum(weights[order], axis=0)
            # The first value whose cumulated weight exceeds the share of the total weight.
            places = (below <= self.share * below[-1]).sum(axis=0)
            return np.where(below[-1] > 0, values[np.minimum(places, len(values) - 1)], np.nan)

        return estimate


def divided(parts: FloatArray, wholes: FloatArray) -> FloatArray:
    """``parts / wholes``, nan where the whole is 0."""
    quotients: FloatArray = np.full(np.shape(parts), np.nan)
    return np.divide(parts, wholes, out=quotients, where=wholes > 0)


def _hit(result: QuestionResult, depth: int) -> bool:
    return result.page_rank is not None and result.page_rank <= depth


def _cited_answer(result: QuestionResult) -> int:
    """The number of citations of an answer whose gold pages are known; 0 otherwise."""
    return result.citations if result.answered and result.paged else 0


def _sentences_of_paged(result: QuestionResult) -> int:
    """The number of sentences shown of an answer whose gold pages are known; 0 otherwise."""
    return sum(sentence.shown for sentence in result.sentences) if result.answered and result.paged else 0


def _has_gold(result: QuestionResult) -> bool:
    return result.answerable and result.f1 is not None


def _is_measured_complete(result: QuestionResult) -> bool:
    return result.answerable and bool(result.nuggets)


def _prompt_tokens(result: QuestionResult) -> int | None:
    """None where the language model was not called."""
    return result.usage.get("prompt_tokens") or None


RETRIEVAL: Final[tuple[Metric, ...]] = (
    Ratio("page_hit@1", "more", lambda r: _hit(r, 1), lambda r: r.paged),
    Ratio("page_hit@5", "more", lambda r: _hit(r, 5), lambda r: r.paged),
    Ratio("mrr@10", "more", lambda r: 1 / r.page_rank if r.page_rank else 0.0, lambda r: r.paged),
    Ratio("document_hit@5", "more", lambda r: (r.document_rank or 6) <= 5, lambda r: r.answerable),
)
ANSWERS: Final[tuple[Metric, ...]] = (
    Ratio("f1", "more", lambda r: r.f1 or 0.0, _has_gold),
    Ratio("contains", "more", lambda r: bool(r.contains), _has_gold),
    Ratio("right", "more", lambda r: r.outcome == "right", lambda r: r.answerable),
    Ratio("citation_page_precision", "more", lambda r: r.citations_on_gold_page, _cited_answer),
    Ratio(
        "sentence_citation_precision", "more",
        lambda r: sum(sentence.shown and sentence.gold for sentence in r.sentences), _sentences_of_paged,
    ),
    Ratio("quotes_verbatim", "more", lambda r: r.quotes_verbatim, lambda r: r.citations, guaranteed=True),
    Ratio(
        "unsupported_shown", "less", lambda r: r.unsupported_shown, lambda r: r.sentences_shown,
        guaranteed=True,
    ),
    Ratio("abstain_recall", "more", lambda r: not r.answered, lambda r: not r.answerable),
    Ratio("false_abstain", "less", lambda r: not r.answered, lambda r: r.answerable),
)  # fmt: skip
# An abstention is an answer without facts: it counts 0.
COMPLETENESS: Final[tuple[Metric, ...]] = (
    Ratio("vital_recall", "more", lambda r: r.vital_recall or 0.0, lambda r: r.vital_recall is not None),
    Ratio("all_recall", "more", lambda r: r.all_recall or 0.0, lambda r: r.all_recall is not None),
    Ratio("complete", "more", lambda r: r.vital_recall == 1.0, _is_measured_complete),
    Ratio("content_recall", "more", lambda r: r.content_recall or 0.0, lambda r: r.content_recall is not None),
    Ratio("mean_words", None, lambda r: r.words, lambda r: bool(r.answered)),
)
COST: Final[tuple[Metric, ...]] = (
    Quantile("prompt_tokens_p50", None, 0.50, _prompt_tokens),
    Quantile("seconds_p50", None, 0.50, lambda r: r.seconds),
    Quantile("seconds_p95", None, 0.95, lambda r: r.seconds),
)
