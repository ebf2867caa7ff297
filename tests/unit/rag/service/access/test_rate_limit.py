from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.service.access.rate_limit import RateLimits


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_requests_are_served_at_once_then_one_at_a_time() -> None:
    clock = Clock()
    limits = RateLimits(clock)
    assert [limits.take("alice", 3) for _ in range(3)] == [0, 0, 0]
    assert limits.take("alice", 3) == pytest.approx(20)
    clock.now += 19
    assert limits.take("alice", 3) == pytest.approx(1)
    clock.now += 1
    assert limits.take("alice", 3) == 0
    assert limits.take("alice", 3) == pytest.approx(20)


def test_refused_requests_do_not_count() -> None:
    clock = Clock()
    limits = RateLimits(clock)
    assert limits.take("alice", 1) == 0
    for _ in range(100):
        assert limits.take("alice", 1) > 0
    clock.now += 60
    assert limits.take("alice", 1) == 0


def test_each_key_has_a_bucket_of_its_own() -> None:
    limits = RateLimits(Clock())
    assert limits.take("alice", 1) == 0
    assert limits.take("bob", 1) == 0
    assert limits.take("alice", 1) > 0


def test_zero_is_no_limit() -> None:
    limits = RateLimits(Clock())
    assert not any(limits.take("alice", 0) for _ in range(10_000))


def test_another_limit_is_in_force_at_once() -> None:
    limits = RateLimits(Clock())
    assert limits.take("alice", 1) == 0
    assert limits.take("alice", 1) > 0
    assert [limits.take("alice", 2) > 0 for _ in range(3)] == [False, False, True]


def test_an_idle_key_saves_up_no_more_than_a_minute() -> None:
    clock = Clock()
    limits = RateLimits(clock)
    limits.take("alice", 2)
    clock.now += 100_000
    assert [limits.take("alice", 2) > 0 for _ in range(3)] == [False, False, True]


def test_full_buckets_of_keys_that_have_gone_are_dropped() -> None:
    clock = Clock()
    limits = RateLimits(clock)
    for number in range(4096):
        limits.take(f"key-{number}", 60)
    clock.now += 2
    limits.take("one-more", 60)
    assert len(limits._buckets) == 1


@given(
    st.integers(1, 100),
    st.lists(st.floats(0, 30, allow_subnormal=False), max_size=100),
)
def test_no_schedule_gets_more_than_the_burst_and_the_rate(per_minute: int, pauses: list[float]) -> None:
    """Over any stretch of t seconds, at most a minute's requests and t/60 of them are served."""
    clock = Clock()
    limits = RateLimits(clock)
    served: list[float] = []
    for pause in pauses:
        clock.now += pause
        wait = limits.take("alice", per_minute)
        if not wait:
            served.append(clock.now)
        else:
            assert 0 < wait <= 60 / per_minute + 1e-6
    for first, start in enumerate(served):
        for last in range(first, len(served)):
            assert last - first + 1 <= per_minute * (1 + (served[last] - start) / 60) + 1e-6


@given(st.integers(1, 1000), st.integers(1, 5))
def test_who_waits_as_long_as_told_is_served(per_minute: int, rounds: int) -> None:
    clock = Clock()
    limits = RateLimits(clock)
    while not (wait := limits.take("alice", per_minute)):
        pass
    for _ in range(rounds):
        clock.now += wait + 1e-6
        assert limits.take("alice", per_minute) == 0
        wait = limits.take("alice", per_minute)
