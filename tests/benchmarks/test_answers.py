"""The benchmark of answers: refusals of the baseline, the order of the sides, and the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import ablation
from benchmarks.answers import TUTORIAL, GivenAnswer, Ours, in_turns, shown_sentences, table
from benchmarks.question_sets import QuestionSet, question_set
from benchmarks.ranking_variants import FULL, variants
from benchmarks.tutorial import Piece
from benchmarks.tutorial_answers import TutorialAnswerer, is_refusal
from rag.answering.answerer import Answerer
from rag.domain.values import Answer, Hit, Question
from rag.evaluation.questions import LabelledQuestion
from rag.evaluation.results import QuestionResult
from rag.index.current_index import CurrentIndex
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.retrieval.retriever import Retriever
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.conftest import publish

PAGES = ["The pump has a red lid.", "The warranty is 24 months."]


@pytest.mark.parametrize(
    "text",
    [
        "I don't know.",
        "I don’t know the answer to that.",
        "I'm sorry, but I do not have enough information to answer the question.",
        "The provided context does not explicitly mention who owns the company.",
        "Based on the information provided, it is not possible to determine the price.",
        "There is no information about the colour in the text.",
        "The colour of the pump is not specified in the given pieces of context.",
        "The voltage is not mentioned.",
        "The voltage cannot be determined from the context.",
        "Unable to determine.",
    ],
)
def test_a_refusal(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("The warranty is 24 months.", id="an answer"),
        pytest.param("The warranty does not provide cover for rust.", id="a negation in an answer"),
        pytest.param("It is 24 months. The context does not mention rust.", id="an answer, and what it does not know"),
        pytest.param("The valve is not included in the kit.", id="not included elsewhere"),
        pytest.param("The pump cannot run dry.", id="cannot"),
    ],
)
def test_no_refusal(text: str) -> None:
    assert not is_refusal(text)


class Pieces:
    """An index of one piece for each page; the second is always the nearest."""

    def search(self, question: str, limit: int) -> Sequence[Piece]:
        assert question
        pieces = [Piece("a.pdf", number, text) for number, text in enumerate(PAGES, start=1)]
        return pieces[::-1][:limit]


class Chat:
    """Says always the same, and remembers what it was told."""

    def __init__(self, reply: str, finish: str = "stop") -> None:
        self.reply, self.finish = reply, finish
        self.messages: list[dict[str, str]] = []

    def create_chat_completion(
        self, messages: list[dict[str, str]], *, max_tokens: int, temperature: float
    ) -> dict[str, Any]:
        assert (max_tokens, temperature) == (256, 0.0)
        self.messages = messages
        return {
            "id": "1",
            "choices": [{"message": {"content": self.reply}, "finish_reason": self.finish}],
            "usage": {"prompt_tokens": 900, "completion_tokens": 7},
        }


class TestTutorialAnswerer:
    def test_prompt(self) -> None:
        chat = Chat("24 months.")
        made = TutorialAnswerer(Pieces(), chat, "m").ask(Question("How long is the warranty?"))
        system, user = chat.messages
        assert system["content"].startswith("Use the following pieces of context")
        assert system["content"].endswith(f"----------------\n{PAGES[1]}\n\n{PAGES[0]}")
        assert user == {"role": "user", "content": "How long is the warranty?"}
        assert (made.answer, made.answered, made.reason) == ("24 months.", True, None)
        assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (900, 7)

    def test_refused(self) -> None:
        made = TutorialAnswerer(Pieces(), Chat("I don't know."), "m").ask(Question("Why?"))
        assert (made.answered, made.reason, made.answer) == (False, "not_in_documents", "I don't know.")

    def test_silence_is_a_refusal(self) -> None:
        assert not TutorialAnswerer(Pieces(), Chat(" "), "m").ask(Question("Why?")).answered

    def test_cut(self) -> None:
        assert TutorialAnswerer(Pieces(), Chat("It", "length"), "m").ask(Question("Why?")).reason == "length"

    def test_hits(self) -> None:
        hits = TutorialAnswerer(Pieces(), Chat(""), "m").retrieve(Question("Why?"))
        assert [(hit.passage.document.name, hit.passage.chunk.span.page) for hit in hits] == [
            ("a.pdf", 2),
            ("a.pdf", 1),
        ]


@pytest.fixture
def generation(tmp_path: Path) -> Iterator[Generation]:
    publish(tmp_path, {"a.pdf": PAGES}, BagOfWordsEncoder())
    opened = open_current(tmp_path, BagOfWordsEncoder().identity)
    yield opened
    opened.close()


QUESTIONS = [
    LabelledQuestion(
        id="1", question="How long is the warranty?", answers=("24 months",), document="a.pdf", pages=(2,)
    ),
    LabelledQuestion(id="2", question="Which lid has the pump?", answers=("a red lid",), document="a.pdf", pages=(1,)),
    LabelledQuestion(id="3", question="Who wrote it?", answers=()),
]


class Spy:
    """A side that says when it was asked."""

    def __init__(self, name: str, log: list[tuple[str, str]]) -> None:
        self.name, self.log = name, log
        self.answerer = TutorialAnswerer(Pieces(), Chat("The warranty is 24 months."), name)

    def ask(self, question: Question) -> Answer:
        self.log.append((self.name, question.text))
        return self.answerer.ask(question)

    def retrieve(self, question: Question) -> Sequence[Hit]:
        return self.answerer.retrieve(question)


class TestAnswersInTurns:
    def test_who_is_first_changes(self, generation: Generation) -> None:
        log: list[tuple[str, str]] = []
        records = in_turns(QUESTIONS, {name: Spy(name, log) for name in "ab"}, generation, lambda *_: None)
        one, two, three = (question.question for question in QUESTIONS)
        assert log == [
            ("a", two), ("b", two), ("a", one), ("b", one), ("b", two), ("a", two), ("a", three), ("b", three),
        ]  # fmt: skip
        assert [[record.labelled.id for record in side] for side in records.values()] == [["1", "2", "3"]] * 2

    def test_judged_by_the_same_code(self, generation: Generation) -> None:
        (first, *_) = in_turns(QUESTIONS[:1], {"a": Spy("a", [])}, generation, lambda *_: None)["a"]
        assert (first.result.contains, first.result.page_rank, first.result.citations) == (True, 1, 0)

    def test_what_was_shown(self, tmp_path: Path) -> None:
        """The sentences that are in the answer, with their quotes; not those that were withheld."""
        publish(tmp_path, {"a.pdf": PAGES}, BagOfWordsEncoder())
        index = CurrentIndex(tmp_path, BagOfWordsEncoder().identity)
        index.open_if_there()
        model = ScriptedModel(["The warranty is 24 months."])
        retriever = Retriever(BagOfWordsEncoder(), OverlapReranker())
        answerer = Answerer(index, retriever, model, 4, 800, 256, PLAIN_CONFIDENCE_MODEL)
        sides = {"ours": Ours(answerer)}
        ((given,),) = in_turns(QUESTIONS[:1], sides, answerer.generation(), lambda *_: None).values()
        assert given.answer.answered
        made = given.to_json()
        quote = {"document": "a.pdf", "page": 2, "quote": PAGES[1]}
        assert made["shown"] == [{"sentence": PAGES[1], "quotes": [quote]}]
        withheld = replace(given.result, sentences=(replace(given.result.sentences[0], shown=False),))
        assert shown_sentences(withheld) == shown_sentences(replace(given.result, answered=False)) == []
        assert made["answers"] == ("24 months",)


def record(seconds: float, *, asked: bool = True, answered: bool = True) -> GivenAnswer:
    usage = {"prompt_tokens": 400 if asked else 0, "completion_tokens": 20 if asked else 0}
    item = QuestionResult(
        "1", "?", True, True, 1, 1, seconds, answer="24 months", answered=answered,
        f1=1.0 if answered else 0.0, contains=answered, usage=usage,
    )  # fmt: skip
    answer = TutorialAnswerer(Pieces(), Chat("24 months"), "m").ask(Question("?"))
    return GivenAnswer(QUESTIONS[0], item, answer)


class TestAnswersTable:
    @pytest.fixture
    def rows(self) -> dict[str, list[str]]:
        ours = [record(2.0), record(4.0), record(0.1, asked=False, answered=False)]
        theirs = [record(4.0), record(8.0), record(6.0)]
        lines = table("a set", {"ours": ours, TUTORIAL: theirs}).splitlines()
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        return {first: rest for first, *rest in cells}

    def test_measures(self, rows: dict[str, list[str]]) -> None:
        assert rows["a set"] == ["ours", TUTORIAL]
        assert rows["f1"] == ["0.667", "1.000"]
        assert rows["false_abstain"] == ["0.333", "0.000"]
        assert rows["quotes_verbatim"] == ["–", "–"]

    def test_what_the_model_was_not_asked_for_has_no_tokens(self, rows: dict[str, list[str]]) -> None:
        assert rows["answers that the model was asked for"] == ["2", "3"]
        assert rows["prompt tokens of those, median"] == ["400", "400"]

    def test_seconds(self, rows: dict[str, list[str]]) -> None:
        assert rows["seconds per answer, median"] == ["2.00", "6.00"]
        ratio, peer = rows["**median against the tutorial's** (95 % interval)"]
        assert ratio.startswith("0.33 (")
        assert peer == "1.00 (1.00–1.00)"
        assert rows["the same, where our model was asked"] == ["0.50 (0.50–0.50)", "1.00 (1.00–1.00)"]

    def test_a_model_that_was_never_asked(self) -> None:
        text = table("a set", {"ours": [record(0.1, asked=False)], TUTORIAL: [record(4.0)]})
        assert "| the same, where our model was asked | – | 1.00 (1.00–1.00) |" in text


class TestAblation:
    @pytest.mark.parametrize("text", ["", "name", "name=index", "=index:questions", "name=:questions", "name=index:"])
    def test_no_question_set(self, text: str) -> None:
        with pytest.raises(Exception, match="NAME=INDEX:QUESTIONS"):
            question_set(text)

    def test_question_set(self) -> None:
        expected = QuestionSet("a", Path("b=c:d"), Path("e.jsonl"))
        assert question_set("a=b=c:d:e.jsonl") == expected

    def test_variants(self, generation: Generation) -> None:
        measured = variants(BagOfWordsEncoder(), OverlapReranker())
        items = ablation.in_turns(QUESTIONS[:2], measured, generation, lambda *_: None)
        assert {name: [item.page_rank for item in found] for name, found in items.items()} == {
            name: [1, 1] for name in measured
        }

    def test_table(self) -> None:
        def items(*ranks: int | None) -> list[QuestionResult]:
            return [QuestionResult("1", "?", True, True, rank, rank, 0.012) for rank in ranks]

        made = ablation.table(
            "a set", {"BM25": items(1, 2, 10, None), FULL: items(1, 1, 1, 1)}, {FULL: 12.5}
        ).splitlines()
        assert made[0] == "| a set | page_hit@1 | page_hit@5 | mrr@10 | read | ms |"
        assert made[2].startswith("| BM25 | 0.250 (0.0")
        assert "| 0.400 (" in made[2]
        assert ablation.table("", {"none": items(*[None] * 9), FULL: items(*[1] * 9)}, {}).count("(<0.001)") == 3
        assert made[3] == "| full | 1.000 | 1.000 | 1.000 | 12.5 | 12 |"
