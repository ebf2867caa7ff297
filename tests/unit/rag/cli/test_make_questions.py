"""``python -m rag eval --make``: drafts, in the format of a questions file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rag.answering.answerer import Answerer
from rag.cli import make_questions
from rag.cli.main import main
from rag.evaluation.questions import read_questions
from rag.evaluation.synthetic.general_knowledge import GENERAL_KNOWLEDGE
from rag.index.current_index import CurrentIndex
from rag.retrieval.retriever import Retriever
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.conftest import publish

PAGES = [f"The Bittern pump of Skarholm harbour used to run for {n + 60} hours on every full charge." for n in range(4)]
REPLIES = [f"Question: How long did the Bittern pump of {place} run?" for place in ("Skarholm", "Skarholm harbour")]


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ScriptedModel:
    for name in os.environ:
        if name.upper().startswith("RAG_"):
            monkeypatch.delenv(name)
    encoder = BagOfWordsEncoder()
    publish(tmp_path / "index", {"pump.pdf": PAGES}, encoder)
    model = ScriptedModel(list(REPLIES))
    index, retriever = CurrentIndex(tmp_path / "index", encoder.identity), Retriever(encoder, OverlapReranker())
    answerer = Answerer(
        index, retriever, model, passages=3, evidence_tokens=300, max_tokens=64, confidence_model=PLAIN_CONFIDENCE_MODEL
    )
    monkeypatch.setattr(make_questions, "open_answerer", lambda _: answerer)
    monkeypatch.chdir(tmp_path)
    return model


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


def test_drafts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--make", "5", "--output", "mine.jsonl"]) == 0
    captured = capsys.readouterr()
    assert captured.out == (
        "2 drafts in mine.jsonl (no more of 5 could be made); edit them, then: python -m rag eval mine.jsonl\n"
    )
    assert captured.err == ""
    answerable, unanswerable = read_questions(Path("mine.jsonl"))
    assert f"Question: {answerable.question}" in REPLIES
    assert (answerable.id, answerable.document, len(answerable.pages)) == ("made-1", "pump.pdf", 1)
    assert answerable.answers == (f"{59 + answerable.pages[0]} hours",)
    assert unanswerable.question in GENERAL_KNOWLEDGE
    assert (unanswerable.id, unanswerable.answerable) == ("made-2", False)
    assert all(json.loads(line)["draft"] for line in Path("mine.jsonl").read_text().splitlines())


def test_as_many_as_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--make", "1"]) == 0
    assert capsys.readouterr().out.startswith("1 draft in questions.jsonl; edit")
    assert [question.answerable for question in read_questions(Path("questions.jsonl"))] == [True]


def test_a_file_is_not_replaced_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("questions.jsonl").write_text("precious")
    assert main(["eval", "--make", "1"]) == 1
    assert "questions.jsonl is there already" in error_of(capsys)
    assert Path("questions.jsonl").read_text() == "precious"
    assert main(["eval", "--make", "1", "--force"]) == 0
    assert len(read_questions(Path("questions.jsonl"))) == 1


def test_a_file_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--make", "1", "--output", "nowhere/questions.jsonl"]) == 1
    assert "nowhere/questions.jsonl cannot be written: " in error_of(capsys)


def test_drafts_of_an_interrupted_run_are_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(make_questions, "unanswerable_drafts", stopped)
    assert main(["eval", "--make", "5"]) == 130
    assert len(read_questions(Path("questions.jsonl"))) == 1
    assert "stopped" in error_of(capsys)


def test_nothing_to_ask(model: ScriptedModel, capsys: pytest.CaptureFixture[str]) -> None:
    model.replies[:] = ["I cannot say."]
    assert main(["eval", "--make", "1"]) == 1
    assert "no question could be made" in error_of(capsys)
    assert not Path("questions.jsonl").exists()


def test_neither_a_file_nor_make(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval"]) == 1
    assert "python -m rag eval --make 50" in error_of(capsys)


def test_at_least_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["eval", "--make", "0"])
    assert stopped.value.code == 2
    assert "argument --make: 0 is not 1 or more" in capsys.readouterr().err
