"""How much of a text is not said yet."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.composing.novelty import Novelty

TEXTS = ["The lid is red.", "The lid is red and round.", "The key is blue.", "The lid is red."]


def novelty(*said: int, groups: str = "aaaa") -> list[float]:
    found = Novelty(TEXTS, groups)
    found.say(said)
    return [found.of(place) for place in range(len(TEXTS))]


def test_all_is_new_at_first() -> None:
    assert novelty() == [1, 1, 1, 1]


def test_what_is_said_is_not_new_and_rare_words_count_more() -> None:
    common, rare = math.log(5 / 3.5), math.log(5 / 1.5)
    assert novelty(0) == pytest.approx([0, rare / (2 * common + rare), 1, 0])


def test_each_group_by_itself() -> None:
    assert novelty(0, groups="aaab")[3] == 1


def test_a_text_without_words_adds_nothing() -> None:
    assert Novelty(["---"], [None]).of(0) == 0


@given(st.lists(st.text("ab .", max_size=9), min_size=1, max_size=6), st.lists(st.integers(0, 5), max_size=6))
def test_the_share_falls_as_more_is_said(texts: list[str], said: list[int]) -> None:
    found = Novelty(texts, [None] * len(texts))
    before = [found.of(place) for place in range(len(texts))]
    found.say(place % len(texts) for place in said)
    after = [found.of(place) for place in range(len(texts))]
    assert all(0 <= new <= old <= 1 + 1e-9 for old, new in zip(before, after, strict=True))
    assert not any(after[place % len(texts)] for place in said)
