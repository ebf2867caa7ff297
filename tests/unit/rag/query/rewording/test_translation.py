"""Query translation into the language of the documents, and language identification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Question, Usage
from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.query.rewording.translation import translate_question
from rag.runtime.cancellation import Cancellation
from rag.testing import BagOfWordsEncoder, ScriptedModel
from rag.text.language import language_of
from tests.unit.conftest import publish, quick_folder

LIBRARY = {"a.pdf": ["The share of a member of the Cooperative is paid in 12 parts.", "A Bittern is heard for miles."]}
QUESTIONS = Path(__file__).parents[5] / "knowledge_base" / "questions.jsonl"


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    with quick_folder() as folder:
        publish(Path(folder), LIBRARY, BagOfWordsEncoder())
        yield open_current(Path(folder), BagOfWordsEncoder().identity)


def translated(text: str, reply: str, generation: Generation) -> tuple[str, Usage, ScriptedModel]:
    model = ScriptedModel([reply])
    translation = translate_question(Question(text), generation, model, Cancellation())
    return translation.question.text, translation.usage, model


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How long is the warranty?", "English"),
        ("Wie lange ist die Garantie?", "German"),
        ("Quelle est la durée de la garantie ?", "French"),
        ("¿Cuánto dura la garantía para el motor?", "Spanish"),
        ("Quanto dura la garanzia della pompa?", "Italian"),
        ("Hoe lang is de garantie van het toestel?", "Dutch"),
        ("mileage rate own car", None),
        ("Bittern 9", None),
        ("", None),
    ],
)
def test_language(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_no_labelled_question_is_identified_as_another_language() -> None:
    for line in QUESTIONS.read_text().splitlines():
        assert language_of(json.loads(line)["question"]) in ("English", None)


def test_a_question_in_the_documents_language_is_left_alone(generation: Generation) -> None:
    for text in ("How is the share of a member paid?", "share member parts"):
        same, usage, model = translated(text, "never", generation)
        assert (same, usage, model.chats) == (text, Usage(), [])


def test_a_translation_is_searched_for(generation: Generation) -> None:
    text, usage, model = translated(
        "Wie wird der Anteil in 12 Teilen bezahlt?", "How is the share paid in 12 parts?", generation
    )
    assert text == "How is the share paid in 12 parts?"
    assert usage.completion_tokens == 8
    assert "into English" in model.chats[0][0].text


@pytest.mark.parametrize(
    "reply", ["How is the share paid in 13 parts?", "Der Anteil wird in 12 Teilen bezahlt und nicht auf einmal.", ""]
)
def test_a_bad_translation_is_discarded(generation: Generation, reply: str) -> None:
    text = "Wie wird der Anteil in 12 Teilen bezahlt?"
    assert translated(text, reply, generation)[0] == text


def test_names_of_the_documents_are_kept(generation: Generation) -> None:
    text, _, _ = translated(
        "Wie weit ist der Ton von einem Bittern zu hören?", "How far is the sound of a beer heard?", generation
    )
    assert text == "How far is the sound of a beer heard? Bittern"


@given(st.text(max_size=100))
def test_accepts_any_text(text: str) -> None:
    language_of(text)
