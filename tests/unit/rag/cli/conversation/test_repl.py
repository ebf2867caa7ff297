"""Interactive prompt: questions with their history, the selected documents, the commands, and the end."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from rag.answering.answerer import Answerer
from rag.cli.conversation import repl
from rag.cli.conversation.repl import Conversation
from rag.domain.values import Answer, Question, Reason, Turn
from rag.errors import ModelUnreachable
from rag.index.current_index import CurrentIndex
from rag.retrieval.retriever import Retriever
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.conftest import publish

LID = "The pump has a blue lid."
DOCUMENTS = {"a manual.pdf": [LID, "The valve opens to the left."], "terms.pdf": ["The pump is covered for a year."]}
ASKED = "Which lid has the pump?"


def console() -> Console:
    return Console(file=io.StringIO(), width=100, highlight=False)


@dataclass
class Typing:
    """A fake of ``input`` that returns these lines; an exception stands for a key."""

    lines: list[str | type[BaseException]]
    prompts: list[str] = field(default_factory=list)

    def __call__(self, prompt: str) -> str:
        self.prompts.append(prompt)
        line = self.lines.pop(0) if self.lines else EOFError
        if isinstance(line, str):
            return line
        raise line


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel([LID])


@pytest.fixture
def talk(tmp_path: Path, model: ScriptedModel) -> Conversation:
    encoder = BagOfWordsEncoder()
    publish(tmp_path, DOCUMENTS, encoder)
    index, retriever = CurrentIndex(tmp_path, encoder.identity), Retriever(encoder, OverlapReranker())
    answerer = Answerer(
        index, retriever, model, passages=3, evidence_tokens=300, max_tokens=64, confidence_model=PLAIN_CONFIDENCE_MODEL
    )
    return Conversation(console(), console(), answerer)


def typed(talk: Conversation, *lines: str | type[BaseException]) -> Typing:
    typing = Typing(list(lines))
    talk.run(typing)
    return typing


def shown(talk: Conversation) -> str:
    """The output after the first line, which is the summary of the index."""
    first, _, others = talk.console.file.getvalue().partition("\n")  # type: ignore[attr-defined]
    assert first.startswith("  2 documents, index 0")
    assert first.endswith(". /help lists the commands.")
    return str(others)


def test_an_answer(talk: Conversation) -> None:
    typed(talk, ASKED)
    assert shown(talk).startswith(
        f"\n  ✓ {LID} [1]\n\n  Very likely right: 90% sure.\n\n  [1] a manual.pdf, page 1\n      “{LID}”\n\n  0."
    )
    assert talk.progress.file.getvalue() == ""  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "end", ["/quit", "quit", "exit", EOFError], ids=["the command", "a word", "another word", "Ctrl-D"]
)
def test_the_end(talk: Conversation, end: str | type[BaseException]) -> None:
    assert typed(talk, "", end, "never read").lines == ["never read"]


def test_ctrl_c_at_the_prompt_begins_a_new_line(talk: Conversation) -> None:
    assert typed(talk, KeyboardInterrupt, KeyboardInterrupt).prompts == ["> "] * 3
    assert shown(talk) == "\n\n\n"


class TestTurns:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[Question]:
        """The questions that are asked; each answer is their number so far."""
        questions: list[Question] = []

        def answer(_progress: Console, answerer: Answerer, question: Question) -> Answer:
            questions.append(question)
            if question.text == "stop":
                raise KeyboardInterrupt
            if question.text == "fail":
                raise ModelUnreachable("the server is not there; start it")
            replies: dict[str, Reason] = {"hello": "not_a_question", "translate": "not_possible"}
            text, reason = f"{len(questions)}.", replies.get(question.text)
            shared = {"sentences": (), "citations": (), "model": "m", "index": "i"}
            return Answer("a", question.text, text, not reason, reason, confidence=1.0, **shared)  # type: ignore[arg-type]

        monkeypatch.setattr(repl, "live_answer", answer)
        return questions

    def test_go_with_the_next_question(self, talk: Conversation, asked: list[Question]) -> None:
        typed(talk, "one", "two", "/new", "three", "four")
        assert [question.history for question in asked] == [(), (Turn("one", "1."),), (), (Turn("three", "3."),)]

    def test_the_last_four_do(self, talk: Conversation, asked: list[Question]) -> None:
        typed(talk, *"abcdef")
        assert [turn.question for turn in asked[-1].history] == ["b", "c", "d", "e"]

    def test_only_answers_are_history(
        self, talk: Conversation, asked: list[Question], capsys: pytest.CaptureFixture[str]
    ) -> None:
        typed(talk, "hello", "translate", "stop", "fail", "one")
        assert asked[-1].history == ()
        assert "  Stopped.\n" in shown(talk)
        assert capsys.readouterr().err == "error: the server is not there; start it\n"

    def test_of_some_documents(self, talk: Conversation, asked: list[Question]) -> None:
        typing = typed(talk, "/only terms.pdf", "one", "/only 'a manual.pdf' 2", "two", "/only", "three")
        assert [question.documents for question in asked] == [("terms.pdf",), ("a manual.pdf", "terms.pdf"), ()]
        assert typing.prompts == ["> ", *["1 document> "] * 2, *["2 documents> "] * 2, "> ", "> "]
        assert "  Questions now search a manual.pdf, terms.pdf.\n" in shown(talk)
        assert "  Questions now search all 2 documents.\n" in shown(talk)


def test_a_removed_document(talk: Conversation, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed(talk, "/only 1 2")
    publish(tmp_path, {"terms.pdf": DOCUMENTS["terms.pdf"]}, BagOfWordsEncoder())
    talk.answerer.index.refresh()
    talk.run(Typing([ASKED]))
    assert capsys.readouterr().err == (
        "error: not in the index any more: a manual.pdf; /only chooses other documents; without a name, all\n"
    )


class TestCommands:
    @pytest.mark.parametrize(
        ("line", "text"),
        [
            pytest.param("/documents", "  1  a manual.pdf  2 pages\n  2  terms.pdf     1 page\n", id="all documents"),
            pytest.param("/documents TERM", "  2  terms.pdf  1 page\n", id="some documents"),
            pytest.param("/documents x", "  No document has a name that contains this.\n", id="no document"),
            pytest.param("/new", "  The history is cleared.\n", id="new"),
            pytest.param("/x\x1b y", "  There is no command /x�; /help lists the commands.\n", id="unknown"),
        ],
    )
    def test_say(self, talk: Conversation, line: str, text: str) -> None:
        typed(talk, line, "/quit")
        assert [row.rstrip() for row in shown(talk).splitlines()] == text.splitlines()

    def test_help_names_each(self, talk: Conversation) -> None:
        typed(talk, "/help", "/quit")
        assert [row.split()[0] for row in shown(talk).splitlines()] == [
            "/documents", "/only", "/new", "/help", "/quit",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("line", "error"),
        [
            pytest.param("/only term.pdf", "no document is named 'term.pdf'; did you mean 'terms.pdf'?", id="unknown"),
            pytest.param("/only 'a", "a quotation mark is not closed; put a name with spaces between two: 'a b.pdf'",
                         id="open quotation"),
        ],
    )  # fmt: skip
    def test_only_what_there_is(
        self, talk: Conversation, line: str, error: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        typed(talk, "/only 1", line)
        assert capsys.readouterr().err == f"error: {error}\n"
        assert talk.documents == ("a manual.pdf",)

    @pytest.mark.parametrize(
        ("before", "beginning", "words"),
        [
            ("", "/", ["/documents", "/only", "/new", "/help", "/quit"]),
            ("", "/o", ["/only"]),
            ("", "", []),
            ("", "Which", []),
            ("/only ", "", ["'a manual.pdf'", "terms.pdf"]),
            ("/only terms.pdf ", "t", ["terms.pdf"]),
            ("Which ", "t", []),
            ("  ", "t", []),
        ],
    )
    def test_completed(self, talk: Conversation, before: str, beginning: str, words: list[str]) -> None:
        assert talk.complete(before, beginning) == words


def test_names_of_documents_are_text(tmp_path: Path) -> None:
    encoder = BagOfWordsEncoder()
    publish(tmp_path, {"\x1b[2J[red]a.pdf": [LID]}, encoder)
    index, retriever = CurrentIndex(tmp_path, encoder.identity), Retriever(encoder, None)
    answerer = Answerer(index, retriever, ScriptedModel([LID]), passages=3, evidence_tokens=300, max_tokens=64)
    talk = Conversation(console(), console(), answerer)
    typed(talk, "/documents", "/only 1")
    text = talk.console.file.getvalue()  # type: ignore[attr-defined]
    assert "1  �[2J[red]a.pdf" in text
    assert "search �[2J[red]a.pdf." in text
    assert "\x1b" not in text
    assert talk.complete("/only ", "") == []


class TestAfterAFailedChoice:
    """Nothing is asked: an answer from all documents would pass for one from those that were meant."""

    @pytest.mark.parametrize("line", ["/only nothere.pdf", "/only 'a", "/only 1 nothere.pdf", "/only 9"])
    def test_nothing_is_asked(self, talk: Conversation, model: ScriptedModel, line: str) -> None:
        typing = typed(talk, line, ASKED)
        assert typing.prompts == ["> ", "no document> ", "no document> "]
        assert model.chats == []
        assert shown(talk).strip() == "Nothing was asked: choose documents first, with /only NAME, or all with /only."

    @pytest.mark.parametrize(("line", "prompt"), [("/only", "> "), ("/only a", "1 document> ")])
    def test_until_another_choice_succeeds(self, talk: Conversation, line: str, prompt: str) -> None:
        typing = typed(talk, "/only nothere.pdf", line, ASKED)
        assert typing.prompts[2] == prompt
        assert LID in shown(talk)


def test_names_in_another_unicode_form_are_completed(tmp_path: Path, talk: Conversation) -> None:
    publish(tmp_path, {"Prüfung.pdf": [LID]}, BagOfWordsEncoder())
    talk.answerer.index.refresh()
    assert talk.complete("/only ", unicodedata.normalize("NFD", "Prü")) == ["Prüfung.pdf"]


def test_a_question_in_another_unicode_form_is_the_same(talk: Conversation, model: ScriptedModel) -> None:
    question = "Which lid has the pump of the Café Zoë?"
    typed(talk, unicodedata.normalize("NFD", question))
    contents = [message.text for chat in model.chats for message in chat]
    assert any(question in content for content in contents)
    assert all(unicodedata.is_normalized("NFC", content) for content in contents)
