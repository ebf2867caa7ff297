"""Reliability of the confidence: calibration error, Brier score, and the risk-coverage curve (selective prediction).

Risk is the share of wrong answers among those given; an answer to a question that the documents do not answer is wrong.
Coverage is the share of all questions that got an answer. Answers whose confidence is not calibrated have none: they
are in risk and coverage, and left out of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

from rag.evaluation.metrics import Better, Estimate, FloatArray, Metric, Ratio, divided
from rag.evaluation.results import QuestionResult

BINS: Final = 10


@dataclass(frozen=True)
class Bin:
    """A bin of answers by confidence; ``confidence`` is their mean, ``right`` the share of right ones."""

    low: float
    high: float
    n: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Point:
    """A point of the risk-coverage curve, for a threshold of ``confidence``; ``answered``: not an abstention."""

    confidence: float
    coverage: float
    risk: float
    answered: bool


def bins(results: Sequence[QuestionResult]) -> list[Bin]:
    """The bins of equal width that hold answers, by ascending confidence."""
    given = [result for result in results if _is_rated(result)]
    found = []
    for number in range(BINS):
        inside = [result for result in given if _bin(_confidence(result)) == number]
        if inside:
            mean = sum(map(_confidence, inside)) / len(inside)
            right = sum(result.outcome == "right" for result in inside) / len(inside)
            found.append(Bin(number / BINS, (number + 1) / BINS, len(inside), round(mean, 4), round(right, 4)))
    return found


def curve(results: Sequence[QuestionResult]) -> list[Point]:
    """Risk-coverage curve, by descending confidence; questions of equal confidence share a point.

    Answered questions come before abstentions, so the operating point (the threshold in force) is on the curve. Beyond
    it the answers are unknown: an abstention counts as a wrong answer, so risk is an upper bound there. One without a
    confidence is the least confident. Answers without one have no place on the curve.
    """
    results = [result for result in results if _is_ranked(result)]
    points = []
    reached = wrong = 0
    for (answered, confidence), group in groupby(_ranked(results), key=_rank_key):
        members = list(group)
        reached += len(members)
        wrong += sum(result.outcome != "right" for result in members)
        points.append(
            Point(confidence, round(reached / len(results), 4), round(wrong / reached, 4), answered=bool(answered))
        )
    return points


def _is_rated(result: QuestionResult) -> bool:
    """True for an answer with a confidence."""
    return bool(result.answered) and result.confidence is not None


def _is_ranked(result: QuestionResult) -> bool:
    """True for abstentions, and answers with a confidence."""
    return not result.answered or result.confidence is not None


def _confidence(result: QuestionResult) -> float:
    return result.confidence or 0.0


def _rank_key(result: QuestionResult) -> tuple[bool, float]:
    return bool(result.answered), _confidence(result)


def _ranked(results: Sequence[QuestionResult]) -> list[QuestionResult]:
    return sorted(results, key=_rank_key, reverse=True)


def _bin(confidence: float) -> int:
    return min(int(confidence * BINS), BINS - 1)


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error: the mean gap between confidence and share right over ten bins of equal width.

    ``ECE = Σ_b n_b / n · |right_b - confidence_b|`` over the answers given. Naeini, Cooper, Hauskrecht: Obtaining Well
    Calibrated Probabilities Using Bayesian Binning (2015); Guo and others: On Calibration of Modern Neural Networks
    (2017).
    """

    name: str = "calibration_error"
    better: Better = "less"
    guaranteed: bool = False

    def over(self, results: Sequence[QuestionResult]) -> Estimate:
        """See :class:`rag.evaluation.metrics.Metric`."""
        gaps = np.zeros((BINS, len(results)))
        for place, result in enumerate(results):
            if _is_rated(result):
                gaps[_bin(_confidence(result)), place] = (result.outcome == "right") - _confidence(result)
        given = np.array([float(_is_rated(result)) for result in results])
        return lambda weights: divided(np.abs(gaps @ weights).sum(axis=0), given @ weights)


@dataclass(frozen=True)
class AreaUnderRiskCoverage:
    """AURC: the area under the risk-coverage curve, the mean risk over all coverages, 0..1.

    Each question counts with the risk at its own confidence. Geifman, Uziel, El-Yaniv: Bias-Reduced Uncertainty
    Estimation for Deep Neural Classifiers (2019). See :func:`curve` for abstentions.
    """

    name: str = "aurc"
    better: Better = "less"
    guaranteed: bool = False

    def over(self, results: Sequence[QuestionResult]) -> Estimate:
        """See :class:`rag.evaluation.metrics.Metric`."""
        ranked = [place for place, result in enumerate(results) if _is_ranked(result)]
        order = sorted(ranked, key=lambda place: _rank_key(results[place]), reverse=True)
        keys = [_rank_key(results[place]) for place in order]
        starts = [place for place in range(len(order)) if place == 0 or keys[place] != keys[place - 1]]
        wrong = np.array([[float(results[place].outcome != "right")] for place in order])

        def estimate(weights: FloatArray) -> FloatArray:
            if not order:
                return np.full(weights.shape[1], np.nan)
            ordered = weights[order]
            accepted = np.add.reduceat(ordered, starts)
            errors = np.add.reduceat(ordered * wrong, starts)
            risks = divided(errors.cumsum(axis=0), accepted.cumsum(axis=0))
            return divided((accepted * np.nan_to_num(risks)).sum(axis=0), accepted.sum(axis=0))

        return estimate


CONFIDENCE: Final[tuple[Metric, ...]] = (
    Ratio("coverage", None, lambda result: bool(result.answered), lambda _: 1),
    Ratio("risk", "less", lambda result: result.outcome != "right", lambda result: bool(result.answered)),
    AreaUnderRiskCoverage(),
    CalibrationError(),
    # Brier: Verification of Forecasts Expressed in Terms of Probability (1950), over the answers given.
    Ratio(
        "brier", "less", lambda result: (_confidence(result) - (result.outcome == "right")) ** 2,
        _is_rated,
    ),
)  # fmt: skip
