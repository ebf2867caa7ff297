"""The values that were used last, from any thread; each is made once."""

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
def test_what_was_used_longest_ago_goes(most: int, uses: list[int]) -> None:
    remembered, oracle = SingleFlightCache[int](most), OrderedDict[int, int]()
    for time, key in enumerate(uses):
        known = remembered.claim(key, Cancellation())
        assert known == oracle.get(key)
        if known is None:
            remembered.settle(key, time)
            oracle[key] = time
            while len(oracle) > most:
                oracle.popitem(last=False)
        else:
            oracle.move_to_end(key)


def test_what_is_being_made_is_waited_for() -> None:
    remembered, made = SingleFlightCache[int](8), []

    def use(_: int) -> int:
        if (known := remembered.claim("key", Cancellation())) is not None:
            return known
        sleep(0.02)
        made.append(1)
        remembered.settle("key", 7)
        return 7

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(use, range(6))) == {7}
    assert len(made) == 1


def test_where_nothing_came_of_it_the_next_one_makes_it() -> None:
    remembered, claimed = SingleFlightCache[int](8), []
    assert remembered.claim("key", Cancellation()) is None
    waiting = Thread(target=lambda: claimed.append(remembered.claim("key", Cancellation())))
    waiting.start()
    remembered.settle("key", None)
    waiting.join(5)
    assert claimed == [None]


def test_who_waits_can_be_cancelled() -> None:
    remembered, cancelled = SingleFlightCache[int](8), Cancellation()
    assert remembered.claim("key", Cancellation()) is None
    cancelled.cancel()
    with pytest.raises(Cancelled):
        remembered.claim("key", cancelled)


def test_without_memory_nobody_waits() -> None:
    remembered = SingleFlightCache[int](0)
    assert remembered.claim("key", Cancellation()) is None
    assert remembered.claim("key", Cancellation()) is None
    remembered.settle("key", 7)
    assert remembered.claim("key", Cancellation()) is None
