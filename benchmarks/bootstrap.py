"""Bootstrap confidence intervals and p-values for the comparison of two sides over the same questions.

Efron, Tibshirani: An Introduction to the Bootstrap (1993): percentile intervals (chapter 13), and questions resampled
with both sides' outcomes together, for a hard question is hard for both. What was measured in the same minutes is drawn
together (Davison, Hinkley: Bootstrap Methods and their Application, 1997, 3.8): a busy minute slows all of it down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

_ROUNDS: Final = 10_000
_SEED: Final = 0
_GROUP_ROUNDS: Final = 2_000
_Rows: TypeAlias = NDArray[Any]
# Values of each group, such as a round of measuring; a group may be empty, but not all.
Groups: TypeAlias = Sequence[Sequence[float]]
Statistic: TypeAlias = Callable[[NDArray[np.float64]], Any]


class Ratio(NamedTuple):
    """A ratio, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def ratio_of_medians(ours: Sequence[float], theirs: Sequence[float], *, rounds: int = _ROUNDS) -> Ratio:
    """The median of ``ours`` over that of ``theirs``, paired by question; all greater than 0."""
    one, other = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    drawn = _draws(len(one), rounds)
    ratios = np.median(one[drawn], axis=1) / np.median(other[drawn], axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return Ratio(float(np.median(one) / np.median(other)), float(low), float(high))


class Estimate(NamedTuple):
    """A value, and the ends of its 90 % interval."""

    value: float
    low: float
    high: float

    def __format__(self, form: str) -> str:
        return f"{self.value:{form}} ({self.low:{form}}–{self.high:{form}})"


def estimate(groups: Groups, statistic: Statistic = np.median, *, rounds: int = _GROUP_ROUNDS) -> Estimate:
    """A statistic of all groups' values, whole groups drawn anew."""
    return ratio_over_groups(groups, [[1.0]] * len(groups), statistic, rounds=rounds)


def ratio_over_groups(
    ours: Groups, theirs: Groups, statistic: Statistic = np.median, *, rounds: int = _GROUP_ROUNDS
) -> Estimate:
    """A statistic of ``ours`` over that of ``theirs``, whole groups drawn anew, the same ones of both sides.

    Draws in which a side has no value do not count.
    """
    sides = [[np.asarray(group, dtype=float) for group in side] for side in (ours, theirs)]

    def ratio(rows: Sequence[int] | _Rows) -> float:
        one, other = (np.concatenate([side[row] for row in rows]) for side in sides)
        return float(statistic(one) / statistic(other)) if len(one) and len(other) else float("nan")

    # Of few groups there are few draws that differ in more than their order.
    drawn, counts = np.unique(np.sort(_draws(len(ours), rounds), axis=1), axis=0, return_counts=True)
    low, high = np.nanquantile(np.repeat([ratio(rows) for rows in drawn], counts), (0.05, 0.95))
    return Estimate(ratio(range(len(ours))), float(low), float(high))


def paired_p_value(ours: Sequence[float], theirs: Sequence[float], *, rounds: int = _ROUNDS) -> float:
    """The two-sided p-value, above 0 and up to 1, of the difference between two means.

    Twice the share of drawn means of the differences that lie at 0 or on its other side, whichever side has fewer; one
    more is counted, so that no p-value is 0 (Davison, Hinkley: Bootstrap Methods and their Application, 1997, 4.2).
    """
    differences = np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float)
    means = differences[_draws(len(differences), rounds)].mean(axis=1)
    least = min(np.count_nonzero(means <= 0), np.count_nonzero(means >= 0))
    return min(1.0, 2 * (int(least) + 1) / (rounds + 1))


def _draws(size: int, rounds: int) -> _Rows:
    """Row numbers drawn with replacement. *Shape:* ``(rounds, size)``."""
    return np.random.default_rng(_SEED).integers(size, size=(rounds, size))
