"""Metrics over weighted questions, bootstrap and paired test, against numbers worked out by hand and simpler code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.metrics import Estimate, Quantile, Ratio
from rag.evaluation.reliability import CONFIDENCE, AreaUnderRiskCoverage, CalibrationError, bins, curve
from rag.evaluation.results import QuestionResult
from rag.evaluation.significance import intervals, once, p_values


def result(number: int = 0, **fields: Any) -> QuestionResult:
    given_ = {"answerable": True, "paged": True, "page_rank": 1, "document_rank": 1, "seconds": 1.0, **fields}
    return QuestionResult(id=str(number), question="?", **given_)


def answer(confidence: float, *, right: bool) -> QuestionResult:
    return result(answered=True, outcome="right" if right else "wrong", confidence=confidence)


def abstention(confidence: float) -> QuestionResult:
    return result(answered=False, outcome="false_abstention", confidence=confidence)


def value(estimate: Estimate, weights: list[float]) -> float:
    return float(estimate(np.array(weights)[:, None])[0])


HIT = Ratio("hit", "more", lambda one: one.page_rank == 1, lambda one: one.paged)
SECONDS = Quantile("seconds", None, 0.5, lambda one: one.seconds)


class TestRatio:
    def test_weighted(self) -> None:
        estimate = HIT.over([result(page_rank=1), result(page_rank=2), result(paged=False)])
        assert value(estimate, [1, 1, 1]) == 0.5
        assert value(estimate, [3, 1, 9]) == 0.75

    def test_undefined(self) -> None:
        assert np.isnan(value(HIT.over([result(paged=False)]), [1]))
        assert np.isnan(value(HIT.over([result(), result(paged=False)]), [0, 1]))


class TestQuantile:
    @given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.sampled_from([0.5, 0.95]))
    def test_next_to_where_numpy_interpolates(self, seconds: list[float], share: float) -> None:
        estimate = Quantile("s", None, share, lambda one: one.seconds).over([result(seconds=one) for one in seconds])
        found = value(estimate, [1.0] * len(seconds))
        assert np.percentile(seconds, share * 100, method="lower") <= found
        assert found <= np.percentile(seconds, share * 100, method="higher")

    @given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=20))
    def test_a_weight_is_a_number_of_copies(self, counted: list[tuple[int, int]]) -> None:
        copies = [result(seconds=float(seconds)) for seconds, count in counted for _ in range(count)]
        weighted = value(SECONDS.over([result(seconds=float(one)) for one, _ in counted]), [n for _, n in counted])
        if copies:
            assert weighted == value(SECONDS.over(copies), [1.0] * len(copies))
        else:
            assert np.isnan(weighted)

    def test_of_a_hundred(self) -> None:
        results = [result(seconds=float(second)) for second in range(100, 0, -1)]
        assert value(SECONDS.over(results), [1.0] * 100) in (50.0, 51.0)

    def test_nothing_known(self) -> None:
        assert np.isnan(value(Quantile("q", None, 0.5, lambda _: None).over([result()]), [1.0]))


class TestCalibration:
    ITEMS = (
        answer(0.95, right=True), answer(0.92, right=True), answer(0.91, right=False), answer(1.0, right=True),
        answer(0.55, right=False), answer(0.51, right=True), abstention(0.99), abstention(0.0),
    )  # fmt: skip

    def test_bins(self) -> None:
        low, high = bins(self.ITEMS)
        assert (low.low, low.high, low.n, low.confidence, low.right) == (0.5, 0.6, 2, 0.53, 0.5)
        assert (high.low, high.high, high.n, high.confidence, high.right) == (0.9, 1.0, 4, 0.945, 0.75)

    def test_expected_calibration_error(self) -> None:
        # Of six answers, two with a gap of .03 and four with one of .195.
        estimate = CalibrationError().over(self.ITEMS)
        assert value(estimate, [1.0] * 8) == pytest.approx((2 * 0.03 + 4 * 0.195) / 6)
        # The bin of .5 alone, its wrong answer twice: confidence 1.61 / 3, right 1 / 3.
        assert value(estimate, [0, 0, 0, 0, 2, 1, 5, 5]) == pytest.approx(1.61 / 3 - 1 / 3)

    def test_an_answer_without_confidence_is_left_out(self) -> None:
        unrated = [*self.ITEMS, result(answered=True, outcome="wrong"), result(answered=True, outcome="right")]
        assert bins(unrated) == bins(self.ITEMS)
        assert value(CalibrationError().over(unrated), [1.0] * 10) == pytest.approx((2 * 0.03 + 4 * 0.195) / 6)
        brier = next(metric for metric in CONFIDENCE if metric.name == "brier")
        assert value(brier.over(unrated), [1.0] * 10) == value(brier.over(self.ITEMS), [1.0] * 8)

    def test_no_answer(self) -> None:
        assert bins([abstention(0.2)]) == []
        assert np.isnan(value(CalibrationError().over([abstention(0.2)]), [1.0]))


class TestRiskCoverage:
    def test_curve(self) -> None:
        results = [abstention(0.99), answer(0.5, right=False), answer(0.9, right=True), answer(0.7, right=True)]
        assert [(point.confidence, point.coverage, point.risk, point.answered) for point in curve(results)] == [
            (0.9, 0.25, 0.0, True),
            (0.7, 0.5, 0.0, True),
            (0.5, 0.75, 0.3333, True),
            (0.99, 1.0, 0.5, False),
        ]
        area = value(AreaUnderRiskCoverage().over(results), [1.0] * 4)
        assert area == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)

    def test_equally_sure_questions_come_together(self) -> None:
        """Their order would be arbitrary: each has the risk of all of them."""
        results = [answer(0.9, right=True), answer(0.9, right=False), answer(0.1, right=False)]
        assert [point.risk for point in curve(results)] == [0.5, 0.6667]
        assert value(AreaUnderRiskCoverage().over(results), [1.0] * 3) == pytest.approx((0.5 + 0.5 + 2 / 3) / 3)

    def test_an_answer_without_confidence_is_left_out(self) -> None:
        rated = [answer(0.9, right=True), answer(0.5, right=False), abstention(0.2)]
        unrated = [*rated, result(answered=True, outcome="right")]
        assert curve(unrated) == curve(rated)
        area = AreaUnderRiskCoverage()
        assert value(area.over(unrated), [1.0] * 4) == value(area.over(rated), [1.0] * 3)
        assert np.isnan(value(area.over(unrated[3:]), [1.0]))
        assert curve(unrated[3:]) == []

    def test_an_abstention_without_confidence_is_the_least_confident(self) -> None:
        results = [result(answered=False, outcome="abstained"), abstention(0.2), answer(0.1, right=True)]
        assert [point.risk for point in curve(results)] == [0.0, 0.5, 0.6667]
        assert [point.confidence for point in curve(results)] == [0.1, 0.2, 0.0]

    @given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans()), min_size=1, max_size=30))
    def test_area_is_the_mean_risk_of_the_curve(self, rows: list[tuple[int, bool, bool]]) -> None:
        results = [answer(c / 4, right=right) if answered else abstention(c / 4) for c, right, answered in rows]
        before, area = 0.0, 0.0
        for point in curve(results):
            area += (point.coverage - before) * point.risk
            before = point.coverage
        assert value(AreaUnderRiskCoverage().over(results), [1.0] * len(results)) == pytest.approx(area, abs=1e-3)

    def test_confidence_in_the_right_order_is_better_than_in_the_wrong_one(self) -> None:
        sure = [answer(0.9, right=True), answer(0.8, right=True), answer(0.2, right=False)]
        wrong = [answer(0.1, right=True), answer(0.2, right=True), answer(0.8, right=False)]
        area = AreaUnderRiskCoverage()
        assert value(area.over(sure), [1.0] * 3) < value(area.over(wrong), [1.0] * 3)


class TestIntervals:
    def test_of_a_share(self) -> None:
        """Close to the normal approximation: .5 ± 1.96 · √(.25 / 400)."""
        results = [result(number, page_rank=1 + number % 2) for number in range(400)]
        low, high = intervals({"hit": HIT.over(results)}, 400)["hit"] or (0.0, 0.0)
        assert low == pytest.approx(0.5 - 0.049, abs=0.004)
        assert high == pytest.approx(0.5 + 0.049, abs=0.004)

    def test_the_same_run_gives_the_same_interval(self) -> None:
        results = [result(number, seconds=float(number)) for number in range(20)]
        estimates = {"seconds": SECONDS.over(results)}
        assert intervals(estimates, 20) == intervals(estimates, 20)

    def test_without_variation(self) -> None:
        assert intervals({"hit": HIT.over([result()] * 5)}, 5) == {"hit": (1.0, 1.0)}

    def test_undefined(self) -> None:
        estimates = {"hit": HIT.over([result(paged=False)])}
        assert intervals(estimates, 1) == {"hit": None}
        assert once(estimates, 1) == {"hit": None}


class TestPairedTest:
    def p(self, now: list[bool], before: list[bool]) -> float:
        results = [result(page_rank=1 if hit else 2) for hit in (*now, *before)]
        return p_values({"hit": HIT.over(results)}, len(now))["hit"]

    def test_ten_lost_and_none_won(self) -> None:
        """The sign test: 2 · .5 ^ 10 = .002."""
        assert self.p([False] * 10 + [True] * 30, [True] * 40) == pytest.approx(0.002, abs=0.0015)

    def test_six_lost_and_two_won(self) -> None:
        """The sign test: 2 · (1 + 8 + 28) / 2 ^ 8 = .289."""
        now = [False] * 6 + [True] * 2 + [True] * 30
        before = [True] * 6 + [False] * 2 + [True] * 30
        assert self.p(now, before) == pytest.approx(0.289, abs=0.02)
        assert self.p(before, now) == pytest.approx(0.289, abs=0.02)

    def test_no_difference(self) -> None:
        assert self.p([True, False], [True, False]) == 1.0
        assert self.p([True, False], [False, True]) == 1.0
