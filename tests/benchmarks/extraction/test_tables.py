"""TEDS of drawn tables: the benchmark runs, and the plain kinds are read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.extraction.drawn_tables import KINDS, draw_tables
from benchmarks.extraction.tables import main, ours
from benchmarks.extraction.teds import teds


def test_tables_are_drawn_alike_each_time(tmp_path: Path) -> None:
    tables = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        tables.append(draw_tables(tmp_path / name, 1))
    assert [table.kind for table in tables[0]] == list(KINDS)
    assert [table.readings for table in tables[0]] == [table.readings for table in tables[1]]
    assert all(table.path.read_bytes().startswith(b"%PDF") for table in tables[0])


def test_a_ruled_table_is_read(tmp_path: Path) -> None:
    ruled = draw_tables(tmp_path, 1)[0]
    assert teds(ours(ruled.path), ruled.readings[0]) > 0.9


def test_the_mean_of_each_kind_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["tables", "--count", "1"])
    assert main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:14].strip() for line in lines[1:-1]] == [*KINDS, "all"]
    assert lines[-1] == f"{len(KINDS)} tables, mean TEDS"
