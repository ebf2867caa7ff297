"""Statistical significance of metrics: bootstrap confidence intervals, and a paired randomisation test of two runs.

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
# Samples at a time: it bounds memory, at 8 bytes for each sample and question.
_AT_A_TIME: Final = 500
# Tolerance: two sums of the same numbers in another order differ by rounding.
_EQUAL: Final = 1e-9


def once(estimates: Mapping[str, Estimate], size: int) -> dict[str, float | None]:
    """The metrics of a run itself, without resampling; None where a metric is undefined."""
    weights = np.ones((size, 1))
    return {name: _known(estimate(weights)[0]) for name, estimate in estimates.items()}


def intervals(estimates: Mapping[str, Estimate], size: int) -> dict[str, tuple[float, float] | None]:
    """95 % confidence intervals by the percentile bootstrap over questions; None where a metric is undefined.

    2000 samples of as many questions as the run has are drawn with replacement; the interval is from the 2.5th to the
    97.5th percentile of the metric over these samples. Efron, Tibshirani: An Introduction to the Bootstrap (1993),
    chapter 13.
    """
    values: dict[str, list[FloatArray]] = {name: [] for name in estimates}
    for weights in _draws(size):
        for name, estimate in estimates.items():
            values[name].append(estimate(weights))
    return {name: _percentiles(np.concatenate(found)) for name, found in values.items()}


def p_values(estimates: Mapping[str, Estimate], pairs: int) -> dict[str, float]:
    """Two-sided p-values of the differences between two runs of the same questions: a paired randomisation test.

    Under the null hypothesis the two results of a question are exchangeable between the runs. So each pair is swapped
    or not, at random, 4999 times: ``p = (1 + times that the metric differs at least as much) / 5000``.
    For a mean this is the sign-flip test; it holds for ratios and curves as well. Noreen: Computer Intensive Methods
    for Testing Hypotheses (1989); Smucker, Allan, Carterette: A Comparison of Statistical Significance Tests for
    Information Retrieval Evaluation (2007).

    Args:
        estimates: metrics over ``2 * pairs`` results: those of one run, then those of the other in the same order.
        pairs: number of questions.
    """
    own = np.vstack([np.ones((pairs, 1)), np.zeros((pairs, 1))])
    observed = {name: float(abs(estimate(own) - estimate(1 - own))[0]) for name, estimate in estimates.items()}
    as_far = dict.fromkeys(estimates, 0)
    for weights in _swaps(pairs):
        for name, estimate in estimates.items():
            # Where the metric is undefined on one side there is no difference.
            differences = np.nan_to_num(np.abs(estimate(weights) - estimate(1 - weights)))
            as_far[name] += int((differences >= observed[name] - _EQUAL).sum())
    return {name: (1 + count) / (1 + PERMUTATIONS) for name, count in as_far.items()}


def _draws(size: int) -> Iterator[FloatArray]:
    """Bootstrap weights: the number of times that each question is drawn. *Shape:* ``(size, samples)``."""
    random = np.random.default_rng(_SEED)
    for samples in _blocks(RESAMPLES):
        drawn = random.integers(0, size, (size, samples)) * samples + np.arange(samples)
        yield np.bincount(drawn.ravel(), minlength=size * samples).reshape(size, samples).astype(np.float64)


def _swaps(pairs: int) -> Iterator[FloatArray]:
    """Permutation weights: 1 for one result of each pair and 0 for the other. *Shape:* ``(2 * pairs, samples)``."""
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
