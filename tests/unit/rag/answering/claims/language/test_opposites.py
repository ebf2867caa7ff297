"""Antonyms: in all their forms, and not in those of another word."""

from __future__ import annotations

import pytest

from rag.answering.claims.language.lexicon import ANTONYMS
from rag.answering.claims.language.opposites import form, opposite_roots, opposites_of


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("opens", "closed"),
        ("increased", "decreases"),
        ("higher", "lower"),
        ("Clockwise", "anticlockwise"),
        ("before", "after"),
    ],
)
def test_opposite(word: str, other: str) -> None:
    assert form(other) in opposites_of(word)
    assert form(word) in opposites_of(other)


@pytest.mark.parametrize("word", ["lasted", "lasts", "news", "pump", "leaves"])
def test_other_words_have_none(word: str) -> None:
    assert not opposites_of(word) & {form(other) for other in ("first", "old", "right")}


@pytest.mark.parametrize("pair", ANTONYMS)
def test_no_word_is_its_own_opposite(pair: str) -> None:
    one, other = pair.split(":")
    assert form(one) != form(other)
    assert form(other) in opposites_of(one)


def test_roots() -> None:
    assert "clos" in opposite_roots("open")
