"""Single-flight LRU cache: least recently used values go, and each value is computed once."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from time import sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import Cancelled
from rag.runtime.cancellation import Cancellation
from rag.runtime.single_flight_cache import SingleFlightCache


@given(st.integers(0, 4), st.lists(st.integers(0, 6), max_size=40))
def test_the_least_recently_used_value_goes(capacity: int, uses: list[int]) -> None:
    cache, oracle = SingleFlightCache[int](capacity), OrderedDict[int, int]()
    for time, key in enumerate(uses):
        value = cache.claim(key, Cancellation())
        assert value == oracle.get(key)
        if value is None:
            cache.settle(key, time)
            oracle[key] = time
            while len(oracle) > capacity:
                oracle.popitem(last=False)
        else:
            oracle.move_to_end(key)


def test_a_value_that_is_being_computed_is_waited_for() -> None:
    cache, computed = SingleFlightCache[int](8), []

    def use(_: int) -> int:
        if (value := cache.claim("key", Cancellation())) is not None:
            return value
        sleep(0.02)
        computed.append(1)
        cache.settle("key", 7)
        return 7

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(use, range(6))) == {7}
    assert len(computed) == 1


def test_after_a_failure_the_next_caller_computes_it() -> None:
    cache, claimed = SingleFlightCache[int](8), []
    assert cache.claim("key", Cancellation()) is None
    waiting = Thread(target=lambda: claimed.append(cache.claim("key", Cancellation())))
    waiting.start()
    cache.settle("key", None)
    waiting.join(60)
    assert claimed == [None]


def test_a_waiting_caller_can_be_cancelled() -> None:
    cache, cancelled = SingleFlightCache[int](8), Cancellation()
    assert cache.claim("key", Cancellation()) is None
    cancelled.cancel()
    with pytest.raises(Cancelled):
        cache.claim("key", cancelled)


def test_without_capacity_no_caller_waits() -> None:
    cache = SingleFlightCache[int](0)
    assert cache.claim("key", Cancellation()) is None
    assert cache.claim("key", Cancellation()) is None
    cache.settle("key", 7)
    assert cache.claim("key", Cancellation()) is None
