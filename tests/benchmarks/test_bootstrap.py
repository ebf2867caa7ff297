"""Bootstrap intervals and p-values, against an enumeration of every possible draw."""

from __future__ import annotations

from itertools import product
from statistics import mean, median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bootstrap import Estimate, estimate, paired_p_value, ratio_of_medians, ratio_over_groups
from benchmarks.sampling import sampled

SECONDS = st.lists(st.floats(min_value=0.01, max_value=100), min_size=1, max_size=20)


class TestRatioOfMedians:
    @given(SECONDS, st.floats(min_value=0.1, max_value=10))
    def test_a_constant_ratio_has_no_width(self, theirs: list[float], factor: float) -> None:
        made = ratio_of_medians([factor * seconds for seconds in theirs], theirs, rounds=50)
        assert made == pytest.approx((factor, factor, factor))

    def test_interval_of_all_draws(self) -> None:
        ours, theirs = [1.0, 2.0, 3.0, 7.0], [4.0, 3.0, 9.0, 8.0]
        every = [
            median(ours[row] for row in rows) / median(theirs[row] for row in rows)
            for rows in product(range(4), repeat=4)
        ]
        made = ratio_of_medians(ours, theirs)
        assert made.value == 2.5 / 6
        assert (made.low, made.high) == pytest.approx(tuple(np.quantile(every, (0.025, 0.975))), abs=0.02)

    def test_paired(self) -> None:
        """Hard questions are hard for both: drawn apart, the ratio of these would be anything from 0.01 to 100."""
        made = ratio_of_medians([1.0, 100.0] * 10, [2.0, 200.0] * 10)
        assert made == pytest.approx((0.5, 0.5, 0.5))

    def test_repeatable(self) -> None:
        assert ratio_of_medians([1, 2, 5], [2, 2, 3]) == ratio_of_medians([1, 2, 5], [2, 2, 3])


class TestPairedPValue:
    @pytest.mark.parametrize(
        "differences",
        [
            pytest.param([1, 1, 1, 0], id="better"),
            pytest.param([-1, -1, 0, 0, -1], id="worse"),
            pytest.param([1, -1, 1, 0, 1], id="better but for one"),
        ],
    )
    def test_of_all_draws(self, differences: list[float]) -> None:
        means = [mean(drawn) for drawn in product(differences, repeat=len(differences))]
        least = min(sum(value <= 0 for value in means), sum(value >= 0 for value in means))
        made = paired_p_value(differences, [0.0] * len(differences))
        assert made == pytest.approx(min(1.0, 2 * least / len(means)), abs=0.02)

    def test_the_same_is_1(self) -> None:
        assert paired_p_value([1, 0, 1], [1, 0, 1]) == 1.0

    def test_never_0(self) -> None:
        assert paired_p_value([2, 2], [1, 1], rounds=99) == pytest.approx(2 / 100)


class TestGroups:
    def test_interval_of_all_draws(self) -> None:
        """Values of a group are drawn together: two groups can be drawn in four ways."""
        every = [np.median([*one, *other]) for one, other in product([[1.0, 2.0], [5.0]], repeat=2)]
        made = estimate([[1.0, 2.0], [5.0]])
        assert made.value == 2.0
        assert (made.low, made.high) == tuple(np.quantile(every, (0.05, 0.95), method="inverted_cdf"))

    @given(st.lists(SECONDS, min_size=1, max_size=4), st.floats(min_value=0.1, max_value=10))
    def test_a_constant_ratio_has_no_width(self, theirs: list[list[float]], factor: float) -> None:
        ours = [[factor * value for value in group] for group in theirs]
        assert ratio_over_groups(ours, theirs, rounds=20) == pytest.approx((factor,) * 3)

    def test_draws_without_a_value_do_not_count(self) -> None:
        assert ratio_over_groups([[2.0], []], [[1.0], [1.0]], np.sum, rounds=50).high <= 2.0

    def test_as_text(self) -> None:
        assert format(Estimate(1.234, 1.0, 2.0), ".2f") == "1.23 (1.00–2.00)"


class TestSampled:
    @given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 5))
    def test_in_order_without_repeats(self, size: int, count: int, seed: int) -> None:
        made = sampled(range(size), count, seed)
        assert made == sorted(set(made))
        assert len(made) == min(size, count)
        assert made == sampled(range(size), count, seed)

    def test_all(self) -> None:
        assert sampled("abc", None, 0) == ["a", "b", "c"]

    def test_every_one_may_be_drawn(self) -> None:
        assert {item for seed in range(50) for item in sampled(range(5), 2, seed)} == set(range(5))
