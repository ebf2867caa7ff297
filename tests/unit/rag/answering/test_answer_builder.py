"""The answer builder: sentences, citations and certainty of an answer, and the reason of an abstention."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.answer_builder import FACT, NOT_IN_DOCUMENTS, AnswerBuilder
from rag.answering.draft import Draft
from rag.answering.grounding import Evidence, Quote, Support
from rag.domain.values import Chunk, Document, Hit, Passage, Question, Span, Usage
from rag.models.llm.language_model import Finish
from rag.query.types import Reply
from tests.unit.conftest import page_of

TEXT = "The pump has a blue lid. The valve opens to the left."
DOCUMENT = Document("0" * 64, ("manual.pdf",), "Manual", 1, 1)
EVIDENCE = Evidence(Hit(Passage(0, DOCUMENT, Chunk(Span(1, 0, len(TEXT)), TEXT)), 1.0), page_of(TEXT))
LID = Quote(EVIDENCE, Span(1, 0, 24), 0.75)
VALVE = Quote(EVIDENCE, Span(1, 25, len(TEXT)), 1.0)


def support(sentence: str, *quotes: Quote, score: float = 1.0) -> Support:
    return Support(sentence, quotes, score, agrees=True)


def builder(reason: str = "stop") -> AnswerBuilder:
    draft = Draft(finish=Finish("length" if reason == "length" else "stop", Usage(7, 2, 3)))
    return AnswerBuilder(Question("Which lid?"), "scripted", "000001-x", [EVIDENCE], draft, {"total": 1.0})


class TestAnswer:
    def test_supported_sentences_with_their_citations(self) -> None:
        made = builder().answer([support("A blue lid.", LID), support("It opens left.", VALVE, LID)], 0.8123)
        assert made.answer == "A blue lid. It opens left."
        assert [(item.text, item.verdict, item.citations) for item in made.sentences] == [
            ("A blue lid.", "supported", (1,)),
            ("It opens left.", "supported", (2, 1)),
        ]
        assert [(c.id, c.quote, c.page, c.start, c.end, c.score) for c in made.citations] == [
            (1, "The pump has a blue lid.", 1, 0, 24, 0.75),
            (2, "The valve opens to the left.", 1, 25, 53, 1.0),
        ]
        assert (made.answered, made.reason, made.confidence) == (True, None, 0.812)
        assert (made.model, made.index, made.usage, made.timings_ms) == (
            "scripted",
            "000001-x",
            Usage(7, 2, 3),
            {"total": 1.0},
        )

    def test_a_repeated_sentence_is_dropped(self) -> None:
        made = builder().answer([support("A blue lid.", LID), support("It opens left.", VALVE)] * 3, 0.8)
        assert made.answer == "A blue lid. It opens left."
        assert [item.text for item in made.sentences] == ["A blue lid.", "It opens left."]

    def test_unsupported_ones_are_listed_only(self) -> None:
        made = builder().answer([support("Gold.", LID, score=0.1), support("A blue lid.", LID)], 0.8)
        assert made.answer == "A blue lid."
        assert [(item.text, item.verdict, item.citations) for item in made.sentences] == [
            ("Gold.", "unsupported", ()),
            ("A blue lid.", "supported", (1,)),
        ]

    @pytest.mark.parametrize(
        ("sentences", "text"),
        [(["Blue"], "Blue"), (["Blue", "It opens left."], "Blue. It opens left."), (["Blue!", "Left"], "Blue! Left")],
    )
    def test_a_short_answer_gets_its_full_stop(self, sentences: list[str], text: str) -> None:
        assert builder().answer([support(sentence, LID) for sentence in sentences], 0.9).answer == text

    @pytest.mark.parametrize(("confidence", "certainty"), [(FACT, "stated"), (FACT - 0.001, "possible")])
    def test_certainty_is_a_field_and_not_part_of_the_text(self, confidence: float, certainty: str) -> None:
        made = builder().answer([support("Blue.", LID)], confidence)
        assert (made.answer, made.certainty) == ("Blue.", certainty)

    @pytest.mark.parametrize("confidence", [FACT - 0.0006, FACT - 0.0004])
    def test_certainty_goes_with_the_rounded_confidence(self, confidence: float) -> None:
        made = builder().answer([support("Blue.", LID)], confidence)
        assert (made.certainty == "possible") == (made.confidence < FACT)

    def test_one_that_stopped_at_its_length_says_so(self) -> None:
        made = builder("length").answer([support("Blue.", LID)], 0.9)
        assert (made.answered, made.reason) == (True, "length")


class TestAbstention:
    @pytest.mark.parametrize(
        ("given_support", "reason"),
        [
            pytest.param([], "not_in_documents", id="an empty draft"),
            pytest.param([support("Gold.", LID, score=0.1)], "no_supported_sentence", id="no supported sentence"),
            pytest.param([support("Blue.", LID)], "not_in_documents", id="a supported sentence that does not answer"),
        ],
    )
    def test_reason(self, given_support: list[Support], reason: str) -> None:
        made = builder("length").abstention(given_support, 0.3)
        assert (made.answer, made.answered, made.reason) == (NOT_IN_DOCUMENTS, False, reason)
        assert (made.confidence, made.certainty) == (0.3, None)
        assert {item.verdict for item in made.sentences} <= {"unsupported"}
        assert [item.text for item in made.sentences] == [item.sentence for item in given_support]

    def test_cites_the_nearest_quotes(self) -> None:
        assert [citation.quote for citation in builder().abstention([], 0.0).citations] == ["The pump has a blue lid."]
        assert replace(builder(), evidence=[]).abstention([], 0.0).citations == ()


def test_a_reply_without_a_search() -> None:
    made = builder().reply(Reply("Hello.", "not_a_question"))
    assert (made.answer, made.answered, made.reason, made.confidence) == ("Hello.", False, "not_a_question", 1.0)
    assert made.certainty is None
