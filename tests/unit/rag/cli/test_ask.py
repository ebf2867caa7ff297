"""``python -m rag ask`` into files and pipes: the answer and nothing else on stdout, and the exit codes."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from rag.answering.answerer import Answerer
from rag.cli import ask
from rag.cli.main import main
from rag.index.current_index import CurrentIndex
from rag.retrieval.retriever import Retriever
from rag.settings import Settings
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.conftest import publish

LID = "The pump has a blue lid."
DOCUMENTS = {"manual.pdf": [LID], "terms.pdf": ["The pump is covered for a year."]}
ASKED = "Which lid has the pump?"
UNKNOWN = "Who is the mayor of Skarholm?"


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ScriptedModel:
    for name in os.environ:
        if name.upper().startswith("RAG_"):
            monkeypatch.delenv(name)
    encoder = BagOfWordsEncoder()
    publish(tmp_path, DOCUMENTS, encoder)
    model = ScriptedModel([LID])

    def open_answerer(_settings: Settings, *, recorded: bool = False) -> Answerer:
        index, retriever = CurrentIndex(tmp_path, encoder.identity), Retriever(encoder, OverlapReranker())
        return Answerer(
            index,
            retriever,
            model,
            passages=3,
            evidence_tokens=300,
            max_tokens=64,
            confidence_model=PLAIN_CONFIDENCE_MODEL,
        )

    monkeypatch.setattr(ask, "open_answerer", open_answerer)
    return model


def test_one_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", *ASKED.split()]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[:4] == [ASKED, f"  ✓ {LID} [1]", "    [1] manual.pdf, page 1", f"        “{LID}”"]
    assert lines[4].startswith("  90% sure, 0.")
    assert lines[5:] == [""]
    assert (captured.err, "\x1b" in captured.out) == ("", False)


def test_not_in_the_documents(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", UNKNOWN]) == 4
    assert "  The documents do not answer this question.\n" in capsys.readouterr().out


def test_control_sequences_of_a_model_do_not_reach_the_terminal(
    model: ScriptedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    model.replies = ["The pump has a blue lid\x1b]0;owned\x07\x9b2J."]
    main(["ask", f"{ASKED}\x1b[2J"])
    out = capsys.readouterr().out
    assert [character for character in out if not character.isprintable() and character != "\n"] == []


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--json", ASKED]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    answer = json.loads(line)
    assert (answer["answer"], answer["citations"][0]["document"]) == (LID, "manual.pdf")


class TestInput:
    @pytest.fixture(autouse=True)
    def _given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = f"{ASKED}\n\n caf\xe9? \n{UNKNOWN}".encode("latin-1")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines), encoding="utf-8"))

    def test_a_question_in_each_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["ask", "--json", "-"]) == 4
        questions = [json.loads(line)["question"] for line in capsys.readouterr().out.splitlines()]
        assert questions == [ASKED, "caf�?", UNKNOWN]

    def test_in_short(self, capsys: pytest.CaptureFixture[str]) -> None:
        main(["ask", "-"])
        assert capsys.readouterr().out.startswith(f"{ASKED}\n  ✓ {LID} [1]\n    [1] manual.pdf")


class TestDocuments:
    def test_only_these_are_asked(self, capsys: pytest.CaptureFixture[str]) -> None:
        main(["ask", "--json", "--document", "terms.pdf", ASKED])
        cited = [citation["document"] for citation in json.loads(capsys.readouterr().out)["citations"]]
        assert cited == ["terms.pdf"]

    def test_several(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["ask", "--document", "terms.pdf", "--document", "manual.pdf", ASKED]) == 0
        assert "manual.pdf" in capsys.readouterr().out

    def test_unknown(self, capsys: pytest.CaptureFixture[str], model: ScriptedModel) -> None:
        assert main(["ask", "--document", "term.pdf", ASKED]) == 1
        captured = capsys.readouterr()
        assert captured.err == "error: no document is named 'term.pdf'; did you mean 'terms.pdf'?\n"
        assert (captured.out, model.chats) == ("", [])


@pytest.mark.parametrize("question", ["", "  "], ids=["nothing", "blanks"])
def test_an_empty_question(question: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", question]) == 1
    assert capsys.readouterr().err == 'error: no question; ask one: python -m rag ask "..."\n'


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        pytest.param([], "or - to read one per line", id="nothing, and no terminal"),
        pytest.param(["--json"], "or - to read one per line", id="JSON of nothing"),
        pytest.param(["--replay", "a" * 32, "--document", "x"], "leave --document out", id="a replay of documents"),
    ],
)
def test_wrong_usage(arguments: list[str], remedy: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["ask", *arguments])
    assert caught.value.code == 2
    assert remedy in capsys.readouterr().err


def test_the_answer_names_a_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_INDEX", str(tmp_path))
    (tmp_path / "collections" / "pumps").mkdir(parents=True)
    assert main(["ask", ASKED, "--json", "--collection", "pumps"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["collection"] == "pumps"
    assert answer["citations"][0]["url"].endswith("&collection=pumps")
    assert main(["ask", ASKED, "--json", "--collection", "default"]) == 0
    assert "collection" not in json.loads(capsys.readouterr().out)


class TestSeveralCollections:
    @pytest.fixture(autouse=True)
    def pumps(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAG_INDEX", str(tmp_path))
        publish(
            tmp_path / "collections" / "pumps", {"pumps.pdf": ["The pump has a lid of brass."]}, BagOfWordsEncoder()
        )

    @pytest.mark.parametrize("names", [["default", "pumps"], ["pumps", "default", "pumps"]], ids=["two", "one twice"])
    def test_one_answer_comes_from_all(self, names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        main(["ask", ASKED, "--json", *(word for name in names for word in ("--collection", name))])
        answer = json.loads(capsys.readouterr().out)
        assert answer["collections"] == list(dict.fromkeys(names))
        homes = {citation["document"]: citation["collection"] for citation in answer["citations"]}
        assert homes.items() <= {"manual.pdf": "default", "terms.pdf": "default", "pumps.pdf": "pumps"}.items()
        assert homes

    def test_one_that_is_not_there(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["ask", ASKED, "--collection", "pumps", "--collection", "nowhere"]) == 2
        assert "there are: default, pumps" in capsys.readouterr().err

    def test_a_replay_is_of_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["ask", "--replay", "0" * 32, "--collection", "pumps", "--collection", "default"])
        assert "--replay asks one collection" in capsys.readouterr().err
