"""``python -m rag eval`` from the command line to files and exit codes, over the fakes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from rag.cli import evaluate
from rag.cli.main import main
from rag.domain.values import Answer, Question
from rag.index.current_index import CurrentIndex
from rag.index.generation import Generation
from rag.retrieval.retriever import Retriever
from rag.testing import BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.conftest import publish

QUESTIONS: list[dict[str, object]] = [
    {"id": "1", "question": "How long is the warranty?", "answers": ["24 months"], "document": "a.pdf", "pages": [2]},
    {"id": "2", "question": "Which colour has the valve?", "answers": [], "form": "Unanswerable"},
]


@dataclass
class KnowsTheWarranty:
    """The part of an answerer that the command uses."""

    retriever: Retriever
    index: CurrentIndex
    model: ScriptedModel

    def generation(self) -> Generation:
        return self.index.generation()

    def ask(self, question: Question) -> Answer:
        if "warranty" in question.text:
            return Answer("id", question.text, "24 months.", True, None, 0.8, (), (), "scripted", "index")
        return Answer("id", question.text, "No.", False, "not_in_documents", 0.1, (), (), "scripted", "index")


@pytest.fixture(autouse=True)
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index of two pages, and one known answer."""
    encoder = BagOfWordsEncoder()
    publish(tmp_path / "index", {"a.pdf": ["The pump has a lid.", "How long is the warranty? 24 months."]}, encoder)
    index = CurrentIndex(tmp_path / "index", encoder.identity)
    index.open_if_there()
    retriever = Retriever(encoder, OverlapReranker())
    answerer = KnowsTheWarranty(retriever, index, ScriptedModel([""]))
    monkeypatch.setattr(evaluate, "open_answerer", lambda _: answerer)
    monkeypatch.setattr(evaluate, "open_retriever", lambda _: (retriever, index))
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS))
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> int:
    return main(["eval", "q.jsonl", *arguments])


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["n"], printed["page_hit@1"], printed["right"], printed["abstain_recall"]) == (2, 1.0, 1.0, 1.0)
    assert printed["forms"]["Unanswerable"]["n"] == 1
    assert "comparison" not in printed


def test_missing_facts_come_before_the_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nuggets = [
        {"vital": True, "any": ["24 months"]},
        {"vital": True, "any": ["re:deliver(?:y|ed)"], "fact": "its begin"},
    ]
    rows = [{"id": "open", "question": "What of the warranty?", "nuggets": nuggets, "kind": "about"}, *QUESTIONS]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run() == 0
    printed = capsys.readouterr().out
    assert printed.startswith("open  What of the warranty?\n  missing: its begin\n\n3 questions: 2 answerable, 1 not")
    assert run("--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["vital_recall"], found["complete"], found["mean_words"]) == (0.5, 0.0, 2.0)
    assert found["kinds"]["about"]["vital_recall"] == 0.5
    assert [nugget["found"] for nugget in found["items"][0]["nuggets"]] == [True, False]


def test_a_pattern_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"id": "open", "question": "What?", "nuggets": [{"vital": True, "any": ["re:("]}]}
    (tmp_path / "q.jsonl").write_text(json.dumps(row))
    assert run() == 1
    assert "q.jsonl, line 1: nuggets.0.any.0: the pattern 're:(' is no regular expression" in capsys.readouterr().err


def test_a_gold_document_that_is_not_in_the_index_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [{**QUESTIONS[0], "id": f"q{number}", "document": "b.pdf"} for number in range(7)]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, *QUESTIONS]))
    assert run("--retrieval-only") == 0
    logged = [record.getMessage() for record in caplog.records if record.name == "rag.cli.evaluate"]
    expected = "b.pdf is not in the index, so it cannot be found; it should answer q0, q1, q2, q3, q4 and 2 more"
    assert logged == [expected]


def test_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--html", "run.html", "--plot", "run.svg") == 0
    assert "went wrong" in (tmp_path / "run.html").read_text()
    assert (tmp_path / "run.svg").read_text().startswith("<svg")
    assert "page_hit@1" in capsys.readouterr().out


def test_compared_with_itself_and_with_better(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--json")
    printed = capsys.readouterr().out
    (tmp_path / "run.json").write_text(printed)
    assert run("--compare", "run.json") == 0
    (tmp_path / "better.json").write_text(json.dumps({**json.loads(printed), "items": [], "document_hit@5": 1.5}))
    capsys.readouterr()
    assert run("--json", "--compare", "better.json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["regressions"] == ["document_hit@5 was 1.500, is 1.000"]
    assert found["comparison"]["test"] == "tolerance"


def test_retrieval_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--retrieval-only", "--html", "run.html", "--limit", "1") == 0
    assert "retrieval only" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--html", "no/such/folder/run.html"], id="no such folder"),
        pytest.param(["--plot", "index"], id="a folder"),
        pytest.param(["--limit", "0"], id="no question"),
        pytest.param(["--plot", "run.svg", "--retrieval-only"], id="a plot of no answers"),
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2


def test_a_page_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert run("--html", "run.html") == 1
    captured = capsys.readouterr()
    assert "page_hit@1" in captured.out
    assert captured.err == "error: run.html cannot be written: No space left on device\n"


def test_feedback_is_shown_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"verdict": "wrong", "answer": "12 months", "answered": True, "time": "2026-11-30T10:00:00+00:00"}
    (tmp_path / "records").mkdir()
    lines = [{**QUESTIONS[0], "feedback": said}, {**QUESTIONS[1], "answers": None, "feedback": said}]
    (tmp_path / "records/questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.setenv("RAG_RECORDS", "records")
    assert main(["eval", "--feedback"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("2 answers judged: 0 right, 2 wrong")
    assert "answered: 12 months" in printed
    assert "should be: 24 months (a.pdf, page 2)" in printed
    assert "1 questions: 1 answerable" in printed
    assert main(["eval", "--feedback", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 1


@pytest.mark.parametrize(
    ("arguments", "records", "fault"),
    [
        pytest.param(["q.jsonl"], "records", "give QUESTIONS.jsonl or --feedback", id="both"),
        pytest.param([], "", "RAG_RECORDS is not set", id="no records"),
        pytest.param([], "records", "nobody has said anything", id="no feedback"),
    ],
)
def test_feedback_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], records: str, fault: str
) -> None:
    monkeypatch.setenv("RAG_RECORDS", records)
    assert main(["eval", *arguments, "--feedback"]) == 1
    assert fault in capsys.readouterr().err
