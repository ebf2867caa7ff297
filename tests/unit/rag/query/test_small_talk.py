"""Small talk gets a fixed reply; whatever may be a question to the documents does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Document
from rag.query.small_talk import small_talk

DOCUMENTS = [Document("0" * 64, ("harbour.pdf",), "Harbour rules", 2, 1), Document("1" * 64, ("f.pdf",), "Ferry", 1, 1)]
QUESTIONS = Path(__file__).parents[4] / "knowledge_base" / "questions.jsonl"


def reply_to(text: str) -> str:
    reply = small_talk(text, DOCUMENTS)
    assert reply, text
    assert reply.reason == "not_a_question"
    return reply.text


@pytest.mark.parametrize("text", ["Hi", "hello!", "Hello there", "HEY", "Good morning", "Hi, how are you?", "hallo"])
def test_greetings(text: str) -> None:
    assert reply_to(text).startswith("Hello")


@pytest.mark.parametrize(
    "text", ["Thanks", "thank you very much!", "OK, thanks for your help.", "Great, thank you", "ok", "Cheers :-)"]
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
        "Which documents do you have?",
        "what files are there",
        "List all documents",
        "Hi, how many documents do you have?",
        "show me your documents, please",
    ],
)
def test_list_of_documents(text: str) -> None:
    assert reply_to(text) == "I have 2 documents: Harbour rules (harbour.pdf); Ferry (f.pdf)."


def test_a_long_list_is_cut_and_says_so() -> None:
    many = [Document(f"{n:064}", (f"{n}.pdf",), f"Title {n}", 1, 1) for n in range(25)]
    reply = small_talk("List the documents.", many)
    assert reply
    assert "Title 19 (19.pdf); and 5 more." in reply.text
    assert "Title 20" not in reply.text
    for documents, expected in [([], "I have no documents yet."), (DOCUMENTS[:1], "I have one document: ")]:
        reply = small_talk("List the documents.", documents)
        assert reply
        assert reply.text.startswith(expected)


@pytest.mark.parametrize(
    "text",
    [
        "Hello Kitty licence fee?",
        "Hello, what does a berth cost?",
        "Who are you allowed to bring on board?",
        "What can you do about a cracked diaphragm?",
        "What documents do I need to register?",
        "Which documents do you have to hand in?",
        "Which documents do you have about the warranty?",
        "help desk telephone number",
        "Thanks to whom was the yard founded?",
        "What is your refund policy?",
        "Are you open on Sundays?",
        "How many files are there in the Reedbed project?",
        "Good Morning Ltd turnover",
        "What is the capital of France?",
        "Write me a poem.",
        "How does this work?",
        "?",
        "",
    ],
)
def test_possible_questions_are_not_small_talk(text: str) -> None:
    assert small_talk(text, DOCUMENTS) is None


def test_no_labelled_question_is_small_talk() -> None:
    for line in QUESTIONS.read_text().splitlines():
        assert small_talk(json.loads(line)["question"], DOCUMENTS) is None


@given(
    st.sampled_from(["Hello", "thanks", "who are you", "help"]), st.sampled_from(["berth", "Kitty", "warranty 2025"])
)
def test_a_word_of_the_documents_makes_it_a_question(talk: str, word: str) -> None:
    for text in (f"{talk} {word}", f"{talk}, {word}?", f"{word}, {talk}"):
        assert small_talk(text, DOCUMENTS) is None


@given(st.text(max_size=200))
def test_accepts_any_text(text: str) -> None:
    small_talk(text, DOCUMENTS)
