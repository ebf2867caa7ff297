"""Answers to questions in another language than the documents', through the answerer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.answering import answerer as answerer_module
from rag.answering.answer_translation import AnswerTranslator, answer_translator
from rag.answering.run import Run
from rag.domain.values import Answer, AnswerReady, Question, SentenceVerified
from rag.index.generation import Generation
from rag.models.llm.language_model import LanguageModel
from rag.testing import ScriptedModel
from tests.unit.rag.answering.test_answerer import FERRY, MANUAL, answerer_of
from tests.unit.rag.answering.test_other_languages import SURE
from tests.unit.rag.query.library import library_of

OWN = "The warranty of the pump lasts 24 months from its delivery."
ASKED = "Wie lange gilt die Garantie der Pumpe?"
IN_ENGLISH = "How long does the warranty of the pump last?"
IN_GERMAN = "Die Garantie der Pumpe gilt 24 Monate ab Lieferung."


@pytest.fixture(scope="module")
def library() -> Iterator[Generation]:
    with library_of({"ferry.pdf": FERRY, "pump.pdf": MANUAL}) as generation:
        yield generation


def asked(generation: Generation, question: str, *replies: str) -> tuple[Answer, list[SentenceVerified]]:
    answerer = answerer_of(generation, ScriptedModel(list(replies)), confidence_model=SURE, whole_confidence_model=SURE)
    *events, last = answerer.stream(Question(question))
    assert isinstance(last, AnswerReady)
    return last.answer, [event for event in events if isinstance(event, SentenceVerified)]


def test_a_fact_is_given_in_the_language_of_the_question(library: Generation) -> None:
    answer, events = asked(library, ASKED, IN_ENGLISH, "24 months", OWN, IN_GERMAN, "24 Monate")
    assert (answer.answer, answer.short_answer) == (IN_GERMAN, "24 Monate")
    (sentence,) = answer.sentences
    assert (sentence.original, sentence.confidence) == (OWN, answer.confidence)
    assert [citation.quote for citation in answer.citations] == [OWN], "quotes stay in the language of the document"
    assert [event.sentence for event in events] == [sentence]


@pytest.mark.parametrize(
    "translated",
    [
        pytest.param("Die Garantie der Pumpe gilt 36 Monate ab Lieferung.", id="another number"),
        pytest.param("Die Garantie der Pumpe gilt nicht 24 Monate ab Lieferung.", id="the opposite"),
        pytest.param("La garantía es válida por 24 meses.", id="another language"),
        pytest.param(OWN, id="no translation"),
    ],
)
def test_a_translation_with_a_fault_gives_way_to_the_original(library: Generation, translated: str) -> None:
    answer, _ = asked(library, ASKED, IN_ENGLISH, "24 months", OWN, translated, "36 Monate")
    assert (answer.answer, answer.short_answer, answer.sentences[0].original) == (OWN, "24 months", None)


def test_a_translation_that_the_model_is_not_sure_of_gives_way_to_the_original(library: Generation) -> None:
    model = ScriptedModel([IN_ENGLISH, "24 months", OWN, IN_GERMAN, "24 Monate"], assent=0.7)
    answerer = answerer_of(library, model, confidence_model=SURE, whole_confidence_model=SURE)
    answer = answerer.ask(Question(ASKED))
    assert (answer.answered, answer.answer, answer.sentences[0].original) == (True, OWN, None)


def test_the_reason_of_a_yes_is_translated(library: Generation) -> None:
    answer, _ = asked(
        library,
        "Sind Hunde auf der Fähre erlaubt?",
        "Are dogs allowed on the ferry?",
        "Yes",
        "Hunde sind auf der Fähre nur an der Leine erlaubt.",
    )
    assert answer.answer == "Ja, unter einer Bedingung: Hunde sind auf der Fähre nur an der Leine erlaubt."
    assert answer.sentences[0].original == "Dogs are allowed on the ferry only on a leash."
    assert answer.short_answer == "Ja"


def test_steps_are_translated_one_by_one(library: Generation) -> None:
    model_says = ("1. Shut the valve of the pump. 2. Take the clamp ring off. 3. Take the old diaphragm out.",)
    german = ("Um die Membran zu wechseln, tun Sie dies:", "Schließen Sie das Ventil der Pumpe.")
    answer, events = asked(
        library,
        "Wie wechsle ich die Membran der Pumpe?",
        "How do I replace the diaphragm of the pump?",
        *model_says,
        *german,
        "Nehmen Sie den Ring ab.",
    )
    translated = [sentence for sentence in answer.sentences if sentence.original]
    assert german[1] in answer.answer
    assert [event.sentence for event in events] == [one for one in answer.sentences if one.verdict == "supported"]
    assert [sentence.confidence is None for sentence in translated] == [
        sentence is not answer.sentences[0] for sentence in translated
    ]


@pytest.mark.parametrize(
    ("question", "replies"),
    [
        pytest.param(ASKED, (IN_ENGLISH, "24 months", OWN, IN_GERMAN, "24 Monate"), id="value"),
        pytest.param(
            "Wie wechsle ich die Membran der Pumpe?",
            ("How do I replace the diaphragm of the pump?", "1. Shut the valve of the pump."),
            id="several sentences",
        ),
    ],
)
def test_the_documents_are_looked_through_once(
    library: Generation, monkeypatch: pytest.MonkeyPatch, question: str, replies: tuple[str, ...]
) -> None:
    runs: list[Run] = []

    def counted(run: Run, model: LanguageModel) -> AnswerTranslator | None:
        runs.append(run)
        return answer_translator(run, model)

    monkeypatch.setattr(answerer_module, "answer_translator", counted)
    answer, _ = asked(library, question, *replies)
    assert answer.answered
    assert len(runs) == 1


def test_a_question_in_the_language_of_the_documents_is_not_translated(library: Generation) -> None:
    answer, _ = asked(library, IN_ENGLISH, "24 months", OWN, "Never asked for.")
    assert (answer.answer, answer.sentences[0].original) == (OWN, None)


def test_the_tokens_of_the_translation_are_counted(library: Generation) -> None:
    plain, _ = asked(library, IN_ENGLISH, "24 months", OWN)
    translated, _ = asked(library, ASKED, IN_ENGLISH, "24 months", OWN, IN_GERMAN, "24 Monate")
    assert translated.usage.completion_tokens >= plain.usage.completion_tokens + len(f"{IN_GERMAN} 24 Monate".split())
