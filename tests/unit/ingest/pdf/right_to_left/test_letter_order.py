"""Tests of the order of letters in words that run from right to left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pdf.right_to_left.letter_order import (
    glyphs_in_order,
    has_right_to_left,
    letters_in_order,
    runs_right_to_left,
)
from tests.complexity import assert_linear

WIDTH = 6.0


def ordered(text: str, lefts: Sequence[float]) -> str:
    """The text with its letters in order, each at one of the left edges and six points wide."""
    places = np.array([[left, 10.0, left + WIDTH, 0.0] for left in lefts])
    order = letters_in_order(text, lambda indexes: places[list(indexes)])
    return text if order is None else "".join(text[place] for place in order)


@pytest.mark.parametrize(
    ("text", "lefts", "expected"),
    [
        pytest.param("شهر", [20, 14, 8], "شهر", id="in order"),
        pytest.param("رهش", [8, 14, 20], "شهر", id="turned"),
        pytest.param("السلام", [40, 34, 28, 22, 16, 10], "السلام", id="a longer one in order"),
        pytest.param("ךלמ", [8, 14, 20], "מלך", id="Hebrew"),
        pytest.param("رهش شهر", [8, 14, 20, 0, 40, 34, 28], "شهر شهر", id="one word of two"),
        pytest.param("٢١", [8, 14], "٢١", id="numbers run from left to right"),
        pytest.param("abc", [8, 14, 20], "abc", id="Latin"),
        pytest.param("ab@cd شهر", [26, 32, 20, 8, 14, 0, 60, 54, 48], "cd@ab شهر", id="parts of an address turned"),
        pytest.param("ab@cd شهر", [8, 14, 20, 26, 32, 0, 60, 54, 48], "ab@cd شهر", id="an address in order"),
        pytest.param("12-34 شهر", [26, 32, 20, 8, 14, 0, 60, 54, 48], "12-34 شهر", id="a number stays as shown"),
        pytest.param("امويً", [8, 14, 20, 26, 7], "يوماً", id="a mark stays over its letter"),
        pytest.param("ر", [8], "ر", id="one letter"),
        pytest.param("رهش", [8, 8, 8], "رهش", id="all at one place"),
    ],
)
def test_letters_in_order(text: str, lefts: Sequence[float], expected: str) -> None:
    assert ordered(text, lefts) == expected


@pytest.mark.parametrize(
    ("glyphs", "expected"),
    [
        pytest.param(["س", "ال", "م"], "سلام", id="lam and alef"),
        pytest.param(["ا", "إل", "ج"], "الإج", id="with a sign"),
        pytest.param(["هللا"], "الله", id="four letters, turned"),
        pytest.param(["الله"], "الله", id="four letters, in order"),
        pytest.param(["هلل"], "لله", id="three letters"),
        pytest.param(["مل", "س"], "لمس", id="lam and mim"),
        pytest.param(["\u05c1\u05e9", "ל"], "\u05e9\u05c1ל", id="a mark and its letter"),
        pytest.param(["ا", "ل", "م"], "الم", id="each by itself"),
        pytest.param(["كلاس"], "كلاس", id="no ligature"),
        pytest.param(["fi", "x"], "fix", id="Latin"),
    ],
)
def test_letters_of_one_glyph(glyphs: Sequence[str], expected: str) -> None:
    lefts = [WIDTH * place for place, glyph in enumerate(glyphs) for _ in glyph]
    places = np.array([[left, 10.0, left + WIDTH, 0.0] for left in lefts])
    assert glyphs_in_order("".join(glyphs), lambda indexes: places[list(indexes)]) == expected


@given(st.lists(st.text("ابجدلمهي", min_size=1, max_size=4), min_size=1, max_size=12))
def test_no_letter_of_a_glyph_is_lost(glyphs: list[str]) -> None:
    places = np.array([[WIDTH * place, 10.0, WIDTH, 0.0] for place, glyph in enumerate(glyphs) for _ in glyph])
    found = glyphs_in_order("".join(glyphs), lambda indexes: places[list(indexes)])
    assert sorted(found) == sorted("".join(glyphs))


@given(st.text("ابجدهوزحطيكلمنסעפץקרשת", min_size=2, max_size=30))
def test_a_word_is_read_from_right_to_left_in_whichever_order_it_is_given(word: str) -> None:
    lefts = [WIDTH * place for place in range(len(word))]
    assert ordered(word[::-1], lefts) == word
    assert ordered(word, lefts[::-1]) == word


@pytest.mark.parametrize(
    ("text", "has", "runs"),
    [
        pytest.param("plain", False, False, id="Latin"),
        pytest.param("Grüße", False, False, id="with signs"),
        pytest.param("שלום", True, True, id="Hebrew"),
        pytest.param("the word شهر means month", True, False, id="one word among others"),
        pytest.param("رقم المكتب 4417 PDF", True, True, id="numbers and a name in Arabic"),
        pytest.param("١٢", False, False, id="digits alone"),
    ],
)
def test_direction_of_a_text(text: str, has: bool, runs: bool) -> None:
    assert has_right_to_left(text) == has
    assert runs_right_to_left(text) == runs


def test_a_page_full_of_turned_words_takes_linear_time() -> None:
    def order(size: int) -> None:
        text = "رهش " * size
        places = np.tile(np.arange(len(text))[:, np.newaxis], (1, 4)).astype(np.float64)
        letters_in_order(text, lambda indexes: places[list(indexes)])

    assert_linear(lambda size: lambda: order(size), 2_000)
