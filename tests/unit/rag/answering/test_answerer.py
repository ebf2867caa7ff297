"""Answers of each form, from the question to the events; what stops an answer, and what is read for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, cast, get_args

import numpy as np
import pytest

from rag.answering.answer_builder import NOT_IN_DOCUMENTS
from rag.answering.answerer import Answerer
from rag.answering.confidence import Logistic
from rag.answering.prompt import NOT_FOUND, REREADING
from rag.answering.trace import LastTrace
from rag.domain.values import (
    Answer,
    AnswerEvent,
    AnswerReady,
    Hit,
    Page,
    PassagesFound,
    Question,
    Sentence,
    SentenceVerified,
    Strictness,
    Turn,
)
from rag.errors import Cancelled, DocumentUnknown, PromptTooLong
from rag.index.docstore.docstore import Docstore
from rag.index.generation import Generation
from rag.index.joint.interfaces import ServedIndex
from rag.models.embedding.interfaces import FloatMatrix, FloatVector
from rag.models.llm.language_model import Generated, Prompt, Token
from rag.query.rewording.restating import RESTATE
from rag.retrieval.cached import RetrievalCache
from rag.retrieval.retriever import Retriever
from rag.retrieval.scoring import HIGHEST_LOGIT
from rag.runtime.cancellation import Cancellation
from rag.testing import PLAIN_CONFIDENCE_MODEL, BagOfWordsEncoder, OverlapReranker, ScriptedModel
from tests.unit.rag.query.library import Written, library_of

MANUAL = Written(
    [
        "# Warranty\n\nThe warranty of the pump lasts 24 months from its delivery. It covers the lid and the valve.",
        "# Replacing the diaphragm\n\nTo replace the diaphragm of the pump, do this:\n1. Shut the valve of the pump.\n"
        "2. Take the clamp ring off.\n3. Take the old diaphragm out.",
        "4. Lay the new diaphragm in.\n5. Put the clamp ring on again.\n\n# Colours\n\nPaint is sold at the works.",
        "# Parts of the kit\n\nThe kit of the pump has these parts:\n• a red key\n• a torque wrench\n• a felt pad",
        "# Weights\n\nThe TR-40 weighs 12 kilograms. The TR-60 weighs 19 kilograms.",
        "# Noise\n\nThe pump makes a humming noise because its compressor is set to a low speed. It stops by itself.",
    ],
    title="Pump manual",
)
FERRY = Written(
    [
        "# Animals\n\nDogs are allowed on the ferry only on a leash. Cats are not allowed on the ferry.",
        "# Fares\n\nThe fare of the ferry is 12 euros. The fare of the ferry was 9 euros until May 2020.",
        "# Times\n\nThe ferry to Skarholm leaves at 9 and at 15.",
    ],
    title="Ferry rules",
)


@pytest.fixture(scope="module")
def library() -> Iterator[Generation]:
    with library_of({"ferry.pdf": FERRY, "pump.pdf": MANUAL}) as generation:
        yield generation


@dataclass
class OneGeneration:
    """An index that serves one generation."""

    served: Generation

    def generation(self) -> Generation:
        return self.served


def answerer_of(generation: Generation, model: ScriptedModel, **options: Any) -> Answerer:
    settings: dict[str, Any] = {
        "index": cast(ServedIndex, OneGeneration(generation)),
        "retriever": Retriever(BagOfWordsEncoder(), OverlapReranker()),
        "model": model,
        "passages": 4,
        "evidence_tokens": 300,
        "max_tokens": 64,
        "confidence_model": PLAIN_CONFIDENCE_MODEL,
        "whole_confidence_model": PLAIN_CONFIDENCE_MODEL,
        "today": lambda: date(2026, 3, 4),
    }
    return Answerer(**{**settings, **options})


def ask(generation: Generation, text: str, *replies: str, **options: Any) -> Answer:
    return answerer_of(generation, ScriptedModel(list(replies) or [NOT_FOUND]), **options).ask(Question(text))


def kinds(answer: Answer) -> list[tuple[str, str]]:
    return [(item.kind, item.text) for item in answer.sentences if item.verdict == "supported"]


def asked_of(model: ScriptedModel) -> str:
    """The question with its passages as the model first had to answer it."""
    return next(chat[-1].text for chat in model.chats if chat[-1].text.startswith("# "))


def quotes_of(answer: Answer, sentence: Sentence) -> list[str]:
    return [citation.quote for citation in answer.citations if citation.id in sentence.citations]


class TestFact:
    ASKED = "How long does the warranty of the pump last?"
    OWN = "The warranty of the pump lasts 24 months from its delivery."

    def test_the_sentence_of_the_model_where_it_is_verified(self, library: Generation) -> None:
        answer = ask(library, self.ASKED, "24 months", "The warranty of the pump lasts 24 months.")
        assert (answer.answer, answer.short_answer) == ("The warranty of the pump lasts 24 months.", "24 months")
        assert (answer.form, answer.answered, answer.certainty) == ("fact", True, "stated")
        assert [citation.quote for citation in answer.citations] == [self.OWN]

    @pytest.mark.parametrize(
        "written",
        [
            pytest.param("The warranty of the pump lasts 24 months because it is blue.", id="a reason that is made up"),
            pytest.param("The warranty of the pump never lasts 24 months.", id="the opposite"),
            pytest.param("The warranty of the pump lasts 24 months. It is blue.", id="two sentences"),
            pytest.param("The warranty of the pump lasts long after its delivery.", id="without the value"),
            pytest.param("24 months", id="no sentence"),
            pytest.param(NOT_FOUND, id="a refusal"),
        ],
    )
    def test_else_the_sentence_of_the_document(self, library: Generation, written: str) -> None:
        answer = ask(library, self.ASKED, "24 months", written)
        assert (answer.answer, answer.short_answer) == (self.OWN, "24 months")

    def test_else_the_value(self, library: Generation) -> None:
        answer = ask(library, "Which parts has the kit of the pump?", "a red key", NOT_FOUND)
        assert "a red key" in answer.answer

    def test_the_first_line_of_what_the_model_writes(self, library: Generation) -> None:
        model = InLines(["24 months", "The warranty of the pump lasts 24 months.\nIt is blue.\nAnd so on."])
        answer = answerer_of(library, model).ask(Question(self.ASKED))
        assert answer.answer == "The warranty of the pump lasts 24 months."
        assert model.generated_tokens < len(
            "24 months The warranty of the pump lasts 24 months. It is blue. And so on".split()
        )

    def test_the_sentence_is_held_to_the_evidence_and_function_words(self, library: Generation) -> None:
        model = ScriptedModel(["24 months"])
        answerer_of(library, model).ask(Question(self.ASKED))
        value, sentence = (set((wording or "").split()) for wording in model.wordings)
        assert "those" in sentence - value
        assert "24" in value & sentence

    def test_tokens_of_both_generations_count(self, library: Generation) -> None:
        answer = ask(library, self.ASKED, "24 months", "The warranty of the pump lasts 24 months.")
        assert answer.usage.completion_tokens == 2 + 8

    def test_a_value_that_measures_something_else_is_none(self, library: Generation) -> None:
        answer = ask(library, "How heavy is the warranty of the pump?", "24 months", retriever=NEAR)
        assert (answer.answered, answer.reason) == (False, "no_supported_sentence")
        assert ask(library, "How many weeks does the warranty last?", "24 months", retriever=NEAR).answered

    def test_nor_one_whose_sentence_does(self) -> None:
        asked, sentence = "How many people does the motor of the pump take?", "The motor of the pump takes 3.0 kW."
        with library_of({"a.pdf": Written(["# Data\n\nThe motor of the pump takes (kW): 3.0."])}) as data:
            assert not ask(data, asked, "3.0", sentence, retriever=NEAR).answered
            assert ask(data, asked.replace("people", "kW"), "3.0", sentence, retriever=NEAR).answered

    def test_with_the_date_where_it_matters(self, library: Generation) -> None:
        model = ScriptedModel(["12 euros"])
        answerer_of(library, model).ask(Question("What is the current fare of the ferry?"))
        assert "Today is 04 March 2026." in asked_of(model)
        model = ScriptedModel(["12 euros"])
        answerer_of(library, model).ask(Question("What is the fare of the ferry?"))
        assert "Today" not in asked_of(model)


class TestYesNo:
    def test_yes_on_a_condition(self, library: Generation) -> None:
        answer = ask(library, "Are dogs allowed on the ferry?", "Yes")
        assert answer.answer == "Yes, on a condition: Dogs are allowed on the ferry only on a leash."
        assert (answer.form, answer.short_answer) == ("yes_no", "Yes")
        (sentence,) = answer.sentences
        assert quotes_of(answer, sentence) == ["Dogs are allowed on the ferry only on a leash."]

    def test_no_with_its_reason(self, library: Generation) -> None:
        answer = ask(library, "Are cats allowed on the ferry?", "No")
        assert (answer.answer, answer.short_answer) == ("No: Cats are not allowed on the ferry.", "No")

    def test_the_model_may_say_nothing_else(self, library: Generation) -> None:
        model = ScriptedModel(["Yes"])
        answerer_of(library, model).ask(Question("Are dogs allowed on the ferry?"))
        assert model.wordings == ["Yes No"]

    def test_without_a_reranker_the_bare_answer(self, library: Generation) -> None:
        answer = ask(library, "Are dogs allowed on the ferry?", "Yes", retriever=Retriever(BagOfWordsEncoder(), None))
        assert answer.answer == "Yes"


class TestWhole:
    STEPS = (
        "Shut the valve of the pump.",
        "Take the clamp ring off.",
        "Take the old diaphragm out.",
        "Lay the new diaphragm in.",
        "Put the clamp ring on again.",
    )

    def test_all_steps_in_order_over_a_page_break(self, library: Generation) -> None:
        draft = "1. Take the old diaphragm out. 2. Lay the new diaphragm in."
        answer = ask(library, "How do I replace the diaphragm of the pump?", draft)
        assert answer.form == "how_to"
        assert [text for kind, text in kinds(answer) if kind == "step"] == [*self.STEPS]
        assert "\n".join(f"{n}. {text}" for n, text in enumerate(self.STEPS, 1)) in answer.answer
        pages = {citation.page for citation in answer.citations}
        assert pages >= {2, 3}

    def test_what_the_draft_makes_up_is_not_shown(self, library: Generation) -> None:
        draft = "1. Take the old diaphragm out. 2. Paint the diaphragm gold and sing to the moon."
        answer = ask(library, "How do I replace the diaphragm of the pump?", draft)
        assert [text for kind, text in kinds(answer) if kind == "step"] == [*self.STEPS]
        assert "gold" not in answer.answer

    def test_of_several_procedures_the_one_that_the_draft_follows(self) -> None:
        lamps = (
            "# Lamps\n\nTo change the lamp of the cabin:\n1. Unplug the lamp.\n2. Reach behind the panel.\n"
            "3. Plug the lamp in.\n\nTo change the lamp of the deck:\n1. Unplug the lamp.\n2. Push in the shield.\n"
            "3. Plug the lamp in."
        )
        draft = "1. Unplug the lamp.\n2. Push in the shield.\n3. Plug the lamp in."
        with library_of({"boat.pdf": Written([lamps], title="Boat manual")}) as boat:
            answer = ask(boat, "How do I change the lamp of the deck?", draft)
        steps = [text for kind, text in kinds(answer) if kind == "step"]
        assert steps == ["Unplug the lamp.", "Push in the shield.", "Plug the lamp in."]
        assert "deck" in answer.answer
        assert "cabin" not in answer.answer

    def test_of_several_procedures_the_one_whose_condition_holds_whatever_the_draft_follows(self) -> None:
        holidays = (
            "# Short holidays\n\nIf you will leave the boat for less than four weeks:\n1. Use up the food.\n"
            "2. Shut the hatch.\n\n# Long holidays\n\nIf you will leave the boat for a month or more:\n"
            "1. Unplug the fridge.\n2. Empty the tank.\n\n# Sale\n\nWhen you sell the boat:\n1. Clean the deck.\n"
            "2. Hand over the keys."
        )
        draft = "1. Clean the deck.\n2. Hand over the keys."
        with library_of({"boat.pdf": Written([holidays], title="Boat manual")}) as boat:
            answer = ask(boat, "How do I leave the boat for two months?", draft)
        steps = [text for kind, text in kinds(answer) if kind == "step"]
        assert steps == ["Unplug the fridge.", "Empty the tank."]
        assert "a month or more" in answer.answer

    def test_the_section_that_the_question_names_whatever_the_draft_follows(self) -> None:
        manual = (
            "# The ring test\n\nHang the disc from a thread and tap the disc once. A good disc rings for six seconds."
            "\n\n# Replacing\n\nTo replace the disc:\n1. Lift the ring of the disc.\n2. Tap the new disc in."
        )
        draft = "1. Lift the ring of the disc.\n2. Tap the new disc in."
        with library_of({"horn.pdf": Written([manual], title="Horn manual")}) as horn:
            answer = ask(horn, "How is the ring test of the disc done?", draft)
        assert answer.form == "how_to"
        assert "Hang the disc from a thread and tap the disc once." in answer.answer
        assert "Lift the ring" not in answer.answer

    def test_a_list_is_complete(self, library: Generation) -> None:
        answer = ask(library, "List all parts of the kit of the pump", "- a red key\n- a felt pad")
        assert answer.form == "list"
        assert [text for kind, text in kinds(answer) if kind == "item"] == [
            "a red key",
            "a torque wrench",
            "a felt pad",
        ]

    def test_sentences_are_the_words_of_the_document(self, library: Generation) -> None:
        answer = ask(library, "Why does the pump make a humming noise?", "Its compressor hums at a low speed.")
        assert answer.form == "explain"
        assert answer.sentences[0].text == (
            "The pump makes a humming noise because its compressor is set to a low speed."
        )
        for sentence in answer.sentences:
            assert sentence.text in " ".join(" ".join(quotes_of(answer, sentence)).split())

    def test_nothing_is_drafted_where_the_passages_are_about_something_else(self, library: Generation) -> None:
        model = ScriptedModel(["Its compressor hums."])
        by_relevance = replace(PLAIN_CONFIDENCE_MODEL, answerable=Logistic(0.0, {"relevance": 1.0}))
        answerer = answerer_of(library, model, whole_confidence_model=by_relevance)
        answer = answerer.ask(Question("Why do the lions of Venice have wings?"))
        assert (answer.answered, answer.reason, answer.answer) == (False, "not_in_documents", NOT_IN_DOCUMENTS)
        assert model.chats == []
        assert answerer.ask(Question("Why does the pump make a humming noise?")).answered

    def test_a_part_that_nothing_is_about_is_named(self, library: Generation) -> None:
        text = "What is the fare of the ferry, and who carved the ceiling of the chapel in Rome?"
        answer = ask(library, text, "The fare of the ferry is 12 euros.")
        assert (answer.form, answer.answered) == ("parts", True)
        assert "The fare of the ferry is 12 euros." in answer.answer
        assert len(answer.missing) == 1
        assert "ceiling" in answer.missing[0]

    @pytest.mark.parametrize("is_masked", [True, False])
    def test_a_strong_model_is_not_held_to_the_words_of_the_evidence(
        self, library: Generation, is_masked: bool
    ) -> None:
        model = ScriptedModel(["Its compressor hums at a low speed."])
        answerer_of(library, model, is_masked=is_masked).ask(Question("Why does the pump make a humming noise?"))
        assert [wording is not None for wording in model.wordings] == [is_masked]

    def test_a_further_draft_tells_what_belongs_to_the_answer(self, library: Generation) -> None:
        dogs, cats = "Dogs are allowed on the ferry only on a leash.", "Cats are not allowed on the ferry."
        model, last = ScriptedModel([dogs, cats]), LastTrace()
        answerer = answerer_of(library, model, rereads=True, recorder=last)
        answer = answerer.ask(Question("Explain which animals are allowed on the ferry, and on what condition"))
        assert answer.form == "explain"
        assert [chat[-1].text.endswith(REREADING) for chat in model.chats[-2:]] == [False, True]
        assert last.trace.draft.strip() == dogs
        material = last.trace.composition
        assert material is not None
        pointed = {
            unit.text: features.pointed for unit, features in zip(material.units, material.features, strict=True)
        }
        assert pointed[dogs] == pointed[cats] == 0.5
        assert {sentence.text for sentence in answer.sentences} >= {dogs, cats}

    def test_a_further_draft_that_repeats_the_question_does_not_count(self, library: Generation) -> None:
        dogs, question = "Dogs are allowed on the ferry only on a leash.", "Explain which animals may use the ferry"
        last = LastTrace()
        model = ScriptedModel([dogs, f"{question}. List every fact of the passages."])
        answerer_of(library, model, rereads=True, recorder=last).ask(Question(question))
        assert len(model.wordings) == 2
        material = last.trace.composition
        assert material is not None
        assert max(features.pointed for features in material.features) == 1.0

    @pytest.mark.parametrize(
        ("text", "draft", "form"),
        [
            pytest.param(
                "Why does the pump make a humming noise?",
                "Its compressor hums at a low speed.",
                "explain",
                id="explain",
            ),
            pytest.param(
                "How do I replace the diaphragm of the pump?",
                "1. Take the old diaphragm out. 2. Lay the new diaphragm in.",
                "how_to",
                id="procedure",
            ),
        ],
    )
    def test_the_answer_begins_before_the_further_draft(
        self, library: Generation, text: str, draft: str, form: str
    ) -> None:
        model = ScriptedModel([draft])
        events = answerer_of(library, model, rereads=True).stream(Question(text))
        first = next(event for event in events if isinstance(event, SentenceVerified))
        assert len(model.wordings) == 1
        *rest, last = events
        assert isinstance(last, AnswerReady)
        assert (last.answer.form, len(model.wordings)) == (form, 2)
        sent = [first, *(event for event in rest if isinstance(event, SentenceVerified))]
        assert [event.sentence for event in sent] == list(last.answer.sentences)

    @pytest.mark.parametrize(
        ("statements", "drafts"), [pytest.param(4, 2, id="tells little"), pytest.param(5, 1, id="tells enough")]
    )
    def test_a_further_draft_of_one_that_tells_little(self, library: Generation, statements: int, drafts: int) -> None:
        told = [
            "Dogs are allowed on the ferry only on a leash.", "Cats are not allowed on the ferry.",
            "The fare of the ferry is 12 euros.", "The ferry to Skarholm leaves at 9 and at 15.",
            "The fare of the ferry was 9 euros until May 2020.",
        ]  # fmt: skip
        model = ScriptedModel([" ".join([*told[:statements], "Lions are welcome on board."])])
        answerer = answerer_of(library, model, rereads=True, max_tokens=128)
        answerer.ask(Question("Explain the ferry rules on dogs, cats and the fare"))
        assert len(model.wordings) == drafts

    def test_no_further_draft_of_an_answer_that_is_not_given(self, library: Generation) -> None:
        model = ScriptedModel(["Lions have wings."])
        unlikely = replace(PLAIN_CONFIDENCE_MODEL, correct=Logistic(-9.0, {}))
        answerer = answerer_of(library, model, rereads=True, whole_confidence_model=unlikely)
        assert not answerer.ask(Question("Why does the pump make a humming noise?")).answered
        assert len(model.wordings) == 1

    def test_overview_of_a_document(self, library: Generation) -> None:
        answer = ask(library, "Summarise the pump manual", "The warranty of the pump lasts 24 months.")
        assert (answer.form, answer.answered) == ("overview", True)
        assert {citation.document for citation in answer.citations} == {"pump.pdf"}
        assert len({citation.page for citation in answer.citations}) > 1

    def test_an_overview_begins_before_the_model_has_read_the_document(self, library: Generation) -> None:
        model = ScriptedModel(["The warranty of the pump lasts 24 months."])
        events = answerer_of(library, model).stream(Question("Summarise the pump manual"))
        first = next(event for event in events if isinstance(event, SentenceVerified))
        assert not model.wordings
        *_, last = events
        assert isinstance(last, AnswerReady)
        assert last.answer.sentences[0].text == first.sentence.text
        assert len(model.wordings) == 1

    def test_overview_of_a_document_by_its_name(self, library: Generation) -> None:
        last = LastTrace()
        model = ScriptedModel(["The warranty of the pump lasts 24 months."])
        answer = answerer_of(library, model, recorder=last).overview("pump.pdf")
        assert (answer.form, answer.answered, answer.index) == ("overview", True, library.id)
        assert {citation.document for citation in answer.citations} == {"pump.pdf"}
        assert not hasattr(last, "trace")
        with pytest.raises(DocumentUnknown):
            answerer_of(library, model).overview("no.pdf")

    def test_an_overview_leaves_out_what_somebody_tells_of_himself(self) -> None:
        letter = "# Letter\n\nI have often wished to leave the island. The works had a good year with 83 signals."
        sections = [f"# Section {n}\n\nThe part of number {n} was made at the works in time." for n in range(1, 7)]
        with library_of({"report.pdf": Written([letter, *sections], title="Annual Report")}) as generation:
            answer = ask(generation, "Summarise the annual report", "I have often wished to leave the island.")
        assert "The works had a good year with 83 signals." in answer.answer
        assert "often wished" not in answer.answer

    def test_an_overview_of_a_letter_is_what_its_writer_tells(self) -> None:
        letter = ["# Letter\n\nI resign from my office in May. I thank my friends at the works."]
        with library_of({"letter.pdf": Written(letter, title="Letter of Resignation")}) as generation:
            answer = ask(generation, "Summarise the letter of resignation", "I resign from my office.")
        assert "I resign from my office in May." in answer.answer

    def test_overview_of_a_page(self, library: Generation) -> None:
        answer = ask(library, "What is on page 3 of the ferry rules?", "The ferry leaves at 9.")
        assert "The ferry to Skarholm leaves at 9 and at 15." in answer.answer
        assert {(citation.document, citation.page) for citation in answer.citations} == {("ferry.pdf", 3)}


class TestWithoutTheModel:
    def test_the_collection(self, library: Generation) -> None:
        model = ScriptedModel(["x"])
        answer = answerer_of(library, model).ask(Question("What documents do I have?"))
        assert (answer.form, answer.answered, answer.certainty) == ("collection", True, "stated")
        assert "ferry.pdf" in answer.answer
        assert "pump.pdf" in answer.answer
        assert model.chats == []

    def test_small_talk(self, library: Generation) -> None:
        answer = ask(library, "Hello")
        assert (answer.form, answer.answered, answer.reason) == ("chat", False, "not_a_question")

    def test_what_is_not_possible(self, library: Generation) -> None:
        answer = ask(library, "Translate the ferry rules into French")
        assert (answer.answered, answer.reason) == (False, "not_possible")

    def test_an_unknown_model_number(self, library: Generation) -> None:
        model = ScriptedModel(["12 kilograms"])
        answer = answerer_of(library, model).ask(Question("How much does the TR-50 weigh?"))
        assert answer.answer == "No document mentions TR-50; there are TR-40 and TR-60."
        assert (answer.answered, answer.reason, answer.certainty) == (False, "not_in_documents", None)
        assert answer.citations
        assert model.chats == []

    def test_a_known_model_number(self, library: Generation) -> None:
        answer = ask(library, "How much does the TR-40 weigh?", "12 kilograms", NOT_FOUND)
        assert answer.answer == "The TR-40 weighs 12 kilograms."

    @pytest.mark.parametrize("told", ["", "Yesterday my uncle Bertram came to see us by bicycle from far away. "])
    def test_what_is_told_beside_a_question_makes_no_passage_less_relevant(
        self, library: Generation, told: str
    ) -> None:
        last = LastTrace()
        model = ScriptedModel(["Because its compressor is set to a low speed."])
        question = Question(f"{told}Why does the pump make a humming noise?")
        answer = answerer_of(library, model, recorder=last).ask(question)
        assert "its compressor is set to a low speed" in answer.answer
        assert last.trace.features is not None
        assert last.trace.features.relevance == pytest.approx(HIGHEST_LOGIT)

    def test_a_question_that_no_passage_is_about(self, library: Generation) -> None:
        model = ScriptedModel(["x"])
        answer = answerer_of(library, model).ask(Question("Who is the mayor of Venice in winter?"))
        assert (answer.answered, answer.reason, answer.answer) == (False, "not_in_documents", NOT_IN_DOCUMENTS)
        assert model.chats == []


class AllNear:
    """Reranker to which every passage is near every question."""

    def logits(self, _question: str, texts: Sequence[str]) -> FloatVector:
        return np.full(len(texts), 5.0, np.float32)


class NearSentences(OverlapReranker):
    """Takes a sentence with half of the words of the question for a near one, and any other text for a far one."""

    def logits(self, question: str, texts: Sequence[str]) -> FloatVector:
        is_one = np.array([text.count(".") < 2 for text in texts])
        return np.where(is_one & (super().logits(question, texts) >= 0), np.float32(5.0), np.float32(-9.0))


NEAR = Retriever(BagOfWordsEncoder(), AllNear())


class TestNeitherYesNorNo:
    """A yes/no question whose passages say neither gets what they say of it."""

    ASKED = "Does the pump make a humming noise by itself?"

    def test_what_the_passages_say(self, library: Generation) -> None:
        strict = replace(PLAIN_CONFIDENCE_MODEL, correct=Logistic(-9.0, PLAIN_CONFIDENCE_MODEL.correct.weights))
        answer = ask(
            library, self.ASKED, "Yes", "The pump makes a humming noise.", confidence_model=strict, retriever=NEAR
        )
        assert answer.answered
        assert answer.answer.startswith("The pump makes a humming noise because its compressor is set to a low speed.")
        assert answer.certainty == "possible"

    def test_what_they_say_of_a_thing_whose_name_alone_was_drafted(self, library: Generation) -> None:
        answer = ask(library, "What is the TR-40?", "The TR-40", retriever=NEAR)
        assert "The TR-40 weighs 12 kilograms." in answer.answer
        assert answer.certainty == "stated"
        assert answer.usage.completion_tokens == 2 + 2

    def test_nothing_where_the_model_refuses(self, library: Generation) -> None:
        assert not ask(library, self.ASKED, NOT_FOUND, retriever=NEAR).answered

    def test_nothing_where_no_passage_is_near(self, library: Generation) -> None:
        strict = replace(PLAIN_CONFIDENCE_MODEL, correct=Logistic(-9.0, PLAIN_CONFIDENCE_MODEL.correct.weights))
        assert not ask(library, "Does the pump hum at noon?", "Yes", confidence_model=strict).answered


class TestRestating:
    """A question for which nothing near is found is searched for in other words, too."""

    ASKED, FORMAL = "How long is my guarantee good for?", "How long does the warranty of the pump last?"

    def test_what_other_words_find_is_read(self, library: Generation) -> None:
        model = ScriptedModel([self.FORMAL, "24 months"])
        answer = answerer_of(library, model, restates=True).ask(Question(self.ASKED))
        assert [message.text for message in model.chats[0]][-1] == self.ASKED
        assert TestFact.OWN in asked_of(model)
        assert asked_of(model).endswith(self.ASKED)
        assert answer.usage.completion_tokens >= len(self.FORMAL.split())

    def test_nothing_is_restated_where_something_near_is_found(self, library: Generation) -> None:
        model = ScriptedModel(["24 months"])
        answerer_of(library, model, restates=True, retriever=NEAR).ask(Question(TestFact.ASKED))
        assert not [chat for chat in model.chats if chat[0].text == RESTATE]

    @pytest.mark.parametrize(
        ("asked", "is_restated"),
        [
            pytest.param("Which guarantee should I choose if I sail a lot?", True, id="names no sides"),
            pytest.param("Compare the lid guarantee and the valve guarantee.", False, id="names both sides"),
        ],
    )
    def test_of_comparisons_those_that_name_no_sides(
        self, library: Generation, asked: str, *, is_restated: bool
    ) -> None:
        model = ScriptedModel([NOT_FOUND])
        answer = answerer_of(library, model, restates=True).ask(Question(asked))
        assert answer.form == "comparison"
        assert any(chat[0].text == RESTATE for chat in model.chats) == is_restated

    @pytest.mark.parametrize("asked", ["Wie lange gilt die Garantie?", "What does the TR-99 weigh?"])
    def test_nor_another_language_and_what_no_document_mentions(self, library: Generation, asked: str) -> None:
        model = ScriptedModel([NOT_FOUND])
        answerer_of(library, model, restates=True).ask(Question(asked))
        assert not [chat for chat in model.chats if chat[0].text == RESTATE]


class TestReadingBySentence:
    """A passage that speaks of several things is near a question as soon as one of its sentences is."""

    ASKED = "How long does the warranty of the pump last?"

    def test_a_sentence_of_a_passage_that_seems_far(self, library: Generation) -> None:
        answer = ask(library, self.ASKED, "24 months", retriever=Retriever(BagOfWordsEncoder(), NearSentences()))
        assert answer.answered

    def test_none_where_none_of_them_is_near(self, library: Generation) -> None:
        asked = "Who painted the ceiling of the chapel?"
        answer = ask(library, asked, "24 months", retriever=Retriever(BagOfWordsEncoder(), NearSentences()))
        assert not answer.answered


class TestAbstention:
    ASKED = "How long does the warranty of the pump last?"

    def test_a_refusal(self, library: Generation) -> None:
        answer = ask(library, self.ASKED, NOT_FOUND)
        assert (answer.answered, answer.reason, answer.certainty) == (False, "not_in_documents", None)
        assert answer.citations

    def test_a_value_that_no_passage_has(self, library: Generation) -> None:
        answer = ask(library, self.ASKED, "77 years")
        assert (answer.answered, answer.reason) == (False, "no_supported_sentence")
        assert [(item.text, item.verdict) for item in answer.sentences] == [("77 years", "unsupported")]

    def test_a_value_that_is_hardly_right(self, library: Generation) -> None:
        model = ScriptedModel(["24 months"], assent=0.05)
        answer = answerer_of(library, model).ask(Question(self.ASKED))
        assert (answer.answered, answer.reason) == (False, "not_in_documents")


@pytest.fixture(scope="module")
def twins() -> Iterator[Generation]:
    pages = {
        "tarn.pdf": ["# Lease\n\nThe Tarn lease was signed by Ada Fog.", "# Rent\n\nThe rent is 900 euros a month."],
        "vale.pdf": ["# Lease\n\nThe Vale lease was signed by Bo Mist.", "# Rent\n\nThe rent is 700 euros a month."],
    }
    with library_of({name: Written(texts, title=f"{name[:4].title()} lease") for name, texts in pages.items()}) as made:
        yield made


class TestFollowUp:
    ASKED = "And how much is the rent?"

    @pytest.mark.parametrize("name", ["tarn", "vale"])
    def test_the_documents_of_the_conversation_are_searched_first(self, twins: Generation, name: str) -> None:
        history = (Turn(f"Who signed the {name.title()} lease?", f"Ada Fog signed it, says {name}.pdf."),)
        searches = RecordedSearches()
        answerer = answerer_of(twins, ScriptedModel([self.ASKED]), searches=searches)
        found, *_ = answerer.stream(Question(self.ASKED, history=history))
        assert isinstance(found, PassagesFound)
        assert found.hits[0].passage.document.name == f"{name}.pdf"
        # The other one is like it, and is not meant.
        assert {search.documents for search in searches.asked} == {(f"{name}.pdf",)}

    def test_not_where_documents_are_chosen(self, twins: Generation) -> None:
        history = (Turn("Who signed the Tarn lease?", "The Tarn lease was signed by Ada Fog."),)
        searches = RecordedSearches()
        answerer = answerer_of(twins, ScriptedModel([self.ASKED]), searches=searches)
        found, *_ = answerer.stream(Question(self.ASKED, ("vale.pdf",), history))
        assert isinstance(found, PassagesFound)
        assert {search.documents for search in searches.asked} == {("vale.pdf",)}
        assert {hit.passage.document.name for hit in found.hits} == {"vale.pdf"}

    def test_not_without_a_conversation(self, twins: Generation) -> None:
        searches = RecordedSearches()
        answerer_of(twins, ScriptedModel(["x"]), searches=searches).ask(Question("How much is the rent of Tarn?"))
        assert {search.documents for search in searches.asked} == {()}


QUESTIONS = [
    pytest.param("How long does the warranty of the pump last?", ["24 months", NOT_FOUND], id="fact"),
    pytest.param("Are dogs allowed on the ferry?", ["Yes"], id="yes or no"),
    pytest.param("How do I replace the diaphragm of the pump?", ["1. Take the old diaphragm out."], id="steps"),
    pytest.param("List all parts of the kit of the pump", ["- a red key"], id="list"),
    pytest.param("Summarise the pump manual", ["The warranty lasts 24 months."], id="overview"),
    pytest.param("What documents do I have?", ["x"], id="collection"),
    pytest.param("How long does the warranty of the pump last?", [NOT_FOUND], id="abstention"),
    pytest.param("How much does the TR-50 weigh?", ["x"], id="unknown"),
    pytest.param("Hello", ["x"], id="reply"),
]


class TestEvents:
    @pytest.mark.parametrize(("text", "replies"), QUESTIONS)
    def test_passages_then_the_supported_sentences_then_the_answer(
        self, library: Generation, text: str, replies: list[str]
    ) -> None:
        events = list(answerer_of(library, ScriptedModel([*replies])).stream(Question(text)))
        first, *sentences, last = events
        assert isinstance(first, PassagesFound)
        assert isinstance(last, AnswerReady)
        supported = [item for item in last.answer.sentences if item.verdict == "supported"]
        assert _sentences(sentences) == (supported if last.answer.answered else [])
        cited = [citation for event in sentences for citation in cast(SentenceVerified, event).citations]
        assert cited == [c for c in last.answer.citations if last.answer.answered]

    def test_the_first_sentence_comes_while_the_draft_goes_on(self, library: Generation) -> None:
        draft = f"The compressor is set to a low speed. It makes a noise. {'It stops by itself. ' * 20}"
        model = ScriptedModel([draft])
        events = answerer_of(library, model).stream(Question("Why does the pump make a humming noise?"))
        next(events)
        first = next(events)
        assert isinstance(first, SentenceVerified)
        assert 0 < model.generated_tokens < len(draft.split())
        *others, last = events
        assert isinstance(last, AnswerReady)
        assert [first.sentence, *_sentences(others)] == [*last.answer.sentences]
        assert first.citations == last.answer.citations[:1]
        assert first.sentence.confidence == last.answer.confidence

    def test_nothing_is_sent_early_that_is_hardly_right(self, library: Generation) -> None:
        draft = f"Lions have wings. They fly far. {'They sing. ' * 20}"
        unlikely = replace(PLAIN_CONFIDENCE_MODEL, correct=Logistic(-9.0, {}))
        answerer = answerer_of(library, ScriptedModel([draft]), whole_confidence_model=unlikely)
        events = list(answerer.stream(Question("Why does the pump make a humming noise?")))
        assert [type(event) for event in events] == [PassagesFound, AnswerReady]

    @pytest.mark.parametrize(("text", "replies"), QUESTIONS)
    def test_every_quote_is_verbatim(self, library: Generation, text: str, replies: list[str]) -> None:
        answer = answerer_of(library, ScriptedModel([*replies])).ask(Question(text))
        for citation in answer.citations:
            page = library.page(citation.document_id, citation.page)
            assert page.text[citation.start : citation.end] == citation.quote

    @pytest.mark.parametrize(("text", "replies"), QUESTIONS)
    def test_each_page_is_read_once(self, monkeypatch: pytest.MonkeyPatch, text: str, replies: list[str]) -> None:
        read: list[tuple[str, int]] = []
        page_of = Docstore.page

        def page(self: Docstore, document_id: str, number: int) -> Page:
            read.append((document_id, number))
            return page_of(self, document_id, number)

        monkeypatch.setattr(Docstore, "page", page)
        with library_of({"ferry.pdf": FERRY, "pump.pdf": MANUAL}) as generation:
            answerer_of(generation, ScriptedModel([*replies])).ask(Question(text))
        assert len(read) == len(set(read))

    def test_the_recorder_gets_the_trace(self, library: Generation) -> None:
        last, model = LastTrace(), ScriptedModel(["12 euros", NOT_FOUND])
        answer = answerer_of(library, model, recorder=last).ask(Question("What is the current fare of the ferry?"))
        trace = last.trace
        assert trace.answer is answer
        assert trace.generation is library
        assert trace.today == date(2026, 3, 4)
        assert trace.draft.strip() == "12 euros"
        assert trace.prompt
        assert trace.prompt.tokens in {model.prompt(chat).tokens for chat in [*model.chats]}
        assert trace.features
        assert {hit.passage.document.name for hit in trace.hits} >= {"ferry.pdf"}


def _sentences(events: Sequence[AnswerEvent]) -> list[Sentence]:
    return [cast(SentenceVerified, event).sentence for event in events]


class TestPromptTooLong:
    @pytest.mark.parametrize(("text", "replies"), QUESTIONS[:5])
    def test_a_question_that_does_not_fit(self, library: Generation, text: str, replies: list[str]) -> None:
        with pytest.raises(PromptTooLong) as caught:
            answerer_of(library, ScriptedModel([*replies], context_tokens=99)).ask(Question(text))
        assert caught.value.field == "question"

    @pytest.mark.parametrize(("text", "replies"), QUESTIONS)
    @pytest.mark.parametrize("context", [130, 160, 200, 300])
    def test_a_small_context_has_fewer_passages(
        self, library: Generation, text: str, replies: list[str], context: int
    ) -> None:
        """There is room for it, or none for any passage; never does the model get more than its context holds."""
        model = ScriptedModel([*replies], context_tokens=context)
        try:
            answerer_of(library, model, max_tokens=8).ask(Question(text))
        except PromptTooLong as fault:
            too_long = str(fault)
        else:
            too_long = ""
        # The model's own words, where it gets more than that.
        assert too_long != "too long"


@dataclass
class RecordedSearches(RetrievalCache):
    """Remembers the questions that were searched for."""

    asked: list[Question] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def hits(
        self, retriever: Retriever, generation: Generation, question: Question, limit: int, cancelled: Cancellation
    ) -> tuple[Hit, ...]:
        self.asked.append(question)
        return super().hits(retriever, generation, question, limit, cancelled)


@dataclass
class InLines(ScriptedModel):
    """Generates what it is told with its line breaks."""

    def _say(self, *arguments: Any) -> Iterator[Generated]:
        self.replies[0] = self.replies[0].replace("\n", " ⏎ ")
        for piece in super()._say(*arguments):
            yield Token("\n") if isinstance(piece, Token) and piece.text == "⏎ " else piece


@dataclass
class CancelledIn:
    """Cancels in a given step of the work, the n-th time that it comes to it."""

    cancel_in: str
    times: int = 1
    cancellation: Cancellation = field(default_factory=Cancellation)
    steps: list[str] = field(default_factory=list)

    def step(self, name: str) -> None:
        # Rerankers are asked in batches.
        if self.steps[-1:] != [name]:
            self.steps.append(name)
        if name == self.cancel_in and self.steps.count(name) == self.times:
            self.cancellation.cancel()


@dataclass(eq=False)
class CancellingEncoder(BagOfWordsEncoder):
    client: CancelledIn

    def __post_init__(self) -> None:
        super().__init__()

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        self.client.step("encode")
        return super().encode(texts)


@dataclass(eq=False)
class CancellingReranker(OverlapReranker):
    client: CancelledIn

    def logits(self, _question: str, texts: Sequence[str]) -> FloatVector:
        self.client.step("rerank")
        return np.full(len(texts), 2.2, np.float32)


@dataclass
class CancellingModel(ScriptedModel):
    client: CancelledIn = field(default_factory=lambda: CancelledIn("never"))

    def generate(self, prompt: Prompt, **options: Any) -> Iterator[Generated]:
        self.client.step("generate")
        yield from super().generate(prompt, **options)

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:
        self.client.step("check")
        return super().chance(prompt, yes, no, cancelled)


class TestCancellation:
    FACT = "How long does the warranty of the pump last?"
    YES_NO = "Are dogs allowed on the ferry?"
    WHY = "Why does the pump make a humming noise?"

    @pytest.mark.parametrize(
        ("client", "text", "steps"),
        [
            pytest.param(CancelledIn("encode"), FACT, ["encode"], id="search"),
            pytest.param(CancelledIn("rerank"), FACT, ["encode", "rerank"], id="reranker"),
            pytest.param(CancelledIn("generate"), FACT, ["encode", "rerank", "generate"], id="value"),
            pytest.param(CancelledIn("check"), FACT, ["encode", "rerank", "generate", "check"], id="self-check"),
            pytest.param(
                CancelledIn("generate", 2), FACT, ["encode", "rerank", "generate", "check", "generate"], id="sentence"
            ),
            pytest.param(CancelledIn("generate"), WHY, ["encode", "rerank", "generate"], id="whole answer"),
            pytest.param(CancelledIn("generate"), "Summarise page 1 of the ferry rules", ["generate"], id="overview"),
        ],
    )
    def test_the_work_stops_before_its_next_step(
        self, library: Generation, client: CancelledIn, text: str, steps: list[str]
    ) -> None:
        client = CancelledIn(client.cancel_in, client.times)
        model = CancellingModel(["24 months"], client=client)
        retriever = Retriever(CancellingEncoder(client), CancellingReranker(client))
        events = answerer_of(library, model, retriever=retriever).stream(Question(text), client.cancellation)
        with pytest.raises(Cancelled):
            list(events)
        assert client.steps == steps


def test_without_vectors_an_answer_is_only_possible(library: Generation, monkeypatch: pytest.MonkeyPatch) -> None:
    question, reply = "When does the ferry leave?", "The ferry leaves at 9."
    whole = ask(library, question, reply)
    monkeypatch.setattr(library, "_vectors", None)
    text_only = ask(library, question, reply)
    assert (whole.answered, whole.certainty) == (text_only.answered, "stated")
    assert text_only.certainty == "possible"


class TestStrictness:
    """How strict a person is moves the threshold of answers of both kinds."""

    # Each draft has a P(answerable) of .6; the threshold is .5 normally, and .75 at half of the rate.
    MODEL = replace(PLAIN_CONFIDENCE_MODEL, answerable=Logistic(0.4, {}), thresholds=(0.5, 0.5, 1.0), false_answers=0.5)

    @pytest.mark.parametrize(
        "question",
        [
            pytest.param("How long does the warranty of the pump last?", id="a value"),
            pytest.param("Explain the warranty of the pump.", id="a whole answer"),
        ],
    )
    def test_strict_withholds_what_normal_gives(self, library: Generation, question: str) -> None:
        replies = ["24 months", "The warranty of the pump lasts 24 months."]
        answerer = answerer_of(
            library, ScriptedModel(replies), confidence_model=self.MODEL, whole_confidence_model=self.MODEL
        )
        given = {
            strictness: answerer.ask(Question(question, strictness=strictness)).answered
            for strictness in get_args(Strictness)
        }
        assert given == {"strict": False, "normal": True, "lenient": True}
