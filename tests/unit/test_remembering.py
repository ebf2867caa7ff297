"""The values that were used last, from any thread."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from rag.generation.remembering import Remembered


@given(st.integers(0, 4), st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=40))
def test_what_was_used_longest_ago_goes(most: int, uses: list[tuple[bool, int]]) -> None:
    remembered, oracle = Remembered[int](most), OrderedDict[int, int]()
    for time, (put, key) in enumerate(uses):
        if put:
            remembered.put(key, time)
            oracle.pop(key, None)
            oracle[key] = time
            while len(oracle) > most:
                oracle.popitem(last=False)
        else:
            assert remembered.get(key) == oracle.get(key)
            if key in oracle:
                oracle.move_to_end(key)
    assert all(remembered.get(key) == oracle.get(key) for key in range(7))


def test_many_threads_get_what_was_put_under_their_key_or_nothing() -> None:
    remembered = Remembered[int](8)

    def use(start: int) -> bool:
        for key in range(start, start + 500):
            remembered.put(key % 20, key % 20)
            if remembered.get(key % 13) not in (None, key % 13):
                return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(use, range(4)))
    assert sum(remembered.get(key) is not None for key in range(20)) == 8
