"""Clause segmentation: where the questions of a text begin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.english.clauses import asks_of, lowered, own_questions, plain, without_politeness


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Hello, could you please tell me when the audit begins?", ["when the audit begins"]),
        ("The lamp broke - how do I replace it?", ["how do i replace it"]),
        ("Opening hours: when does the yard close?", ["when does the yard close"]),
        ("It rains, so why is it dry?", ["why is it dry"]),
        ("Under the old terms how long is the notice?", ["how long is the notice"]),
        ("Who pays and who signs?", ["who pays", "who signs"]),
        ("Say who pays, what it costs and when it ends.", ["say who pays", "what it costs", "when it ends"]),
        ("What happened, who was hurt, and is it safe now?", ["what happened", "who was hurt", "is it safe now"]),
        ("When it rains, the yard is closed.", []),
        ("The chair, who is ill, asks for help.", []),
        ("What did the chair, who is ill, ask for?", ["what did the chair, who is ill, ask for"]),
        ("list of members", []),
        ("list price of oak", []),
        ("List prices of oak and ash.", ["list prices of oak and ash"]),
        ("May 2024 sales", []),
        ("What is it (and what does it cost)?", ["what is it", "what does it cost"]),
        ("", []),
    ],
)
def test_questions(text: str, asked: list[str]) -> None:
    assert [ask.asked for ask in asks_of(plain(text)).questions] == asked


def test_opening_and_statements() -> None:
    found = asks_of("I live on a boat. Please! In the lease, who pays for water?")
    assert found.statements == ("I live on a boat",)
    (ask,) = found.questions
    assert (ask.text, ask.opening) == ("In the lease, who pays for water", "in the lease")
    assert ask.is_marked
    assert not ask.is_order
    assert asks_of("Please list all fees.").questions[0].is_order


def test_questions_without_content_are_left_out() -> None:
    found = asks_of("Is it free? If not, why? Explain it briefly.")
    assert [ask.asked for ask in own_questions(found.questions)] == ["is it free"]


@given(st.text(max_size=200))
def test_questions_are_parts_of_the_text(text: str) -> None:
    text = plain(text)
    found = asks_of(text)
    assert all(ask.text in text for ask in found.questions)
    assert all(ask.asked in lowered(text) for ask in found.questions)
    assert len(lowered(text)) == len(text)
    assert lowered(text).endswith(without_politeness(lowered(text)))
