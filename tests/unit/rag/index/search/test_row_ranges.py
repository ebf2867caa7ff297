"""Sets of rows as ranges: the same as sets of numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag.index.search.row_ranges import RowRanges

ranges = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 6)).map(lambda pair: range(pair[0], sum(pair))), max_size=6
)


def numbers(some: list[range]) -> set[int]:
    return {row for each in some for row in each}


def is_canonical(found: RowRanges) -> bool:
    """True if the ranges ascend, are not empty, and do not overlap."""
    bounds = np.stack([found.starts, found.ends], axis=1).ravel()
    return bool((np.diff(bounds)[::2] > 0).all() and (np.diff(bounds) >= 0).all())


@given(ranges)
def test_rows(some: list[range]) -> None:
    found = RowRanges.of(some)
    assert found.rows().tolist() == sorted(numbers(some))
    assert len(found) == len(numbers(some))
    assert is_canonical(found)


def test_neighbours_become_one_range() -> None:
    found = RowRanges.of([range(5, 9), range(2), range(2, 5)])
    assert (found.starts.tolist(), found.ends.tolist()) == ([0], [9])


def test_whole() -> None:
    assert RowRanges.whole(3).rows().tolist() == [0, 1, 2]
    assert len(RowRanges.whole(0)) == 0


@given(ranges)
def test_holds(some: list[range]) -> None:
    held = RowRanges.of(some).holds(np.arange(40, dtype=np.int32))
    assert np.flatnonzero(held).tolist() == sorted(numbers(some))


@given(ranges, st.data())
def test_at(some: list[range], data: st.DataObject) -> None:
    found = RowRanges.of(some)
    positions = np.array(data.draw(st.lists(st.sampled_from(range(len(found))))) if len(found) else [], np.int64)
    np.testing.assert_array_equal(found.at(positions), found.rows()[positions])


@given(ranges, st.sets(st.integers(0, 40)))
def test_without(some: list[range], gone: set[int]) -> None:
    found = RowRanges.of(some).without(gone)
    assert found.rows().tolist() == sorted(numbers(some) - gone)
    assert is_canonical(found)


@given(ranges, ranges)
def test_intersection(some: list[range], others: list[range]) -> None:
    found = RowRanges.of(some).intersection(RowRanges.of(others))
    assert found.rows().tolist() == sorted(numbers(some) & numbers(others))
    assert is_canonical(found)


@given(ranges, ranges)
def test_meets(some: list[range], others: list[range]) -> None:
    documents = RowRanges.of(others)
    expected = [
        any(row in numbers(some) for row in range(start, end))
        for start, end in zip(documents.starts.tolist(), documents.ends.tolist(), strict=True)
    ]
    assert RowRanges.of(some).meets(documents).tolist() == expected
