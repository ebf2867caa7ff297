"""Query rewriting: detection of follow-up questions, and checks of their rewriting."""

from __future__ import annotations

import pytest

from rag.domain.values import Question, Turn, Usage
from rag.query.rewording.rewriting import depends_on_history, first_sentence, is_faithful, rewrite_follow_up
from rag.runtime.cancellation import Cancellation
from rag.testing import ScriptedModel

BELT = Turn("How much is a belt for a Bittern 9?", "A belt for a Bittern 9 costs 36 euros.")
ASKED = Question("And for the Bittern 6?", documents=("manual.pdf",), history=(BELT,), max_tokens=20)


def rewritten(reply: str, question: Question = ASKED) -> tuple[Question, Question, Usage, ScriptedModel]:
    model = ScriptedModel([reply])
    return *rewrite_follow_up(question, model, Cancellation()), model


@pytest.mark.parametrize(
    "text",
    [
        "And for the Bittern 6?",
        "what about the 2023 edition?",
        "Why?",
        "How much?",
        "For how long?",
        "How much does it cost?",
        "Where is it held?",
        "Who pays for that?",
        "Do they carry over to the next year?",
        "in Norway?",
        "Which one is cheaper?",
        "Tell me more about the second one.",
    ],
)
def test_follow_ups(text: str) -> None:
    assert depends_on_history(text)


@pytest.mark.parametrize(
    "text",
    [
        "How much is a compressor belt for a Bittern 9?",
        "Who hears complaints in confidence?",
        "When the diaphragm breaks, who replaces it?",
        "How long does the ticket stay valid?",
        "mileage rate own car",
        "What majority is needed to change this handbook?",
    ],
)
def test_self_contained_questions(text: str) -> None:
    assert not depends_on_history(text)


@pytest.mark.parametrize(
    ("rewriting", "faithful"),
    [
        ("How much is a belt for a Bittern 6?", True),
        ("How much do belts for the Bittern 6 cost?", True),
        ("How much is a belt for a Bittern 9?", False),
        ("How much is a gasket for a Bittern 6?", False),
        ("How much is a belt for a Bittern 60?", False),
        ("And for the Bittern 6?", False),
        ("It costs 36 euros for the Bittern 6.", True),
        ("", False),
    ],
    ids=[
        "short",
        "other order",
        "repeats the one before",
        "new noun",
        "new number",
        "unchanged",
        "known words",
        "empty",
    ],
)
def test_faithful(rewriting: str, *, faithful: bool) -> None:
    assert is_faithful(rewriting, ASKED) is faithful


def test_without_history_nothing_changes_and_the_model_is_not_asked() -> None:
    question = Question("And for the Bittern 6?")
    alone, searched, usage, model = rewritten("never", question)
    assert alone is searched is question
    assert usage == Usage()
    assert model.chats == []


def test_a_self_contained_question_goes_without_its_history() -> None:
    question = Question("Who hears complaints in confidence?", history=(BELT,))
    alone, searched, _, model = rewritten("never", question)
    assert alone == searched == Question("Who hears complaints in confidence?")
    assert model.chats == []


def test_a_rewriting_is_asked_searched_and_counted() -> None:
    alone, searched, usage, model = rewritten('"How much is a belt for a Bittern 6?"')
    assert alone == searched == Question("How much is a belt for a Bittern 6?", ("manual.pdf",), (), 20)
    assert usage.completion_tokens == 9
    assert model.chats[0][-1].text.endswith("Last question: And for the Bittern 6?")


@pytest.mark.parametrize("reply", ["How much is a trumpet?", "", "word " * 60], ids=["unfaithful", "empty", "endless"])
def test_where_rewriting_fails_the_question_before_is_searched_for_too(reply: str) -> None:
    alone, searched, _, _ = rewritten(reply)
    assert alone is ASKED
    assert searched.text == "How much is a belt for a Bittern 9? And for the Bittern 6?"
    assert searched.documents == ASKED.documents


def test_a_history_that_does_not_fit_is_not_rewritten() -> None:
    model = ScriptedModel(["never"], context_tokens=60)
    alone, _, usage = rewrite_follow_up(ASKED, model, Cancellation())
    assert alone is ASKED
    assert usage == Usage()


LEASE = Turn("What is the rent of the Tarn boathouse based on?", "The rent is based on the floor area.")
KX = Turn("How much is a belt for the KX-20?", "9 euros.")
FEE = Turn("What is the fee based on?", "On weight.")
DRIVER = Turn("And who pays the caretaker?", "The landlord.")


@pytest.mark.parametrize(
    ("asked", "reply", "history", "expected"),
    [
        ("And who pays?", "Who pays the rent?", (LEASE,), "Who pays the rent (the Tarn boathouse)?"),
        ("When is it due?", "When is the rent due?", (LEASE, DRIVER), "When is the rent due (the Tarn boathouse)?"),
        ("And who pays?", "Who pays for the Tarn boathouse?", (LEASE,), "Who pays for the Tarn boathouse?"),
        ("And for the Bittern 6?", "How much is a Bittern 6 belt?", (BELT,), "How much is a Bittern 6 belt?"),
        ("And the gasket?", "How much is the gasket?", (KX,), "How much is the gasket (the KX-20)?"),
        ("And who pays?", "Who pays the fee?", (FEE,), "Who pays the fee?"),
    ],
    ids=["dropped", "of an earlier turn", "kept", "another name", "identifier", "no name"],
)
def test_a_rewriting_keeps_the_name_of_the_topic(
    asked: str, reply: str, history: tuple[Turn, ...], expected: str
) -> None:
    alone, searched, _, _ = rewritten(reply, Question(asked, history=history))
    assert alone.text == searched.text == expected


def test_a_search_of_both_questions_keeps_the_name_of_an_earlier_one() -> None:
    _, searched, _, _ = rewritten("", Question("what happens if they are late?", history=(LEASE, DRIVER)))
    assert searched.text == "And who pays the caretaker? what happens if they are late (the Tarn boathouse)?"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("The rent is **90 euros**. It is due in May.\n\n- Pay by card\n- Pay in cash", "The rent is 90 euros."),
        ("# Steps\n\n1. Switch it off.\n2. Wait.", "Steps"),
        ("- oak\n- ash\n- elm", "oak ash elm"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |\n\nThat is all.", "That is all."),
        ("", ""),
    ],
)
def test_of_a_long_answer_the_model_gets_the_first_sentence(answer: str, sentence: str) -> None:
    assert first_sentence(answer) == sentence
    _, _, _, model = rewritten("never", Question("And why?", history=(Turn("What is due?", answer),)))
    assert f"A: {sentence}\n\nLast question" in model.chats[0][-1].text
