"""Journal: what was appended is read again, also after a crash in the middle of a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.journal import Journal
from tests.unit.conftest import quick_folder

VALUES = st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=3), max_size=5))
def test_what_was_appended_is_read(rows: list[dict[str, object]]) -> None:
    with quick_folder() as folder:
        journal = Journal(folder / "new" / "rows.jsonl")
        assert journal.rows() == []
        for row in rows:
            journal.append(row)
        assert journal.rows() == Journal(journal.path).rows() == rows


@pytest.mark.parametrize("cut", [1, 5, 9])
def test_a_line_that_was_cut_counts_as_not_there(tmp_path: Path, cut: int) -> None:
    journal = Journal(tmp_path / "rows.jsonl")
    journal.append({"a": 1})
    journal.append({"b": 22})
    journal.path.write_bytes(journal.path.read_bytes()[: -1 - cut])
    again = Journal(journal.path)
    assert again.rows() == [{"a": 1}]
    again.append({"c": 3})
    assert again.rows() == [{"a": 1}, {"c": 3}]


def test_other_lines_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('\n[1]\n"text"\n{"a": 1}\n')
    assert Journal(path).rows() == [{"a": 1}]


def test_clear(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "rows.jsonl")
    journal.clear()
    journal.append({"a": 1})
    journal.clear()
    assert journal.rows() == []
