"""The measures, each as a function of how often every question counts.

A measure is bound to items once, and then estimated for any weights: all ones are the run as it was, numbers of draws a
bootstrap sample, and zeros and ones a side of a permutation test. So each measure is defined in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rag.evaluation.results import QuestionResult

FloatArray: TypeAlias = NDArray[np.float64]
# From weights, shape (items, samples), to values, shape (samples,); nan where there is nothing to measure.
Estimate: TypeAlias = Callable[[FloatArray], FloatArray]
# None: neither is better by itself.
Better: TypeAlias = Literal["more", "less"] | None


class Metric(Protocol):
    """A number that says something of many questions."""

    @property
    def name(self) -> str:
        """The key in JSON."""

    @property
    def better(self) -> Better:
        """Which direction is an improvement."""

    @property
    def guaranteed(self) -> bool:
        """Whether any loss is a fault, chance or not."""

    def over(self, items: Sequence[QuestionResult]) -> Estimate:
        """The measure of these items, still to be told how often each counts."""


@dataclass(frozen=True)
class Ratio:
    """The sum of a part over the sum of a whole; where the whole is 0 or 1, the mean over the questions that count."""

    name: str
    better: Better
    part: Callable[[QuestionResult], float]
    whole: Callable[[QuestionResult], float]
    guaranteed: bool = False

    def over(self, items: Sequence[QuestionResult]) -> Estimate:
        """See :class:`Metric`."""
        wholes = np.array([float(self.whole(item)) for item in items])
        parts = np.array([float(self.part(item)) if whole else 0.0 for item, whole in zip(items, wholes, strict=True)])
        return lambda weights: divided(parts @ weights, wholes @ weights)


@dataclass(frozen=True)
class Quantile:
    """A measured value that ``share`` of the questions are not above, next to where one would interpolate."""

    name: str
    better: Better
    share: float
    value: Callable[[QuestionResult], float | None]
    guaranteed: bool = False

    def over(self, items: Sequence[QuestionResult]) -> Estimate:
        """See :class:`Metric`."""
        known = [(value, place) for place, item in enumerate(items) if (value := self.value(item)) is not None]
        values = np.array([value for value, _ in sorted(known)])
        order = np.array([place for _, place in sorted(known)], dtype=np.intp)

        def estimate(weights: FloatArray) -> FloatArray:
            if not len(values):
                return np.full(weights.shape[1], np.nan)
            below = np.cumsum(weights[order], axis=0)
            # The first that is above; the sum of the weights before it is the share of them all.
            places = (below <= self.share * below[-1]).sum(axis=0)
            return np.where(below[-1] > 0, values[np.minimum(places, len(values) - 1)], np.nan)

        return estimate


def divided(parts: FloatArray, wholes: FloatArray) -> FloatArray:
    """``parts / wholes``, and nan where the whole is 0."""
    quotients: FloatArray = np.full(np.shape(parts), np.nan)
    return np.divide(parts, wholes, out=quotients, where=wholes > 0)


def _hit(item: QuestionResult, depth: int) -> bool:
    return item.page_rank is not None and item.page_rank <= depth


def _cited_answer(item: QuestionResult) -> int:
    """Citations that can be on a right page: of answers that were due, where the page is known."""
    return item.citations if item.answered and item.paged else 0


def _prompt_tokens(item: QuestionResult) -> int | None:
    """None where the language model was not asked."""
    return item.usage.get("prompt_tokens") or None


RETRIEVAL: Final[tuple[Metric, ...]] = (
    Ratio("page_hit@1", "more", lambda item: _hit(item, 1), lambda item: item.paged),
    Ratio("page_hit@5", "more", lambda item: _hit(item, 5), lambda item: item.paged),
    Ratio("mrr@10", "more", lambda item: 1 / item.page_rank if item.page_rank else 0.0, lambda item: item.paged),
    Ratio("document_hit@5", "more", lambda item: (item.document_rank or 6) <= 5, lambda item: item.answerable),
)
ANSWERS: Final[tuple[Metric, ...]] = (
    Ratio("f1", "more", lambda item: item.f1 or 0.0, lambda item: item.answerable),
    Ratio("contains", "more", lambda item: bool(item.contains), lambda item: item.answerable),
    Ratio("right", "more", lambda item: item.outcome == "right", lambda item: item.answerable),
    Ratio("citation_page_precision", "more", lambda item: item.citations_on_gold_page, _cited_answer),
    Ratio("quotes_verbatim", "more", lambda item: item.quotes_verbatim, lambda item: item.citations, guaranteed=True),
    Ratio(
        "unsupported_shown", "less", lambda item: item.unsupported_shown, lambda item: item.sentences_shown,
        guaranteed=True,
    ),
    Ratio("abstain_recall", "more", lambda item: not item.answered, lambda item: not item.answerable),
    Ratio("false_abstain", "less", lambda item: not item.answered, lambda item: item.answerable),
)  # fmt: skip
COST: Final[tuple[Metric, ...]] = (
    Quantile("prompt_tokens_p50", None, 0.50, _prompt_tokens),
    Quantile("seconds_p50", None, 0.50, lambda item: item.seconds),
    Quantile("seconds_p95", None, 0.95, lambda item: item.seconds),
)
