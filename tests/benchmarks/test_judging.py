"""The sheet of the human evaluation: drawn, filled in, and counted."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import judging
from benchmarks.judging import UNJUDGED, answered_items, sheet, verdicts
from rag.errors import QuestionsInvalid


def item(number: int, *sentences: str, answered: bool = True) -> dict[str, Any]:
    quote = {"document": "a|b.pdf", "page": 2, "quote": "24\nmonths | 730 days"}
    return {
        "id": str(number),
        "question": f"Question {number}?",
        "answered": answered,
        "answer": " ".join(sentences),
        "answers": ["24 months", "two years"],
        "shown": [{"sentence": sentence, "quotes": [quote, quote]} for sentence in sentences],
    }


class TestSheet:
    def test_row(self) -> None:
        made = sheet([item(1, "It is | 24 months.")], "of 1").splitlines()
        assert "## 1. Question 1?" in made
        assert "Known answer: 24 months / two years (question 1)" in made
        quote = r"“24 months \| 730 days” (a\|b.pdf, page 2)"
        assert made[-1] == rf"| It is \| 24 months. | {quote}<br>{quote} |  |"

    def test_an_answer_without_quotes_is_judged_whole(self) -> None:
        made = sheet([item(1) | {"answer": "24 months."}], "of 1")
        assert made.endswith("| 24 months. | – |  |")

    def test_an_item_of_rag_eval_is_judged_whole(self) -> None:
        found = item(1) | {
            "answer": "24 months.",
            "cited": [{"document": "a.pdf", "page": 2, "quote": "24", "gold": True}],
        }
        del found["shown"]
        assert sheet([found], "of 1").endswith("| 24 months. | “24” (a.pdf, page 2) |  |")

    def test_read_again(self) -> None:
        made = sheet([item(1, "One | a.", "Two."), item(2, "Three.")], "of 2")
        assert verdicts(made) == [[UNJUDGED, UNJUDGED], [UNJUDGED]]
        filled = made.replace("|  |", "| Supported |", 1).replace("|  |", "|unsupported|", 1)
        assert verdicts(filled) == [["supported", "unsupported"], [UNJUDGED]]

    def test_an_unknown_verdict_names_its_line(self) -> None:
        made = sheet([item(1, "One.")], "of 1").replace("|  |", "| maybe |")
        with pytest.raises(QuestionsInvalid, match=r"line 11: 'maybe' is no verdict"):
            verdicts(made)

    def test_no_sheet(self) -> None:
        with pytest.raises(QuestionsInvalid, match="no table"):
            verdicts("# Notes\n")


class TestAnsweredItems:
    def test_refusals_are_left_out(self) -> None:
        run = {"items": [item(1, "One."), item(2, answered=False)]}
        assert [found["id"] for found in answered_items(run, None)] == ["1"]

    def test_the_first_side_unless_named(self) -> None:
        run = {"sides": {"ours": {"items": [item(1, "One.")]}, "tutorial": {"items": [item(2, "Two.")]}}}
        assert [found["id"] for found in answered_items(run, None)] == ["1"]
        assert [found["id"] for found in answered_items(run, "tutorial")] == ["2"]
        with pytest.raises(QuestionsInvalid, match="ours; tutorial"):
            answered_items(run, "theirs")

    def test_a_run_that_does_not_say_what_was_cited(self) -> None:
        with pytest.raises(QuestionsInvalid, match=r"benchmarks\.answers"):
            answered_items({"items": [{"answered": True}]}, None)


class TestCommand:
    def run(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["judging", *arguments])
        return judging.main()

    def test_draw_and_count(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = tmp_path / "run.json"
        run.write_text(json.dumps({"items": [item(number, "One.", "Two.") for number in range(9)]}))
        assert self.run(monkeypatch, "draw", str(run), "--sample", "3", "--seed", "7") == 0
        drawn = capsys.readouterr().out
        assert drawn.startswith("# 3 of 9 answers of run.json, seed 7\n")
        filled = tmp_path / "sheet.md"
        filled.write_text(drawn.replace("|  |", "| supported |", 3).replace("|  |", "| unsupported |", 2))
        assert self.run(monkeypatch, "count", str(filled)) == 0
        assert capsys.readouterr().out.splitlines() == [
            "| verdict | of 6 sentences | answers with one, of 3 |",
            "| --- | --- | --- |",
            "| supported | 3 | 2 |",
            "| unsupported | 2 | 2 |",
            "| unclear | 0 | 0 |",
            "| unjudged | 1 | 1 |",
        ]

    @pytest.mark.parametrize("arguments", [("draw", "nowhere.json"), ("count", "nowhere.md")])
    def test_no_file(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
    ) -> None:
        assert self.run(monkeypatch, *arguments) == 1
        assert "nowhere" in capsys.readouterr().err
