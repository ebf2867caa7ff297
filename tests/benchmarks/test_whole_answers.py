"""The benchmark of whole answers: turns, a run that goes on where it was interrupted, and the tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import judging, whole_answers
from benchmarks.answers import TUTORIAL, Ours
from benchmarks.journal import Journal
from benchmarks.tutorial import Piece
from benchmarks.tutorial_answers import TutorialAnswerer
from benchmarks.whole_answers import AtOnce, Measured, Streaming, TimedSide, answers_in_turns, pdfs_of, report
from rag.domain.values import Answer, Hit, Question
from rag.evaluation.correctness import graded_result
from rag.evaluation.nuggets import Nugget
from rag.evaluation.questions import LabelledQuestion
from rag.evaluation.results import QuestionResult
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.testing import BagOfWordsEncoder
from tests.benchmarks.conftest import HOW_TO, PAGES, OpenAnswerer
from tests.unit.conftest import publish

NUGGETS = (Nugget(vital=True, any=("red key",)), Nugget(vital=True, any=("24 months",)))
QUESTIONS = [
    LabelledQuestion(id="1", question=HOW_TO, answers=(), nuggets=NUGGETS, kind="how_to"),
    LabelledQuestion(id="2", question="What does the warranty cover?", answers=(), nuggets=NUGGETS, kind="explain"),
    LabelledQuestion(id="3", question="Who wrote it?", answers=()),
]


class Pieces:
    def search(self, question: str, limit: int) -> Sequence[Piece]:
        assert question
        return [Piece("a.pdf", number, text) for number, text in enumerate(PAGES, start=1)][:limit]


class Chat:
    """Says always the same."""

    def __init__(self, reply: str) -> None:
        self.reply = reply
        self.asked = 0

    def create_chat_completion(
        self, messages: list[dict[str, str]], *, max_tokens: int, temperature: float
    ) -> dict[str, Any]:
        assert messages
        assert max_tokens
        assert temperature == 0.0
        self.asked += 1
        usage = {"prompt_tokens": 900, "completion_tokens": 7}
        return {"id": "1", "choices": [{"message": {"content": self.reply}, "finish_reason": "stop"}], "usage": usage}


def tutorial(reply: str = "The warranty is 24 months.") -> TutorialAnswerer:
    return TutorialAnswerer(Pieces(), Chat(reply), "m")


class Spy:
    """A side that says when it was asked."""

    def __init__(self, name: str, log: list[tuple[str, str]], reply: str = "Use the red key.") -> None:
        self.name, self.log, self.side = name, log, AtOnce(tutorial(reply))

    def ask(self, question: Question) -> tuple[Answer, float | None]:
        self.log.append((self.name, question.text))
        return self.side.ask(question)

    def retrieve(self, question: Question) -> Sequence[Hit]:
        return self.side.retrieve(question)


@pytest.fixture
def generation(open_fake: OpenAnswerer) -> Generation:
    return open_fake().generation()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "out.jsonl")


def quietly(*_: object) -> None:
    pass


class TestSides:
    def test_ours_is_timed_to_its_first_sentence(self, open_fake: OpenAnswerer) -> None:
        side = Streaming(Ours(open_fake()))
        answer, first = side.ask(Question(HOW_TO))
        assert answer.answered
        assert first
        answer, first = side.ask(Question("Hello!"))
        assert (answer.answered, first is None) == (answer.reason is None, not answer.answered)
        assert side.retrieve(Question(HOW_TO))[0].passage.document.name == "a.pdf"

    def test_an_abstention_has_no_first_sentence(self) -> None:
        assert AtOnce(tutorial()).ask(Question("Why?"))[1]
        answer, first = AtOnce(tutorial("I don't know.")).ask(Question("Why?"))
        assert (answer.answered, first) == (False, None)


class TestAnswersInTurns:
    def test_who_is_first_changes(self, generation: Generation, journal: Journal) -> None:
        log: list[tuple[str, str]] = []
        sides: dict[str, TimedSide] = {name: Spy(name, log) for name in "ab"}
        measured = answers_in_turns(QUESTIONS, sides, generation, journal, quietly)
        one, two, three = (question.question for question in QUESTIONS)
        turns = [("a", one), ("b", one), ("b", two), ("a", two), ("a", three), ("b", three)]
        assert log == [("a", three), ("b", three), *turns]
        assert [[each.result.id for each in side] for side in measured.values()] == [["1", "2", "3"]] * 2
        assert [each.result.vital_recall for each in measured["a"]] == [0.5, 0.5, None]

    def test_only_what_is_not_there_is_asked(self, generation: Generation, journal: Journal) -> None:
        log: list[tuple[str, str]] = []
        first = answers_in_turns(QUESTIONS[:2], {"a": Spy("a", log)}, generation, journal, quietly)
        log.clear()
        sides: dict[str, TimedSide] = {"a": Spy("a", log), "b": Spy("b", log)}
        again = answers_in_turns(QUESTIONS, sides, generation, journal, quietly)
        assert again["a"][:2] == first["a"]
        one, two, three = (question.question for question in QUESTIONS)
        assert log == [("a", three), ("b", three), ("b", one), ("b", two), ("a", three), ("b", three)]
        log.clear()
        assert answers_in_turns(QUESTIONS, sides, generation, journal, quietly) == again
        assert log == []

    def test_another_index_or_wording_is_asked_anew(
        self, generation: Generation, journal: Journal, tmp_path: Path
    ) -> None:
        log: list[tuple[str, str]] = []
        answers_in_turns(QUESTIONS[:1], {"a": Spy("a", log)}, generation, journal, quietly)
        changed = [QUESTIONS[0].model_copy(update={"question": "How?"})]
        answers_in_turns(changed, {"a": Spy("a", log)}, generation, journal, quietly)
        publish(tmp_path / "other", {"a.pdf": PAGES}, BagOfWordsEncoder())
        other = open_current(tmp_path / "other", BagOfWordsEncoder().identity)
        answers_in_turns(QUESTIONS[:1], {"a": Spy("a", log)}, other, journal, quietly)
        other.close()
        assert len(log) == 6

    def test_known_answers_are_graded_by_the_nuggets_of_now(self, generation: Generation, journal: Journal) -> None:
        answers_in_turns(QUESTIONS[:1], {"a": Spy("a", [])}, generation, journal, quietly)
        less = [QUESTIONS[0].model_copy(update={"nuggets": NUGGETS[:1]})]
        (side,) = answers_in_turns(less, {"a": Spy("a", [])}, generation, journal, quietly).values()
        assert side[0].result.vital_recall == 1.0


def measured(identifier: str, seconds: float, text: str, *, answerable: bool = True, kind: str = "list") -> Measured:
    found = QuestionResult(
        identifier, "?", answerable=answerable, paged=False, page_rank=None, document_rank=None, seconds=seconds,
        answer=text, answered=bool(text), kind=kind, answer_form=kind,
    )  # fmt: skip
    result = graded_result(found, text, (), NUGGETS if answerable else ())
    return Measured(result, seconds / 2 if text else None)


class TestReport:
    @pytest.fixture
    def sides(self) -> dict[str, list[Measured]]:
        return {
            "ours": [
                measured("1", 2.0, "The red key. 24 months."),
                measured("2", 4.0, "Use the red key.", kind="how_to"),
                measured("3", 0.1, "", answerable=False),
            ],
            "theirs": [
                measured("1", 4.0, "24 months it is, and not the other way"),
                measured("2", 8.0, "", kind="how_to"),
                measured("3", 6.0, "Me", answerable=False),
            ],
        }

    def test_measures(self, sides: dict[str, list[Measured]]) -> None:
        lines = report("a set", sides).split("\n\n")[0].splitlines()
        rows = {first: rest for first, *rest in ([cell.strip() for cell in line[1:-1].split("|")] for line in lines)}
        assert rows["a set"] == ["ours", "theirs", "ratio to theirs"]
        values = {name: [cell.split(" ")[0] for cell in cells] for name, cells in rows.items()}
        assert values["vital_recall"] == ["0.75", "0.25", "3"]
        assert values["complete"] == ["0.5", "0", "–"]
        assert values["content_recall"] == ["–", "–", "–"]
        assert values["mean_words"][:2] == ["4.5", "5"]
        assert values["false_abstain"] == ["0", "0.5", "0"]
        assert values["abstain_recall"] == ["1", "0", "–"]
        assert values["seconds, median"] == ["2", "6", "0.333"]
        assert values["seconds to the first sentence, median"][:2] == ["2", "3"]
        assert all("(" in cell for cell in rows["vital_recall"])

    def test_by_kind_and_form(self, sides: dict[str, list[Measured]]) -> None:
        _, kinds, forms = report("a set", sides).split("\n\n")
        starts = [[cell.strip() for cell in line[1:-1].split("|")][:4] for line in kinds.splitlines()]
        assert starts[0] == ["kind", "n", "", "vital_recall"]
        assert [start[:3] for start in starts[2:]] == [
            ["how_to", "1", "ours"], ["how_to", "1", "theirs"], ["list", "2", "ours"], ["list", "2", "theirs"],
        ]  # fmt: skip
        assert starts[2][3] == "0.5 (0.5–0.5)"
        assert forms.startswith("| form of our answer | n |")

    def test_one_side_and_one_kind(self, sides: dict[str, list[Measured]]) -> None:
        lines = report("a set", {"ours": sides["ours"][:1]}).splitlines()
        assert lines[0] == "| a set | ours |"
        assert not any("kind" in line for line in lines)

    def test_a_sheet_can_be_drawn_from_what_is_written(
        self, open_fake: OpenAnswerer, journal: Journal, tmp_path: Path
    ) -> None:
        answerer = open_fake()
        sides: dict[str, TimedSide] = {"ours": Streaming(Ours(answerer))}
        found = answers_in_turns(QUESTIONS[:1], sides, answerer.generation(), journal, quietly)
        whole_answers.write_run(tmp_path / "run.json", "a set", found)
        items = judging.answered_items(json.loads((tmp_path / "run.json").read_text()), None)
        assert "Lock the pump off with the red key." in judging.sheet(items, "answers")


def test_pdfs_of_an_index_have_their_names(tmp_path: Path) -> None:
    documents = {"a.pdf": PAGES, "more/b.PDF": PAGES, "c.md": PAGES}
    publish(tmp_path, documents, BagOfWordsEncoder(), {name: name.encode() for name in documents})
    generation = open_current(tmp_path, BagOfWordsEncoder().identity)
    with pdfs_of(generation) as folder:
        found = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert found == {"a.pdf": "a.pdf", "more/b.PDF": "more/b.PDF"}
    assert not folder.exists()
    generation.close()


class TestMain:
    @pytest.fixture
    def out(self, tmp_path: Path, index: Path, open_fake: OpenAnswerer, monkeypatch: pytest.MonkeyPatch) -> Path:
        questions = tmp_path / "questions.jsonl"
        questions.write_text("\n".join(question.model_dump_json() for question in QUESTIONS))
        arguments = [str(index), str(questions), "--out", str(tmp_path / "results" / "out.jsonl")]
        monkeypatch.setattr(sys, "argv", ["whole_answers", *arguments])
        monkeypatch.setattr(whole_answers, "open_answerer", lambda _: open_fake())
        return tmp_path / "results" / "out.jsonl"

    def test_ours(self, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert whole_answers.main() == 0
        text = capsys.readouterr().out
        assert "| 3 of 3 questions, seed 0 | pageproof, scripted |" in text
        assert out.with_suffix(".md").read_text() == text
        assert len(Journal(out).rows()) == 3
        assert len(json.loads(out.with_suffix(".json").read_text())["sides"]["pageproof, scripted"]["items"]) == 3

    def test_with_the_tutorial(
        self, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def opened(folder: Path, _: object) -> TutorialAnswerer:
            assert folder.is_dir()
            return tutorial()

        monkeypatch.setattr(whole_answers, "open_tutorial", opened)
        monkeypatch.setattr(sys, "argv", [*sys.argv, "--peer", TUTORIAL, "--sample", "2"])
        assert whole_answers.main() == 0
        assert "pageproof, scripted | tutorial, m | ratio to tutorial, m |" in capsys.readouterr().out
        assert len(Journal(out).rows()) == 4
