"""How far chance could have moved a measure: bootstrap intervals, and a paired test of two runs.

Both have a fixed seed, so that the same run gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from rag.evaluation.metrics import Estimate, FloatArray

RESAMPLES: Final = 2000
PERMUTATIONS: Final = 4999
_SEED: Final = 20_250_101
# Samples at a time: what bounds memory, at 8 bytes for each sample and question.
_AT_A_TIME: Final = 500
# Two sums of the same numbers in another order are not quite equal.
_EQUAL: Final = 1e-9


def once(estimates: Mapping[str, Estimate], size: int) -> dict[str, float | None]:
    """The measures of a run as it was; None where there is nothing to measure."""
    weights = np.ones((size, 1))
    return {name: _known(estimate(weights)[0]) for name, estimate in estimates.items()}


def intervals(estimates: Mapping[str, Estimate], size: int) -> dict[str, tuple[float, float] | None]:
    """95 % intervals by the percentile bootstrap over questions.

    2000 times, as many questions as there are are drawn with replacement; the interval is from the 2.5th to the 97.5th
    percentile of the measure over these samples. Efron, Tibshirani: An Introduction to the Bootstrap (1993), chapter
    13. None where the run has nothing to measure.
    """
    values: dict[str, list[FloatArray]] = {name: [] for name in estimates}
    for weights in _draws(size):
        for name, estimate in estimates.items():
            values[name].append(estimate(weights))
    return {name: _percentiles(np.concatenate(found)) for name, found in values.items()}


def p_values(estimates: Mapping[str, Estimate], pairs: int) -> dict[str, float]:
    """How often chance alone would part two runs of the same questions as far, by a paired randomisation test.

    Were the runs alike, it would be chance which of the two outcomes of a question belongs to which run. So each pair
    is swapped or not, at random, 4999 times: ``p = (1 + times that the measure differs at least as much) / 5000``,
    two-sided. For a mean this is the sign-flip test; it holds for ratios and curves as well. Noreen: Computer
    Intensive Methods for Testing Hypotheses (1989); Smucker, Allan, Carterette: A Comparison of Statistical
    Significance Tests for Information Retrieval Evaluation (2007).

    Args:
        estimates: measures over ``2 * pairs`` items: those of one run, then those of the other in the same order.
        pairs: how many.
    """
    own = np.vstack([np.ones((pairs, 1)), np.zeros((pairs, 1))])
    observed = {name: float(abs(estimate(own) - estimate(1 - own))[0]) for name, estimate in estimates.items()}
    as_far = dict.fromkeys(estimates, 0)
    for weights in _swaps(pairs):
        for name, estimate in estimates.items():
            # A side with nothing to measure shows no difference.
            differences = np.nan_to_num(np.abs(estimate(weights) - estimate(1 - weights)))
            as_far[name] += int((differences >= observed[name] - _EQUAL).sum())
    return {name: (1 + count) / (1 + PERMUTATIONS) for name, count in as_far.items()}


def _draws(size: int) -> Iterator[FloatArray]:
    """How often each question is drawn. *Shape:* ``(size, samples)``."""
    random = np.random.default_rng(_SEED)
    for samples in _blocks(RESAMPLES):
        drawn = random.integers(0, size, (size, samples)) * samples + np.arange(samples)
        yield np.bincount(drawn.ravel(), minlength=size * samples).reshape(size, samples).astype(np.float64)


def _swaps(pairs: int) -> Iterator[FloatArray]:
    """For each pair which of its two counts. *Shape:* ``(2 * pairs, samples)``."""
    random = np.random.default_rng(_SEED)
    for samples in _blocks(PERMUTATIONS):
        first = random.integers(0, 2, (pairs, samples)).astype(np.float64)
        yield np.vstack([first, 1 - first])


def _blocks(total: int) -> Iterator[int]:
    for start in range(0, total, _AT_A_TIME):
        yield min(_AT_A_TIME, total - start)


def _percentiles(values: FloatArray) -> tuple[float, float] | None:
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
