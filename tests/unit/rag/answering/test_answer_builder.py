"""The answer builder: sentences, citations and certainty of an answer, the reason of an abstention, replies, events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.answer_builder import FACT, NOT_IN_DOCUMENTS, VERBATIM, AnswerBuilder, sentence_events
from rag.answering.draft import Draft
from rag.answering.grounding import Quote, Support
from rag.answering.markdown_text import markdown
from rag.answering.run import Clock, Findings, Run
from rag.domain.values import Box, Form, Page, Question, SentenceKind, Span, Usage, Word
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.models.llm.language_model import Finish
from rag.query.types import Reply, ReplyItem, UnderstoodQuestion
from rag.runtime.cancellation import Cancellation
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import publish, quick_folder
from tests.unit.rag.answering.material import DOCUMENT, evidence_on

# The words of two lines.
WORDS = (
    Word(0, 3, Box(10, 10, 30, 20)),
    Word(4, 8, Box(32, 10, 60, 20)),
    Word(9, 14, Box(10, 30, 50, 40)),
    Word(15, 24, Box(52, 30, 90, 40)),
)
PAGE = Page(4, "The pump has a blue lid. The valve opens to the left.", 595.0, 842.0, WORDS, label="iv")
EVIDENCE = evidence_on(PAGE)
LID = Quote(EVIDENCE, Span(4, 0, 24), 0.75049)
VALVE = Quote(EVIDENCE, Span(4, 25, 53), 1.0)
# The first page of the index.
OPENING = "The pump is blue. The lid is red."


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    with quick_folder() as root:
        publish(root, {"a.pdf": [OPENING, "The valve is black."]}, BagOfWordsEncoder())
        opened = open_current(root, BagOfWordsEncoder().identity)
        yield opened
        opened.close()


def builder_for(generation: Generation, form: Form = "fact", scope_note: str | None = None) -> AnswerBuilder:
    question = Question("Which lid?")
    understood = UnderstoodQuestion(question, question, (question,), form, scope_note=scope_note)
    return AnswerBuilder(Run(understood, generation, Cancellation(), Clock()), "scripted")


def support(
    sentence: str, *quotes: Quote, kind: SentenceKind = "lead", score: float = 1.0, verbatim: bool = False
) -> Support:
    return Support(sentence, quotes, score, agrees=True, kind=kind, verbatim=verbatim)


def found(*supports: Support, confidence: float = 0.9) -> Findings:
    return Findings(support=supports, confidence=confidence, is_given=True)


GOLD = support("Gold.", LID, score=0.1)


class TestAnswer:
    def test_an_address_that_is_no_contact_gets_a_note(self, generation: Generation) -> None:
        opening = evidence_on(Page(1, OPENING, 595.0, 842.0), document=next(iter(generation.documents)))
        quote = Quote(opening, Span(1, 0, 17), 1.0)
        made = builder_for(generation).answer(found(support("Go to www.lid.example.", quote)))
        assert made.answer == (
            "Go to www.lid.example. Check before you go or write there: the document does not name this as a contact: "
            "www.lid.example."
        )
        assert (made.certainty, made.answered) == ("possible", True)
        assert made.sentences[-1].citations == ()

    def test_supported_sentences_with_their_citations(self, generation: Generation) -> None:
        made = builder_for(generation).answer(
            found(support("A blue lid.", LID), support("It opens left.", VALVE, LID, kind="detail"))
        )
        assert made.answer == "A blue lid. It opens left."
        assert [(item.text, item.verdict, item.citations, item.kind) for item in made.sentences] == [
            ("A blue lid.", "supported", (1,), "lead"),
            ("It opens left.", "supported", (2, 1), "detail"),
        ]
        assert [(c.id, c.quote, c.page, c.start, c.end, c.score) for c in made.citations] == [
            (1, "The pump has a blue lid.", 4, 0, 24, 0.75),
            (2, "The valve opens to the left.", 4, 25, 53, 1.0),
        ]
        assert (made.answered, made.reason) == (True, None)

    def test_a_citation_says_where_its_quote_is(self, generation: Generation) -> None:
        (only,) = builder_for(generation).answer(found(support("A blue lid.", LID))).citations
        assert (only.document, only.document_id, only.label) == ("manual.pdf", DOCUMENT.id, "iv")
        assert only.boxes == (Box(10, 10, 60, 20), Box(10, 30, 90, 40))

    def test_the_same_span_of_another_page_or_document_is_another_citation(self, generation: Generation) -> None:
        elsewhere = Quote(evidence_on(replace(PAGE, number=5)), Span(5, 0, 24), 1.0)
        copy = Quote(evidence_on(PAGE, document=replace(DOCUMENT, id="1" * 64)), LID.span, 1.0)
        # Passages overlap: the quote of another passage may be the same span of the page.
        again = Quote(evidence_on(PAGE, "The pump has a blue lid."), LID.span, 0.5)
        made = builder_for(generation).answer(found(support("A blue lid.", LID, elsewhere, again, copy)))
        assert [(c.document_id, c.page, c.score) for c in made.citations] == [
            (DOCUMENT.id, 4, 0.75),
            (DOCUMENT.id, 5, 1.0),
            ("1" * 64, 4, 1.0),
        ]
        assert made.sentences[0].citations == (1, 2, 3)

    def test_question_model_index_usage_and_timings(self, generation: Generation) -> None:
        draft = Draft(finish=Finish("stop", Usage(7, 2, 3)))
        made = builder_for(generation, "list").answer(replace(found(support("Blue.", LID)), draft=draft))
        assert (made.question, made.model, made.index) == ("Which lid?", "scripted", generation.id)
        assert (made.usage, made.form, set(made.timings_ms)) == (Usage(7, 2, 3), "list", set(Clock().timings))

    def test_a_repeated_sentence_is_dropped(self, generation: Generation) -> None:
        repeated = [support("A blue lid.", LID), support("It opens left.", VALVE)] * 3
        made = builder_for(generation).answer(found(*repeated))
        assert made.answer == "A blue lid.\n\nIt opens left."
        assert [item.text for item in made.sentences] == ["A blue lid.", "It opens left."]

    @pytest.mark.parametrize("turned", [False, True], ids=["supported first", "unsupported first"])
    def test_of_a_repeated_sentence_the_supported_one_is_kept(self, generation: Generation, turned: bool) -> None:
        pair = [support("Blue.", LID), support("Blue.", VALVE, score=0.1)]
        made = builder_for(generation).answer(found(*(pair[::-1] if turned else pair)))
        assert [(item.verdict, item.citations) for item in made.sentences] == [("supported", (1,))]
        assert [citation.quote for citation in made.citations] == ["The pump has a blue lid."]

    def test_unsupported_ones_are_listed_last_and_not_shown(self, generation: Generation) -> None:
        wrong = support("To the right.", VALVE, kind="detail", score=0.1)
        made = builder_for(generation).answer(found(wrong, support("A blue lid.", LID)))
        assert made.answer == "A blue lid."
        assert [(item.text, item.verdict, item.citations, item.kind) for item in made.sentences] == [
            ("A blue lid.", "supported", (1,), "lead"),
            ("To the right.", "unsupported", (), "detail"),
        ]
        assert len(made.citations) == 1

    @pytest.mark.parametrize(
        ("supports", "text"),
        [
            pytest.param([support("Blue", LID)], "Blue", id="a value"),
            pytest.param(
                [support("Blue", LID), support("It opens left.", VALVE, kind="detail")],
                "Blue. It opens left.",
                id="a value gets its full stop",
            ),
            pytest.param(
                [
                    support("In order:", LID),
                    support("Lift it.", LID, kind="step"),
                    support("Turn.", VALVE, kind="step"),
                ],
                "In order:\n\n1. Lift it.\n2. Turn.",
                id="steps",
            ),
            pytest.param(
                [support("Two parts:", LID), support("lid", LID, kind="item"), support("valve", VALVE, kind="item")],
                "Two parts:\n\n- lid\n- valve",
                id="items",
            ),
            pytest.param(
                [support("Part | State", LID, kind="row"), support("lid | blue", LID, kind="row")],
                "| Part | State |\n| --- | --- |\n| lid | blue |",
                id="rows",
            ),
            pytest.param(
                [support("A lid.", LID), replace(GOLD, kind="item"), support("valve", VALVE, kind="item")],
                "A lid.\n\n- valve",
                id="an item that is not supported is left out",
            ),
        ],
    )
    def test_text_is_markdown_of_the_shown_sentences(
        self, generation: Generation, supports: list[Support], text: str
    ) -> None:
        made = builder_for(generation).answer(found(*supports))
        assert made.answer == text
        shown = [item for item in made.sentences if item.verdict == "supported"]
        assert [item.kind for item in shown] == [item.kind for item in supports if item.supported]

    def test_the_direct_answer_has_the_confidence_of_the_answer(self, generation: Generation) -> None:
        made = builder_for(generation).answer(
            found(
                GOLD,
                support("Blue.", LID, verbatim=True),
                support("It opens left.", VALVE, kind="detail", verbatim=True),
                support("Turn it left.", VALVE, kind="detail"),
                confidence=0.81234,
            )
        )
        assert made.confidence == 0.812
        assert [item.confidence for item in made.sentences] == [0.812, VERBATIM, None, None]

    @pytest.mark.parametrize(("confidence", "certainty"), [(FACT, "stated"), (FACT - 0.001, "possible")])
    def test_certainty_is_a_field_and_not_part_of_the_text(
        self, generation: Generation, confidence: float, certainty: str
    ) -> None:
        made = builder_for(generation).answer(found(support("Blue.", LID), confidence=confidence))
        assert (made.answer, made.certainty) == ("Blue.", certainty)

    @pytest.mark.parametrize(
        ("confidence", "certainty"), [(FACT - 0.0006, "possible"), (FACT - 0.0004, "stated")], ids=["down", "up"]
    )
    def test_certainty_goes_with_the_rounded_confidence(
        self, generation: Generation, confidence: float, certainty: str
    ) -> None:
        made = builder_for(generation).answer(found(support("Blue.", LID), confidence=confidence))
        assert made.certainty == certainty
        assert made.confidence is not None
        assert (made.certainty == "possible") == (made.confidence < FACT)

    @pytest.mark.parametrize(("form", "reason"), [("fact", "length"), ("how_to", None), ("yes_no", None)])
    def test_a_value_that_stopped_at_its_length_says_so(
        self, generation: Generation, form: Form, reason: str | None
    ) -> None:
        findings = replace(found(support("Blue.", LID)), draft=Draft(finish=Finish("length", Usage())))
        made = builder_for(generation, form).answer(replace(findings, short_answer="Blue", missing=("a price",)))
        assert (made.answered, made.reason) == (True, reason)
        assert (made.short_answer, made.missing) == ("Blue", ("a price",))

    def test_the_scope_note_is_a_detail_without_citations(self, generation: Generation) -> None:
        made = builder_for(generation, "list", "This is page 4, labelled iv.").answer(
            found(support("valve", VALVE, kind="item"), GOLD)
        )
        assert made.answer == "- valve\n\nThis is page 4, labelled iv."
        assert [(item.text, item.verdict, item.citations, item.kind) for item in made.sentences] == [
            ("valve", "supported", (1,), "item"),
            ("This is page 4, labelled iv.", "supported", (), "detail"),
            ("Gold.", "unsupported", (), "lead"),
        ]


class TestAbstention:
    @pytest.mark.parametrize(
        ("supports", "reason"),
        [
            pytest.param([], "not_in_documents", id="an empty draft"),
            pytest.param([GOLD], "no_supported_sentence", id="no supported sentence"),
            pytest.param([support("Blue.", LID)], "not_in_documents", id="a supported sentence that does not answer"),
            pytest.param([GOLD, support("Blue.", LID)], "not_in_documents", id="one of two is supported"),
        ],
    )
    def test_reason(self, generation: Generation, supports: list[Support], reason: str) -> None:
        finish = Finish("length", Usage(7, 2, 3))
        made = builder_for(generation).abstention(
            Findings(evidence=[EVIDENCE], draft=Draft(finish=finish), support=supports, confidence=0.30049)
        )
        assert (made.answer, made.answered, made.reason) == (NOT_IN_DOCUMENTS, False, reason)
        assert (made.confidence, made.certainty, made.usage) == (0.3, None, finish.usage)
        assert [(item.text, item.verdict, item.citations) for item in made.sentences] == [
            (item.sentence, "unsupported", ()) for item in supports
        ]

    def test_has_neither_a_short_answer_nor_missing_parts(self, generation: Generation) -> None:
        findings = Findings(support=[support("Blue.", LID)], short_answer="Blue", missing=("a price",))
        made = builder_for(generation).abstention(findings)
        assert (made.short_answer, made.missing) == (None, ())
        assert made.answer == NOT_IN_DOCUMENTS

    def test_says_which_part_was_taken(self, generation: Generation) -> None:
        made = builder_for(generation, scope_note="This is page 4.").abstention(Findings())
        assert made.answer == f"{NOT_IN_DOCUMENTS} This is page 4."

    def test_says_more_where_there_is_more_to_say(self, generation: Generation) -> None:
        made = builder_for(generation).abstention(Findings(statement="No document mentions TR-50."))
        assert (made.answer, made.answered, made.reason) == ("No document mentions TR-50.", False, "not_in_documents")

    def test_cites_the_nearest_quote_of_the_first_passages(self, generation: Generation) -> None:
        passages = [EVIDENCE, *(evidence_on(replace(PAGE, number=number)) for number in (5, 6, 7))]
        made = builder_for(generation).abstention(Findings(evidence=passages))
        assert [(citation.page, citation.quote) for citation in made.citations] == [
            (page, "The pump has a blue lid.") for page in (4, 5, 6)
        ]
        assert builder_for(generation).abstention(Findings()).citations == ()


class TestReply:
    @pytest.mark.parametrize("reason", ["not_a_question", "not_possible"])
    def test_one_that_does_not_answer(self, generation: Generation, reason: str) -> None:
        made = builder_for(generation).reply(Reply("Hello.", reason))  # type: ignore[arg-type]
        assert (made.answer, made.answered, made.reason, made.form) == ("Hello.", False, reason, "chat")
        assert (made.confidence, made.certainty, made.sentences, made.citations) == (1.0, None, (), ())

    def test_one_that_answers_is_stated(self, generation: Generation) -> None:
        made = builder_for(generation).reply(Reply("There are 2 documents.", None, "collection"))
        assert (made.answer, made.answered, made.reason) == ("There are 2 documents.", True, None)
        assert (made.certainty, made.confidence, made.form) == ("stated", 1.0, "collection")
        assert [(item.text, item.verdict, item.kind) for item in made.sentences] == [
            ("There are 2 documents.", "supported", "lead")
        ]

    def test_items_with_their_citations(self, generation: Generation) -> None:
        pump, valve = generation.passages([0, 1])
        items = (
            ReplyItem("a.pdf, 2 pages", pump, 0, 17),
            ReplyItem("the same place", pump, 0, 17),
            ReplyItem("a place without a proof", valve),
            ReplyItem("no place"),
            ReplyItem("the valve", valve, 4, 9),
        )
        made = builder_for(generation).reply(Reply("What there is:", None, "collection", items))
        assert made.answer == "What there is:\n\n" + "\n".join(f"- {item.text}" for item in items)
        assert [(item.kind, item.citations) for item in made.sentences] == [
            ("lead", ()),
            ("item", (1,)),
            ("item", (1,)),
            ("item", ()),
            ("item", ()),
            ("item", (2,)),
        ]
        assert [(c.document, c.page, c.start, c.end, c.quote, c.score) for c in made.citations] == [
            ("a.pdf", 1, 0, 17, "The pump is blue.", 1.0),
            ("a.pdf", 2, 4, 9, "valve", 1.0),
        ]

    def test_an_item_without_text_proves_the_reply_itself(self, generation: Generation) -> None:
        (pump,) = generation.passages([0])
        items = (ReplyItem("", pump, 0, 17), ReplyItem("the lid", pump, 18, len(OPENING)), ReplyItem("", pump, 4, 8))
        made = builder_for(generation).reply(Reply("It is blue.", None, "collection", items))
        assert made.answer == "It is blue.\n\n- the lid"
        assert [(item.text, item.kind, item.citations) for item in made.sentences] == [
            ("It is blue.", "lead", (1, 3)),
            ("the lid", "item", (2,)),
        ]


class TestSentenceEvents:
    def test_each_citation_once_and_supported_sentences_only(self, generation: Generation) -> None:
        made = builder_for(generation, scope_note="This is page 4.").answer(
            found(
                GOLD,
                support("A blue lid.", LID),
                support("It is blue.", LID, kind="detail"),
                support("It opens left.", LID, VALVE, kind="detail"),
            )
        )
        lid, valve = made.citations
        assert [(event.sentence.text, event.citations) for event in sentence_events(made)] == [
            ("A blue lid.", (lid,)),
            ("It is blue.", ()),
            ("It opens left.", (valve,)),
            ("This is page 4.", ()),
        ]

    def test_none_where_there_is_no_answer(self, generation: Generation) -> None:
        builder = builder_for(generation)
        (pump,) = generation.passages([0])
        withheld = Findings(evidence=[EVIDENCE], support=[support("Blue.", LID)])
        assert list(sentence_events(builder.abstention(withheld))) == []
        reply = Reply("I cannot translate.", "not_possible", items=(ReplyItem("an item", pump, 0, 17),))
        assert list(sentence_events(builder.reply(reply))) == []


SUPPORTS = st.builds(
    lambda sentence, quotes, kind, score: Support(sentence, tuple(quotes), score, agrees=True, kind=kind),
    st.sampled_from(["Blue", "Left.", "a | b", "In order:"]),
    st.lists(st.sampled_from([LID, VALVE, Quote(EVIDENCE, Span(4, 4, 8), 1.0)]), min_size=1, max_size=3),
    st.sampled_from(["lead", "detail", "step", "item", "row"]),
    st.sampled_from([0.1, 1.0]),
)


@given(st.lists(SUPPORTS, max_size=8), st.none() | st.just("A note."))
def test_events_make_up_the_answer(generation: Generation, given_supports: list[Support], note: str | None) -> None:
    builder = builder_for(generation, "explain", note)
    made = builder.answer(found(*given_supports, support("Certain.", LID)))
    events = list(sentence_events(made))
    assert markdown([event.sentence for event in events]) == made.answer
    known: list[int] = []
    for event in events:
        known += [citation.id for citation in event.citations]
        assert set(event.sentence.citations) <= set(known)
    # Numbered in the order of their first use, and none without a sentence.
    assert known == [citation.id for citation in made.citations] == list(range(1, len(known) + 1))
    assert all(PAGE.text[citation.start : citation.end] == citation.quote for citation in made.citations)
