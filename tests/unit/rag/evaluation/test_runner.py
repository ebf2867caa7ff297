"""Evaluation runner and summaries, against numbers worked out by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from rag.domain.values import Answer, Chunk, Citation, Document, Hit, Page, Passage, Question, Sentence, Span, Usage
from rag.evaluation.questions import LabelledQuestion
from rag.evaluation.results import QuestionResult, SentenceResult
from rag.evaluation.runner import _shown, evaluate
from rag.evaluation.summary import summarise
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import publish

LONG = "The cover lasts 24 months from the delivery of the pump, in all countries, if the bill is kept."
GOOD = {"id": "q1", "question": "How long?", "answers": ["24 months"], "document": "a.pdf", "pages": [2]}


def result(identifier: str, **fields: Any) -> QuestionResult:
    given_ = {"answerable": True, "paged": True, "page_rank": 1, "document_rank": 1, "seconds": 1.0, **fields}
    return QuestionResult(id=identifier, question="?", **given_)


class TestSummary:
    def test_retrieval(self) -> None:
        results = [
            result("a", page_rank=1, document_rank=1, seconds=1.0),
            result("b", page_rank=5, document_rank=2, seconds=2.0),
            result("c", page_rank=10, document_rank=6, seconds=3.0),
            result("d", page_rank=None, document_rank=None, seconds=4.0),
            result("e", page_rank=None, document_rank=5, paged=False, seconds=5.0),
            result("f", page_rank=None, document_rank=None, answerable=False, paged=False, seconds=6.0),
        ]
        summary = summarise(results, model=None, index="000001-00000000")
        assert (summary["n"], summary["answerable"], summary["unanswerable"]) == (6, 5, 1)
        assert summary["page_hit@1"] == 0.25
        assert summary["page_hit@5"] == 0.5
        assert summary["mrr@10"] == pytest.approx((1 + 1 / 5 + 1 / 10) / 4, abs=1e-4)
        assert summary["document_hit@5"] == 0.6
        assert summary["seconds_p95"] == 6.0
        assert (summary["model"], summary["index"]) == (None, "000001-00000000")
        assert "f1" not in summary
        assert [row["id"] for row in summary["items"]] == list("abcdef")

    def test_answers(self) -> None:
        results = [
            result("a", answered=True, f1=1.0, contains=True, citations=2, citations_on_gold_page=1, quotes_verbatim=2,
                 sentences_shown=2, unsupported_shown=0),
            result("b", answered=True, f1=0.5, contains=False, citations=2, citations_on_gold_page=2, quotes_verbatim=1,
                 sentences_shown=2, unsupported_shown=1),
            result("c", answered=False, f1=0.0, contains=False, citations=3, citations_on_gold_page=3,
                 quotes_verbatim=3),
            result("d", answered=True, f1=0.5, contains=True, paged=False, citations=1, quotes_verbatim=1,
                 sentences_shown=1),
            result("e", answered=True, answerable=False, paged=False, f1=None, citations=1, quotes_verbatim=1,
                 sentences_shown=1, unsupported_shown=0),
            result("f", answered=False, answerable=False, paged=False, f1=None, citations=1, quotes_verbatim=1),
            result("g", answered=False, answerable=False, paged=False, f1=None),
        ]  # fmt: skip
        summary = summarise(results, model="m", index="i")
        assert summary["f1"] == 0.5
        assert summary["contains"] == 0.5
        # Only of answers that were given, to questions whose page is known: (1 + 2) of (2 + 2).
        assert summary["citation_page_precision"] == 0.75
        assert summary["quotes_verbatim"] == 0.9
        assert summary["unsupported_shown"] == pytest.approx(1 / 6, abs=1e-4)
        assert summary["abstain_recall"] == pytest.approx(2 / 3, abs=1e-4)
        assert summary["false_abstain"] == 0.25

    def test_undefined(self) -> None:
        summary = summarise([result("a", answerable=False, paged=False, answered=False)], model="m", index="i")
        nothing = ("page_hit@1", "mrr@10", "document_hit@5", "f1", "quotes_verbatim", "unsupported_shown")
        assert all(summary[metric] is None for metric in nothing)
        assert summary["abstain_recall"] == 1.0
        assert summary["intervals"]["page_hit@1"] is None
        assert summary["intervals"]["abstain_recall"] == (1.0, 1.0)

    def test_answers_and_confidence(self) -> None:
        results = [
            result("a", answered=True, outcome="right", confidence=0.9, usage={"prompt_tokens": 400}),
            result("b", answered=True, outcome="wrong", confidence=0.4, usage={"prompt_tokens": 500}),
            result("c", answered=False, outcome="false_abstention", confidence=0.1, usage={"prompt_tokens": 0}),
            result("d", answered=True, outcome="false_answer", confidence=0.6, answerable=False, paged=False,
                 usage={"prompt_tokens": 300}),
            result("e", answered=False, outcome="abstained", confidence=0.2, answerable=False, paged=False),
        ]  # fmt: skip
        summary = summarise(results, model="m", index="i")
        assert summary["right"] == pytest.approx(1 / 3, abs=1e-4)
        assert (summary["coverage"], summary["risk"]) == (0.6, pytest.approx(2 / 3, abs=1e-4))
        assert summary["brier"] == pytest.approx((0.01 + 0.16 + 0.36) / 3, abs=1e-4)
        assert summary["prompt_tokens_p50"] == 400
        json.dumps(summary)

    def test_by_form_and_source(self) -> None:
        results = [
            result("a", form="Numeric", source="table", page_rank=1),
            result("b", form="Numeric", source="text", page_rank=None),
            result("c", form="Yes/No", source="text", page_rank=3),
            result("d"),
        ]
        summary = summarise(results, model=None, index="i")
        assert {form: (one["n"], one["page_hit@1"]) for form, one in summary["forms"].items()} == {
            "Numeric": (2, 0.5),
            "Yes/No": (1, 0.0),
        }
        assert summary["sources"]["text"]["page_hit@5"] == 0.5
        assert summary["forms"]["Yes/No"]["intervals"]["page_hit@5"] == (1.0, 1.0)

    def test_too_many_values_are_not_broken_down(self) -> None:
        results = [result(str(number), source=f"https://example.com/{number}") for number in range(41)]
        assert summarise(results, model=None, index="i")["sources"] == {}


class TestEvaluate:
    PAGES = ("The pump has a lid.", "The warranty is 24 months.")

    @pytest.fixture
    def generation(self, tmp_path: Path) -> Generation:
        publish(tmp_path, {"a.pdf": self.PAGES, "b.pdf": ["Other."]}, BagOfWordsEncoder())
        return open_current(tmp_path, BagOfWordsEncoder().identity)

    def answer(self, generation: Generation, text: str, *, answered: bool = True) -> Answer:
        """An answer that quotes the gold page verbatim, and the first page with words that are not there."""
        document = next(document for document in generation.documents if document.name == "a.pdf")
        quote = self.PAGES[1]
        right = Citation(1, "a.pdf", document.id, 2, quote, 0, len(quote), (), 1.0)
        wrong = Citation(2, "a.pdf", document.id, 1, "The pump is red.", 0, 16, (), 1.0)
        sentences = (
            Sentence(text.removesuffix(" Not shown."), "supported", (1,)),
            Sentence("Not shown.", "unsupported"),
        )
        return Answer(
            "id", "?", text, answered, None if answered else "not_in_documents", 0.9, sentences, (right, wrong),
            "m", generation.id, Usage(10, 5, 3),
        )  # fmt: skip

    def run(
        self, generation: Generation, given: str | Answer, *, answered: bool = True, **label: Any
    ) -> QuestionResult:
        labelled = LabelledQuestion.model_validate({**GOOD, **label})
        hits = [Hit(passage, 1.0) for passage in reversed(generation.passages(range(3)))]
        answer = given if isinstance(given, Answer) else self.answer(generation, given, answered=answered)
        (made,) = evaluate([labelled], lambda _: hits, lambda _: answer, generation, lambda *_: None)
        return made

    def test_result(self, generation: Generation) -> None:
        made = self.run(generation, "The warranty is 24 months.")
        # Hits: b.pdf page 1, a.pdf page 2, a.pdf page 1.
        assert (made.page_rank, made.document_rank) == (2, 2)
        assert made.f1 == pytest.approx(2 * 0.5 * 1.0 / 1.5)
        assert made.contains is True
        assert (made.citations, made.citations_on_gold_page, made.quotes_verbatim) == (2, 1, 1)
        assert (made.sentences_shown, made.unsupported_shown) == (1, 0)
        assert made.usage == {"prompt_tokens": 10, "cached_tokens": 5, "completion_tokens": 3}
        assert (made.answered, made.reason, made.paged, made.answerable) == (True, None, True, True)
        assert made.outcome == "right"
        assert (made.answers, made.documents, made.pages) == (("24 months",), ("a.pdf",), (2,))
        assert [(hit.document, hit.page, hit.gold) for hit in made.retrieved] == [
            ("b.pdf", 1, False),
            ("a.pdf", 2, True),
            ("a.pdf", 1, False),
        ]
        assert [(one.document, one.page, one.gold) for one in made.cited] == [("a.pdf", 2, True), ("a.pdf", 1, False)]

    def test_the_whole_answer_is_kept(self, generation: Generation) -> None:
        answer = self.answer(generation, "The warranty is 24 months.")
        step = Sentence("Keep the bill.", "supported", (2, 1), "step", 0.75)
        given = replace(
            answer, answer=f"{answer.answer}\n\n1. Keep the bill.", sentences=(*answer.sentences, step), form="how_to",
            short_answer="24 months", missing=("its price",),
        )  # fmt: skip
        made = self.run(generation, given)
        assert made.answer == "The warranty is 24 months.\n\n1. Keep the bill."
        assert (made.short_answer, made.answer_form, made.missing) == ("24 months", "how_to", ("its price",))
        assert made.sentences == (
            SentenceResult("The warranty is 24 months.", "lead", "supported", None, (1,), shown=True, gold=True),
            SentenceResult("Not shown.", "lead", "unsupported", None, (), shown=False, gold=False),
            SentenceResult("Keep the bill.", "step", "supported", 0.75, (2, 1), shown=True, gold=True),
        )
        assert [(one.id, one.quote) for one in made.cited] == [(1, self.PAGES[1]), (2, "The pump is red.")]
        item = json.loads(json.dumps(summarise([made], model="m", index="i")))["items"][0]
        assert TypeAdapter(QuestionResult).validate_python(item) == made

    def test_f1_and_contains_are_of_the_short_answer(self, generation: Generation) -> None:
        answer = self.answer(generation, "The warranty is 24 months from delivery, in all countries but one.")
        short = replace(answer, short_answer="24 months")
        assert self.run(generation, short).f1 == 1.0
        assert (self.run(generation, answer).f1 or 0.0) < 0.5
        # The text has it, and the short answer has not.
        assert self.run(generation, short, answers=["from delivery"]).contains is False

    @pytest.mark.parametrize(
        ("text", "short", "gold", "outcome"),
        [
            pytest.param("Only with the landlord's consent.", "Yes", "Yes", "right", id="the short answer says yes"),
            pytest.param("Only with the landlord's consent.", "No", "Yes", "wrong", id="the short answer says no"),
            pytest.param("Only with the landlord's consent.", None, "Yes", "wrong", id="neither"),
            pytest.param("It is 24 months.", "Months", "24 months", "right", id="the text says it"),
        ],
    )
    def test_the_short_answer_or_the_text_is_right(
        self, generation: Generation, text: str, short: str | None, gold: str, outcome: str
    ) -> None:
        made = self.run(generation, replace(self.answer(generation, text), short_answer=short), answers=[gold])
        assert made.outcome == outcome

    def test_an_abstention_has_no_short_answer(self, generation: Generation) -> None:
        withheld = replace(self.answer(generation, "24 months", answered=False), short_answer="24 months")
        made = self.run(generation, withheld)
        assert (made.f1, made.contains, made.outcome) == (0.0, False, "false_abstention")

    def test_nuggets(self, generation: Generation) -> None:
        nuggets = [{"vital": True, "any": ["24 months"]}, {"vital": True, "any": ["lid"]}]
        made = self.run(generation, "The warranty is 24 months.", nuggets=nuggets, kind="list")
        assert ([nugget.found for nugget in made.nuggets], made.vital_recall) == ([True, False], 0.5)
        assert (made.kind, made.vital_missing, made.words) == ("list", ("lid",), 5)
        abstained = self.run(generation, "The warranty is 24 months.", answered=False, nuggets=nuggets)
        assert (abstained.vital_recall, abstained.words) == (0.0, 0)

    def test_evidence_in_two_documents(self, generation: Generation) -> None:
        made = self.run(generation, "24 months", document=None, pages=[], evidence={"a.pdf": [1], "b.pdf": [1]})
        assert (made.paged, made.page_rank, made.documents) == (True, 1, ("a.pdf", "b.pdf"))
        assert [(hit.document, hit.gold) for hit in made.retrieved] == [
            ("b.pdf", True),
            ("a.pdf", False),
            ("a.pdf", True),
        ]
        assert [one.gold for one in made.cited] == [False, True]

    @pytest.mark.parametrize(
        ("text", "gold", "recall"),
        [
            pytest.param("Months.", "24 months", None, id="short"),
            pytest.param("It is covered for 24 months.", LONG, 3 / 10, id="stems, without the stop words"),
            pytest.param(LONG, LONG, 1.0, id="all of it"),
            pytest.param("Nothing of that.", LONG, 0.0, id="nothing"),
        ],
    )
    def test_content_recall(self, generation: Generation, text: str, gold: str, recall: float | None) -> None:
        assert self.run(generation, text, answers=[gold]).content_recall == pytest.approx(recall)

    def test_content_recall_of_an_abstention_and_of_the_best(self, generation: Generation) -> None:
        assert self.run(generation, LONG, answered=False, answers=[LONG]).content_recall == 0.0
        other = "Ask the dealer who sold it, in writing, and before a year has gone by at the very latest."
        assert self.run(generation, LONG, answers=["24 months", other, LONG]).content_recall == 1.0

    def test_an_unsupported_sentence_that_is_shown(self, generation: Generation) -> None:
        made = self.run(generation, "The warranty is 24 months. Not shown.")
        assert (made.sentences_shown, made.unsupported_shown) == (2, 1)

    @pytest.mark.parametrize(
        ("given", "text", "shown"),
        [
            pytest.param(["+The pump is red.", "-The pump"], "The pump is red.", [True, False], id="a part of another"),
            pytest.param(["+It is.", "-It is."], "It is.", [True, False], id="the same again, left out"),
            pytest.param(["+It is.", "-It is."], "It is. It is.", [True, True], id="the same again, shown"),
            pytest.param(["+It is.", "+It is. So."], "It is. So. It is.", [True, True], id="one within the other"),
            pytest.param(["+It is.", "-is. It"], "It was. It is.", [True, False], id="no match across a gap"),
            pytest.param(["-It is."], "", [False], id="no answer"),
            pytest.param(["+", "-|"], "It is.", [False, False], id="nothing in it"),
            pytest.param(["+Lock it.", "-Run."], "1. **Lock** it.\n2. Run.", [True, True], id="steps and bold"),
            pytest.param(["+a | b", "+1 | 2"], "| a | b |\n| --- | --- |\n| 1 | 2 |", [True, True], id="a table"),
            pytest.param(["+x || y | 5 * 3"], r"| x \|\| y | 5 \* 3 |", [True], id="escapes"),
            pytest.param(["+Two\nlines"], "Two lines", [True], id="white space"),
        ],
    )
    def test_sentences_shown(self, given: list[str], text: str, shown: list[bool]) -> None:
        sentences = [Sentence(one[1:], "supported" if one[0] == "+" else "unsupported") for one in given]
        assert _shown(sentences, text) == shown

    def test_a_possible_answer_is_measured_as_its_text(self, generation: Generation) -> None:
        possible = replace(self.answer(generation, "400"), certainty="possible")
        made = self.run(generation, possible, answers=["400"])
        assert (made.answer, made.certainty, made.f1, made.outcome) == ("400", "possible", 1.0, "right")

    def test_a_possible_no_against_a_yes_is_wrong(self, generation: Generation) -> None:
        possible = replace(self.answer(generation, "No, it costs 24 euros."), certainty="possible")
        made = self.run(generation, possible, answers=["Yes, it costs 24 euros."])
        assert made.outcome == "wrong"

    def test_an_abstention_shows_no_sentences(self, generation: Generation) -> None:
        made = self.run(generation, "24 months", answered=False)
        assert (made.f1, made.contains, made.sentences_shown) == (0.0, False, 0)

    def test_the_best_of_several_golds(self, generation: Generation) -> None:
        made = self.run(generation, "24 months", answers=["two years", "24 months", "24"])
        assert made.f1 == 1.0

    @pytest.mark.parametrize(
        ("text", "gold", "contains"),
        [
            pytest.param("It is 24 months.", "24 Months", True, id="within"),
            pytest.param("It is 24 months.", "4", False, id="part of a number"),
            pytest.param("It is the pumphouse.", "pump", False, id="part of a word"),
            pytest.param("It is 24.", "24 months", False, id="less"),
        ],
    )
    def test_contains_whole_words(self, generation: Generation, text: str, gold: str, contains: bool) -> None:
        assert self.run(generation, text, answers=[gold]).contains is contains

    def test_unanswerable(self, generation: Generation) -> None:
        made = self.run(generation, "24 months", answers=[], document=None, pages=[])
        assert (made.answerable, made.paged, made.page_rank, made.document_rank) == (False, False, None, None)
        assert (made.f1, made.outcome) == (None, "false_answer")

    @pytest.mark.parametrize(
        ("text", "answered", "label", "outcome"),
        [
            pytest.param("It is 24 months.", True, {}, "right", id="right"),
            pytest.param("It is 12 months.", True, {}, "wrong", id="wrong"),
            pytest.param("It is 24 months.", False, {}, "false_abstention", id="false abstention"),
            pytest.param("No.", False, {"answers": []}, "abstained", id="abstained"),
        ],
    )
    def test_outcome(
        self, generation: Generation, text: str, answered: bool, label: dict[str, Any], outcome: str
    ) -> None:
        assert self.run(generation, text, answered=answered, **label).outcome == outcome

    def test_only_retrieval(self, generation: Generation) -> None:
        asked: list[Question] = []
        progress: list[tuple[str, int, int]] = []

        def retrieve(question: Question) -> list[Hit]:
            asked.append(question)
            return []

        labelled = [LabelledQuestion.model_validate({**GOOD, "id": str(n)}) for n in range(3)]
        made = evaluate(labelled, retrieve, None, generation, lambda *step: progress.append(step))
        assert [one.answered for one in made] == [None] * 3
        assert [one.page_rank for one in made] == [None] * 3
        assert [one.outcome for one in made] == [None] * 3
        assert asked == [Question("How long?")] * 3
        assert progress == [("questions", n, 3) for n in range(4)]
        assert all(math.isfinite(one.seconds) for one in made)


def test_a_page_of_another_document_is_not_gold(tmp_path: Path) -> None:
    document = Document("1" * 64, ("other.pdf", "same content.pdf"), "Other", 2, 1)
    page = Page(2, "Text.", 1.0, 1.0)
    hit = Hit(Passage(0, document, Chunk(Span(2, 0, 5), page.text)), 1.0)
    publish(tmp_path, {"a.pdf": ["Text."]}, BagOfWordsEncoder())
    generation = open_current(tmp_path, BagOfWordsEncoder().identity)
    for name, rank in (("a.pdf", None), ("other.pdf", 1), ("same content.pdf", 1)):
        labelled = LabelledQuestion.model_validate({**GOOD, "document": name})
        (made,) = evaluate([labelled], lambda _: [hit], None, generation, lambda *_: None)
        assert (made.page_rank, made.document_rank) == (rank, rank)
