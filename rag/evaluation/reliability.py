"""Whether the system knows when it is right: risk against coverage, and confidence against outcome.

Risk is the share of wrong answers among those given; an answer to a question that the documents do not answer is wrong.
Coverage is the share of all questions that got an answer.
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
    """Answers of about the same confidence; ``confidence`` is their mean, ``right`` the share of right ones."""

    low: float
    high: float
    n: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Point:
    """What answering down to ``confidence`` would give; ``answered`` is false beyond the point in force."""

    confidence: float
    coverage: float
    risk: float
    answered: bool


def bins(items: Sequence[QuestionResult]) -> list[Bin]:
    """The bins of equal width that hold answers, in order."""
    given = [item for item in items if item.answered]
    found = []
    for number in range(BINS):
        inside = [item for item in given if _bin(_confidence(item)) == number]
        if inside:
            mean = sum(map(_confidence, inside)) / len(inside)
            right = sum(item.outcome == "right" for item in inside) / len(inside)
            found.append(Bin(number / BINS, (number + 1) / BINS, len(inside), round(mean, 4), round(right, 4)))
    return found


def curve(items: Sequence[QuestionResult]) -> list[Point]:
    """Risk at each coverage, from the surest question to the least sure; questions as sure as each other together.

    What was answered comes before what was not, so the point in force is on the curve. Beyond it nobody knows what
    would have been said: an abstention that is let in counts as a wrong answer, so risk is there an upper bound.
    """
    points = []
    reached = wrong = 0
    for (answered, confidence), group in groupby(_surest_first(items), key=_sureness):
        members = list(group)
        reached += len(members)
        wrong += sum(item.outcome != "right" for item in members)
        points.append(
            Point(confidence, round(reached / len(items), 4), round(wrong / reached, 4), answered=bool(answered))
        )
    return points


def _confidence(item: QuestionResult) -> float:
    return item.confidence or 0.0


def _sureness(item: QuestionResult) -> tuple[bool, float]:
    return bool(item.answered), _confidence(item)


def _surest_first(items: Sequence[QuestionResult]) -> list[QuestionResult]:
    return sorted(items, key=_sureness, reverse=True)


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

    def over(self, items: Sequence[QuestionResult]) -> Estimate:
        """See :class:`rag.evaluation.metrics.Metric`."""
        gaps = np.zeros((BINS, len(items)))
        for place, item in enumerate(items):
            if item.answered:
                gaps[_bin(_confidence(item)), place] = (item.outcome == "right") - _confidence(item)
        given = np.array([float(bool(item.answered)) for item in items])
        return lambda weights: divided(np.abs(gaps @ weights).sum(axis=0), given @ weights)


@dataclass(frozen=True)
class AreaUnderRiskCoverage:
    """AURC: the mean risk over all coverages, 0..1.

    Each question counts with the risk at the confidence that lets it in. Geifman, Uziel, El-Yaniv: Bias-Reduced
    Uncertainty Estimation for Deep Neural Classifiers (2019). :func:`curve` says what is beyond the point in force.
    """

    name: str = "aurc"
    better: Better = "less"
    guaranteed: bool = False

    def over(self, items: Sequence[QuestionResult]) -> Estimate:
        """See :class:`rag.evaluation.metrics.Metric`."""
        order = sorted(range(len(items)), key=lambda place: _sureness(items[place]), reverse=True)
        sureness = [_sureness(items[place]) for place in order]
        starts = [place for place in range(len(order)) if place == 0 or sureness[place] != sureness[place - 1]]
        wrong = np.array([[float(items[place].outcome != "right")] for place in order])

        def estimate(weights: FloatArray) -> FloatArray:
            ordered = weights[order]
            let_in = np.add.reduceat(ordered, starts)
            errors = np.add.reduceat(ordered * wrong, starts)
            risks = divided(errors.cumsum(axis=0), let_in.cumsum(axis=0))
            return divided((let_in * np.nan_to_num(risks)).sum(axis=0), let_in.sum(axis=0))

        return estimate


CONFIDENCE: Final[tuple[Metric, ...]] = (
    Ratio("coverage", None, lambda item: bool(item.answered), lambda _: 1),
    Ratio("risk", "less", lambda item: item.outcome != "right", lambda item: bool(item.answered)),
    AreaUnderRiskCoverage(),
    CalibrationError(),
    # Brier: Verification of Forecasts Expressed in Terms of Probability (1950), over the answers given.
    Ratio(
        "brier", "less", lambda item: (_confidence(item) - (item.outcome == "right")) ** 2,
        lambda item: bool(item.answered),
    ),
)  # fmt: skip
