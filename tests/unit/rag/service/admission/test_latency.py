"""Latency estimate: measurements of answers, and the estimated waiting time."""

from __future__ import annotations

import pytest

from rag.service.admission.latency import LatencyEstimate


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def new_estimate(parallel: int) -> tuple[LatencyEstimate, Clock]:
    clock = Clock()
    return LatencyEstimate(parallel, clock), clock


def answers(latency: LatencyEstimate, clock: Clock, *, beside: int, seconds: float) -> None:
    """``beside`` answers at once, of ``seconds`` each."""
    begun = [latency.begin() for _ in range(beside)]
    clock.now += seconds
    for started in begun:
        latency.end(started, finished=True)


@pytest.mark.parametrize("parallel", [1, 4])
def test_before_anything_is_measured_ten_seconds_are_guessed(parallel: int) -> None:
    latency, _ = new_estimate(parallel)
    assert (latency.seconds, latency.interval) == (10.0, 10.0 / parallel)


def test_the_first_answer_replaces_the_guess() -> None:
    latency, clock = new_estimate(1)
    answers(latency, clock, beside=1, seconds=2.0)
    assert (latency.seconds, latency.interval) == (2.0, 2.0)


def test_the_interval_accounts_for_answers_at_work_meanwhile() -> None:
    latency, clock = new_estimate(4)
    answers(latency, clock, beside=4, seconds=8.0)
    assert latency.interval == pytest.approx(2.0)
    assert latency.seconds == pytest.approx(8.0)


def test_answers_that_overlap() -> None:
    """Two of 4 s, the second begun when the first was half done."""
    latency, clock = new_estimate(2)
    first = latency.begin()
    clock.now += 2.0
    second = latency.begin()
    clock.now += 2.0
    latency.end(first, finished=True)
    # 2 s alone and 2 s beside another: 6 s of work in 4 s, 1.5 at work on average; two are slower than that.
    assert latency.seconds == pytest.approx(4.0 * (2 / 1.5) ** 0.5)
    clock.now += 2.0
    latency.end(second, finished=True)
    assert latency.seconds == pytest.approx(4.0 * (2 / 1.5) ** 0.5)


def test_after_one_alone_an_answer_beside_others_is_expected_to_be_slower() -> None:
    latency, clock = new_estimate(4)
    answers(latency, clock, beside=1, seconds=3.0)
    # Between 3 s, if the machine has room for four, and 12 s, if it has not.
    assert latency.seconds == pytest.approx(6.0)


def test_newer_answers_count_more() -> None:
    latency, clock = new_estimate(1)
    for _ in range(50):
        answers(latency, clock, beside=1, seconds=1.0)
    for _ in range(20):
        answers(latency, clock, beside=1, seconds=5.0)
    assert 4.9 < latency.seconds < 5.0


def test_an_unfinished_answer_is_not_measured() -> None:
    latency, clock = new_estimate(1)
    started = latency.begin()
    clock.now += 0.1
    latency.end(started, finished=False)
    assert (latency.interval, latency.at_work) == (10.0, 0)


def test_an_answer_that_took_no_time_is_not_measured() -> None:
    latency, _ = new_estimate(1)
    latency.end(latency.begin(), finished=True)
    assert latency.interval == 10.0


def test_seconds_until_follow_those_at_work() -> None:
    latency, clock = new_estimate(2)
    answers(latency, clock, beside=2, seconds=6.0)
    latency.begin()
    clock.now += 2.0
    latency.begin()
    clock.now += 1.0
    # They end in 3 and 5 s; those after them, 6 s later.
    assert [latency.seconds_until(position) for position in (1, 2, 3, 4)] == pytest.approx([3.0, 5.0, 9.0, 11.0])


def test_one_that_takes_longer_than_others_may_end_at_any_time() -> None:
    latency, clock = new_estimate(1)
    answers(latency, clock, beside=1, seconds=4.0)
    latency.begin()
    clock.now += 30.0
    assert latency.seconds_until(1) == 4.0
