"""What people have said of answers, on the terminal."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from rag.errors import QuestionsInvalid
from rag.evaluation.feedback import print_feedback, read_feedback

SAID = {"verdict": "wrong", "answer": "24 euros", "answered": True, "time": "2026-11-30T10:00:00+00:00"}
RIGHT = {**SAID, "verdict": "right"}
PLACE: dict[str, object] = {"document": "fees.pdf", "pages": [3]}
ROWS: list[dict[str, object]] = [
    {"id": "1", "question": "What does it cost?", "answers": ["26 euros"], **PLACE, "feedback": SAID},
    {"id": "2", "question": "Who\nwrote [bold]it[/bold]?", "answers": None, "feedback": SAID},
    {"id": "3", "question": "Why?", "answers": [], "feedback": SAID},
    {"id": "4", "question": "When?", "answers": ["At 8"], "feedback": RIGHT},
    {"id": "own", "question": "How long?", "answers": ["24 months"]},
]  # fmt: skip


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_it_is_shown(tmp_path: Path) -> None:
    out = io.StringIO()
    judged = read_feedback(write(tmp_path / "q.jsonl", *ROWS))
    print_feedback(Console(file=out, width=200, highlight=False), judged)
    assert out.getvalue() == (
        "4 answers judged: 1 right, 3 wrong  of 1 nobody said what is right: these are not measured\n"
        "  What does it cost?\n    answered: 24 euros\n    should be: 26 euros (fees.pdf, page 3)\n"
        "  Who wrote [bold]it[/bold]?\n    answered: 24 euros\n    should be: not said\n"
        "  Why?\n    answered: 24 euros\n    should be: not in the documents\n\n"
    )


def test_a_long_answer_is_cut(tmp_path: Path) -> None:
    row = {**ROWS[0], "feedback": {**SAID, "answer": "word " * 500}}
    out = io.StringIO()
    print_feedback(Console(file=out, width=300), read_feedback(write(tmp_path / "q.jsonl", row)))
    assert max(map(len, out.getvalue().splitlines())) < 250


def test_nobody_has_said_anything(tmp_path: Path) -> None:
    with pytest.raises(QuestionsInvalid, match="nobody has said anything of an answer yet"):
        read_feedback(tmp_path / "q.jsonl")


@pytest.mark.parametrize("line", ["no JSON", '{"id": 3}', '{"id": "a", "question": "b", "feedback": {}}'])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(QuestionsInvalid, match="line 2: "):
        read_feedback(write(tmp_path / "q.jsonl", ROWS[0], line))
