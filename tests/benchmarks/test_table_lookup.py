"""The benchmark of table lookup, on a folder of one small document."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.table_lookup import main

TABLE = "# Prices\n\n| Part | Price | Stock |\n|---|---|---|\n| Belt | 17 | 3 |\n| Seal | 22 | 5 |\n"


def test_counts_labelled_and_made_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "prices.md").write_text(TABLE)
    question = {"id": "1", "question": "What is the price of the seal?", "answers": ["22"], "source": "table"}
    (tmp_path / "questions.jsonl").write_text(json.dumps({**question, "document": "prices.md", "pages": [1]}))
    monkeypatch.setattr(sys, "argv", ["table_lookup", str(tmp_path)])
    assert main() == 0
    by_question, by_finding = capsys.readouterr().out.split("\n\n")
    lines = [line.rsplit(maxsplit=5) for line in by_question.splitlines()]
    printed = {kind.partition(": ")[2]: counts for kind, *counts in lines}
    assert printed["labelled"] == ["1", "1", "1", "0", "1.000"]
    assert printed["made, in full"] == ["4", "4", "4", "0", "1.000"]
    assert printed["absent row"] == ["4", "0", "0", "0", "-"]
    _, *found = by_finding.splitlines()
    assert [line.rsplit(maxsplit=3) for line in found] == [["cell: label named, column named", "12", "0", "1.000"]]
