"""Early refusals: what is refused without the language model, and what comes to it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import early_refusals
from benchmarks.early_refusals import EarlyRefusals, is_refused_early, refusals_of
from rag.answering.confidence import Logistic
from rag.domain.values import Question
from rag.evaluation.questions import LabelledQuestion
from tests.benchmarks.conftest import HOW_LONG, HOW_TO, LENIENT, OpenAnswerer

STRICT = replace(LENIENT, prefilter=Logistic(-9.0, {}), prefilter_threshold=0.9, answerable=Logistic(-9.0, {}))


def labelled(name: str, question: str, *answers: str) -> LabelledQuestion:
    return LabelledQuestion(id=name, question=question, answers=answers)


@pytest.mark.parametrize("question", [HOW_TO, HOW_LONG], ids=["whole", "value"])
def test_refused_early(open_fake: OpenAnswerer, question: str) -> None:
    answerer = open_fake()
    assert not is_refused_early(answerer, Question(question))
    strict = replace(answerer, confidence_model=STRICT, whole_confidence_model=STRICT)
    assert is_refused_early(strict, Question(question))


def test_what_the_index_answers_is_not_refused(open_fake: OpenAnswerer) -> None:
    assert not is_refused_early(open_fake(), Question("What documents do I have?"))


def test_row(open_fake: OpenAnswerer) -> None:
    questions = [labelled("long", HOW_LONG, "24 months"), labelled("lid", "Who made the lid?")]
    strict = replace(open_fake(), confidence_model=STRICT)
    found = refusals_of(strict, questions, lambda *_: None)
    assert found.refused == questions
    assert found.row("pump") == "| pump | 1 of 1 (100.0%) | 1 of 1 (100.0%) |"
    assert EarlyRefusals(questions[:1], []).row("pump") == "| pump | 0 of 1 (0.0%) | 0 of 0 |"


def test_report(
    open_fake: OpenAnswerer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text(f'{{"id": "1", "question": "{HOW_LONG}", "answers": ["24 months"]}}\n')
    strict = replace(open_fake(), confidence_model=STRICT)
    monkeypatch.setattr(early_refusals, "open_answerer", lambda _: strict)
    monkeypatch.setattr(sys, "argv", ["early_refusals", "--set", f"pump={tmp_path}:{questions}"])
    assert early_refusals.main() == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["| pump | 1 of 1 (100.0%) | 0 of 0 |", f"pump: {HOW_LONG}"]
