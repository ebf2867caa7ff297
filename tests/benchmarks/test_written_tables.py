"""The written questions about tables: how the file is read, and that hardly any answer is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.written_tables import DATA, main, read

PAGES = """\
=== drawn pumps.pdf dev
Pumps

Pump        Weight (kg)    Price (€)
Wren                120           90
Plover              285           99
---
Q: How heavy is the Wren?
A: 120
Q: How heavy are the Wren and the Plover?
A: 120 ;; 285
Q: How loud is the Wren?
A:
=== bars boats.html held
# Boats

Boat | Seats
Skiff | 4
Dinghy | 2
---
Q: How many seats has the skiff?
A: 2
Q: How many seats has the ferry?
A: 9
"""


def test_counts_by_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pages.txt").write_text(PAGES)
    monkeypatch.setattr(sys, "argv", ["written_tables", "--file", str(tmp_path / "pages.txt"), "--show", "held"])
    assert main() == 0
    *shown, _, dev, held = capsys.readouterr().out.splitlines()
    assert dev.split() == ["dev", "3", "2", "2", "2", "0", "0", "1.000", "1.000"]
    assert held.split() == ["held", "2", "2", "1", "0", "1", "0", "0.000", "0.000"]
    assert [line.strip() for line in shown] == [
        "How many seats has the skiff?",
        "gold ['2']",
        "said Skiff, Seats: 4.",
        "How many seats has the ferry?",
        "gold ['9']",
        "said -",
    ]


def test_hardly_any_answer_is_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["written_tables"])
    assert main() == 0
    _, *lines = capsys.readouterr().out.splitlines()
    counts = [[int(count) for count in line.split()[1:6]] for line in lines]
    _asked, answerable, answered, right, _wrong = map(sum, zip(*counts, strict=True))
    assert right >= 0.97 * answered
    assert right >= 0.7 * answerable


def test_each_written_cell_is_on_its_page() -> None:
    for question in read(DATA):
        assert all(cell in question.evidence.page.text for cell in question.gold), question.text
