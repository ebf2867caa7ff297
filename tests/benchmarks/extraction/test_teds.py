"""TEDS of small tables, worked out by hand, and properties that hold for all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.extraction.teds import teds

tables = st.lists(st.lists(st.text("ab ", max_size=3), min_size=1, max_size=3), min_size=1, max_size=4)
TABLE = [["Pump", "Weight"], ["Wren", "120"], ["Plover", "285"]]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(TABLE, 1.0, id="equal"),
        pytest.param([[*TABLE[0]], [*TABLE[1]]], 1 - 3 / 10, id="a row is missing"),
        pytest.param([row[:1] for row in TABLE], 1 - 3 / 10, id="a column is missing"),
        pytest.param([TABLE[0], TABLE[1], ["Plover", "28"]], 1 - (1 / 3) / 10, id="a digit is missing"),
        pytest.param([TABLE[0], ["Wren", "120", ""], TABLE[2]], 1 - 1 / 11, id="a cell too many"),
        pytest.param([[cell for row in TABLE for cell in row]], 1 - 4 / 10, id="all in one row"),
        pytest.param([], 1 - 9 / 10, id="nothing"),
    ],
)
def test_worked_out(found: list[list[str]], expected: float) -> None:
    assert teds(found, TABLE) == pytest.approx(expected)


@given(tables, tables)
def test_it_is_symmetric_and_one_for_equal_tables_only(one: list[list[str]], other: list[list[str]]) -> None:
    assert teds(one, other) == pytest.approx(teds(other, one))
    assert 0.0 < teds(one, other) <= 1.0
    plain = [[[" ".join(cell.split()) for cell in row] for row in rows] for rows in (one, other)]
    assert (teds(one, other) == 1.0) == (plain[0] == plain[1])
