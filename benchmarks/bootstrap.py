"""What chance does to a comparison of two sides over the same questions.

Efron, Tibshirani: An Introduction to the Bootstrap (1993): percentile intervals (chapter 13), and questions drawn anew
with both sides' outcomes together, for a hard question is hard for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

_ROUNDS: Final = 10_000
_SEED: Final = 0
_Rows: TypeAlias = NDArray[Any]


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
