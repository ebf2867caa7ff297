"""Live display of an answer on a terminal, nothing on other outputs, and Ctrl-C, which leaves no work behind."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from rag.answering.answerer import Answerer
from rag.cli.conversation.live_answer import LiveStatus, live_answer, live_status
from rag.domain.values import (
    AnswerEvent,
    Chunk,
    Document,
    Hit,
    Passage,
    PassagesFound,
    Question,
    Sentence,
    SentenceKind,
    SentenceVerified,
    Span,
)
from rag.errors import Cancelled, IndexMissing
from rag.index.current_index import CurrentIndex
from rag.retrieval.retriever import Retriever
from rag.runtime.cancellation import Cancellation
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.conftest import publish

LID = "The pump has a blue lid."
QUESTION = Question("Which lid has the pump?")
DOCUMENT = Document("0" * 64, ("a\x1b[31m.pdf",), "Manual", 1, 1)


def hit(page: int) -> Hit:
    return Hit(Passage(0, DOCUMENT, Chunk(Span(page, 0, 9), "text")), 1.0)


def verified(text: str, kind: SentenceKind = "lead") -> SentenceVerified:
    return SentenceVerified(Sentence(text, "supported", (1,), kind, 0.9), ())


def terminal(height: int = 24) -> Console:
    return Console(file=io.StringIO(), width=60, height=height, color_system=None, force_terminal=True)


def written(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def drawn(status: LiveStatus, height: int = 24) -> list[str]:
    console = Console(file=io.StringIO(), width=60, height=height, color_system=None)
    console.print(status)
    return [line.rstrip() for line in written(console).splitlines()]


def at_work() -> bool:
    return any(thread.name == "answer" for thread in threading.enumerate())


@pytest.fixture
def answerer(tmp_path: Path) -> Answerer:
    encoder = BagOfWordsEncoder()
    publish(tmp_path, {"manual.pdf": [LID]}, encoder)
    index, retriever = CurrentIndex(tmp_path, encoder.identity), Retriever(encoder, OverlapReranker())
    model = ScriptedModel([LID])
    return Answerer(
        index, retriever, model, passages=3, evidence_tokens=300, max_tokens=64, confidence_model=PLAIN_CONFIDENCE_MODEL
    )


class TestLiveStatus:
    def test_events(self) -> None:
        status = LiveStatus("searching")
        assert drawn(status) == ["  ⠋ searching ..."]
        status.update(PassagesFound((hit(2), hit(3), hit(2))))
        found = ["  Found:", "    a�[31m.pdf, page 2", "    a�[31m.pdf, page 3"]
        assert [line[4:] for line in drawn(status)[-1:]] == ["reading ..."]
        assert drawn(status)[:-1] == found
        status.update(verified("A blue \x1b[2J[red] lid."))
        assert drawn(status)[:-1] == [*found, "  ✓ A blue �[2J[red] lid. [1]"]
        status.update(verified("Lift it.", "step"))
        assert drawn(status)[3:-1] == ["  ✓ A blue �[2J[red] lid. [1]", "  ✓ 1. Lift it. [1]"]
        assert drawn(status)[-1].endswith("writing and checking ...")

    def test_a_long_answer_shows_its_end(self) -> None:
        status = LiveStatus("reading")
        for number in range(40):
            status.update(verified(f"Word {number}."))
        lines = drawn(status, height=16)
        assert len(lines) < 10
        assert lines[-2].endswith("Word 39. [1]")


class TestDisplay:
    def test_on_a_terminal_it_is_gone_afterwards(self) -> None:
        console = terminal()
        with live_status(console, "loading"):
            pass
        text = written(console)
        assert "loading ..." in text
        erased, cursor_is_back = "\x1b[2K", "\x1b[?25h"
        assert erased in text[-20:]
        assert cursor_is_back in text[-20:]

    @pytest.mark.parametrize("dumb", [False, True], ids=["a file", "a terminal that cannot go back"])
    def test_elsewhere_there_is_nothing(self, *, dumb: bool) -> None:
        environment = {"TERM": "dumb"} if dumb else {}
        console = Console(file=io.StringIO(), force_terminal=dumb, _environ=environment)
        with live_status(console, "loading") as status:
            status.update(verified("x"))
        assert written(console) == ""


class TestAnswer:
    @pytest.mark.parametrize("console", [terminal(), Console(file=io.StringIO())], ids=["terminal", "file"])
    def test_is_that_of_the_answerer(self, answerer: Answerer, console: Console) -> None:
        answer = live_answer(console, answerer, QUESTION)
        assert (answer.answer, answer.answered) == (LID, True)
        assert not at_work()

    def test_errors_come_through(self, answerer: Answerer, tmp_path: Path) -> None:
        (tmp_path / "CURRENT").unlink()
        with pytest.raises(IndexMissing):
            live_answer(terminal(), answerer, QUESTION)
        assert not at_work()

    def test_ctrl_c_ends_the_work(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ended: list[str] = []

        class Endless:
            """Works until it is cancelled."""

            def stream(self, _question: Question, cancelled: Cancellation) -> Iterator[AnswerEvent]:
                yield PassagesFound((hit(1),))
                try:
                    while True:
                        cancelled.check()
                        time.sleep(0.001)
                except Cancelled:
                    ended.append("work")
                    raise

        def press(_standing: LiveStatus, _event: AnswerEvent) -> None:
            """Raises what Ctrl-C raises in the main thread."""
            raise KeyboardInterrupt

        monkeypatch.setattr(LiveStatus, "update", press)
        with pytest.raises(KeyboardInterrupt):
            live_answer(terminal(), Endless(), QUESTION)  # type: ignore[arg-type]
        assert ended == ["work"]
        assert not at_work()
