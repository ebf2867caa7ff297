"""Small talk gets a fixed reply; whatever may be a question to the documents does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.small_talk import small_talk

QUESTIONS = Path(__file__).parents[4] / "knowledge_base" / "questions.jsonl"


def reply_to(text: str) -> str:
    reply = small_talk(text)
    assert reply, text
    assert reply.reason == "not_a_question"
    assert reply.form == "chat"
    return reply.text


@pytest.mark.parametrize("text", ["Hi", "hello!", "Hello there", "HEY", "Good morning", "Hi, how are you?", "hallo"])
def test_greetings(text: str) -> None:
    assert reply_to(text).startswith("Hello")


@pytest.mark.parametrize(
    "text",
    [
        "Thanks",
        "thank you very much!",
        "OK, thanks for your help.",
        "Great, thank you",
        "ok",
        "Cheers :-)",
        "thanks, that was very helpful!",
        "Thank you so much, you're great",
        "that helped me a lot, thank you",
        "Thanks for the quick answer",
        "thanks for explaining this",
        "wow, impressive",
        "That's exactly what I needed.",
        "No more questions, thanks",
        "ok great",
        "you're the best",
        "this is really useful",
        "I appreciate it",
        "Danke, vielen dank",
        "Merci beaucoup",
        "Great answer!",
        "how helpful",
        "I see, understood",
    ],
)
def test_thanks(text: str) -> None:
    assert reply_to(text).startswith("You are welcome")


@pytest.mark.parametrize("text", ["Who are you?", "what are you", "Hi! Are you a bot?", "What's your name?"])
def test_identity(text: str) -> None:
    assert reply_to(text).startswith("I am Pageproof")


@pytest.mark.parametrize("text", ["help", "What can you do?", "Hello, can you help me please?", "what can I ask you?"])
def test_abilities(text: str) -> None:
    assert "compare two documents" in reply_to(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hello Kitty licence fee?",
        "Hello, what does a berth cost?",
        "Who are you allowed to bring on board?",
        "What can you do about a cracked diaphragm?",
        "What documents do I need to register?",
        "Which documents do you have?",
        "help desk telephone number",
        "Thanks to whom was the yard founded?",
        "What is your refund policy?",
        "Are you open on Sundays?",
        "Good Morning Ltd turnover",
        "What is the capital of France?",
        "Write me a poem.",
        "How does this work?",
        "is this useful",
        "that was not helpful",
        "this answer is wrong",
        "the best answer",
        "thanks but what about the fee",
        "great lakes shipping",
        "?",
        "",
    ],
)
def test_possible_questions_are_not_small_talk(text: str) -> None:
    assert small_talk(text) is None


def test_no_labelled_question_is_small_talk() -> None:
    for line in QUESTIONS.read_text().splitlines():
        assert small_talk(json.loads(line)["question"]) is None


@given(
    st.sampled_from(["Hello", "thanks", "who are you", "help", "that was great"]),
    st.sampled_from(["berth", "Kitty", "warranty 2025"]),
)
def test_a_word_of_the_documents_makes_it_a_question(talk: str, word: str) -> None:
    for text in (f"{talk} {word}", f"{talk}, {word}?", f"{word}, {talk}"):
        assert small_talk(text) is None


@given(st.text(max_size=200))
def test_accepts_any_text(text: str) -> None:
    small_talk(text)
