"""Merged cells: each row and column has the text that belongs to it, and repetition stays bounded."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.markup.merged_cells import MergedCells, TableCell
from tests.complexity import assert_linear


def rows_of(*rows: Sequence[TableCell]) -> list[list[str]]:
    merged = MergedCells()
    return [merged.row(row) for row in rows]


def cell(text: str, columns: int = 1, rows: int = 1) -> TableCell:
    return TableCell(text, columns, rows)


BELOW = TableCell("", continues=True)


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        pytest.param([[cell("a"), cell("b")], [cell("c"), cell("d")]], [["a", "b"], ["c", "d"]], id="plain"),
        pytest.param(
            [[cell("a", rows=3), cell("b")], [cell("c")], [cell("d")], [cell("e"), cell("f")]],
            [["a", "b"], ["a", "c"], ["a", "d"], ["e", "f"]],
            id="first cell over rows",
        ),
        pytest.param(
            [[cell("a"), cell("b", rows=2), cell("c")], [cell("d"), cell("e")]],
            [["a", "b", "c"], ["d", "b", "e"]],
            id="cell in the middle",
        ),
        pytest.param([[cell("a"), cell("b", rows=2)], [cell("c")]], [["a", "b"], ["c", "b"]], id="last cell over rows"),
        pytest.param(
            [[cell("", rows=2), cell("2023", columns=2)], [cell("Q1"), cell("Q2")]],
            [["", "2023", "2023"], ["", "Q1", "Q2"]],
            id="head over columns, empty corner",
        ),
        pytest.param(
            [[cell("x", 2, 2), cell("a")], [cell("b")]], [["x", "x", "a"], ["x", "x", "b"]], id="rows and columns"
        ),
        pytest.param(
            [[cell("a"), cell("b")], [BELOW, cell("c")], [BELOW, cell("d")]],
            [["a", "b"], ["a", "c"], ["a", "d"]],
            id="Word: goes on in the row below",
        ),
        pytest.param([[cell("Group", columns=3)], [cell("a"), cell("b")]], [["Group"], ["a", "b"]], id="group heading"),
        pytest.param(
            [[cell("a", rows=2), cell("b")], [], [cell("c"), cell("d")]], [["a", "b"], [], ["c", "d"]], id="empty"
        ),
        pytest.param(
            [[cell("w " * 150, rows=2), cell("b")], [cell("c")]], [["w " * 150, "b"], ["", "c"]], id="long text once"
        ),
        pytest.param([[cell("\fa", rows=2), cell("b")], [cell("c")]], [["\fa", "b"], ["a", "c"]], id="page break once"),
    ],
)
def test_rows(rows: Sequence[Sequence[TableCell]], texts: list[list[str]]) -> None:
    assert rows_of(*rows) == texts


@given(
    st.lists(
        st.lists(
            st.builds(TableCell, st.text("ab", max_size=3), st.integers(0, 5), st.integers(0, 5), st.booleans()),
            max_size=5,
        ),
        max_size=6,
    )
)
def test_no_text_is_lost(rows: Sequence[Sequence[TableCell]]) -> None:
    for own, texts in zip(rows, rows_of(*rows), strict=True):
        left = list(texts)
        for one in own:
            if one.text:
                left.remove(one.text)


def test_what_is_repeated_is_bounded() -> None:
    wide = [cell("x" * 200, 40, 1_000)]
    merged = MergedCells()
    total = sum(len(text) for row in [[*wide, cell("y")], *[[cell("y")]] * 5_000] for text in merged.row(row))
    assert total < 5 * 5_000 + 5_000


def test_time_is_linear_in_rows_under_merged_cells() -> None:
    def prepare(size: int) -> object:
        rows = [[cell("x", 9_999, 9_999)] * 50, *[[cell("y")]] * size]
        return lambda: rows_of(*rows)

    assert_linear(prepare, 2_000)  # type: ignore[arg-type]
