"""Spelling index: the nearest words by optimal string alignment, against the textbook algorithm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.edit_distance import LONGEST, SpellingIndex

letters = st.text("abcd", min_size=1, max_size=7)


def distance(one: str, other: str) -> int:
    """Optimal string alignment, as in the textbook."""
    table = [[i + j if not i or not j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            table[i][j] = min(
                table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (one[i - 1] != other[j - 1])
            )
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


@pytest.mark.parametrize(
    ("typed", "right"),
    [("warrenty", "warranty"), ("recieve", "receive"), ("waranty", "warranty"), ("doog", "dog"), ("hrbour", "harbour")],
)
def test_one_edit(typed: str, right: str) -> None:
    assert [["pump", right][n] for n in SpellingIndex(["pump", right]).near(typed, 1)] == [right]


def test_the_nearest_first_and_swaps_before_other_letters() -> None:
    words = ["brain", "train", "drawn", "drain", "drone"]
    assert [words[n] for n in SpellingIndex(words).near("drian", 2)] == ["drain", "drawn"]
    assert SpellingIndex(["account", "count", "amount"]).near("acount", 1)[0] == 0


@given(letters, st.lists(letters, max_size=12), st.integers(0, 2))
def test_exactly_those_within_the_distance(word: str, words: list[str], edits: int) -> None:
    near = SpellingIndex(words).near(word, edits)
    expected = [n for n, other in enumerate(words) if distance(word, other) <= edits and other[0] in word[:2]]
    assert sorted(near) == expected
    distances = [distance(word, words[n]) for n in near]
    assert distances == sorted(distances)


@given(letters, st.lists(letters, max_size=12), st.integers(0, 2), st.integers(0, 3))
def test_prefixes(word: str, words: list[str], edits: int, ending: int) -> None:
    prefixes = [word[:end] for end in range(max(len(word) - ending, 1), len(word) + 1)]
    expected = [
        n
        for n, other in enumerate(words)
        if other[0] in word[:2] and min(distance(prefix, other) for prefix in prefixes) <= edits
    ]
    near = SpellingIndex(words).near_prefix(word, edits, ending)
    assert set(near) <= set(expected)
    assert set(expected) - set(near) <= {n for n in expected if len(words[n]) < len(word) - ending}


def test_words_that_are_too_long_are_not_compared() -> None:
    long = "a" * (LONGEST + 1)
    assert SpellingIndex([long, "a"]).near(long, 2) == []
    assert SpellingIndex([long]).near("a" * LONGEST, 2) == []
    assert SpellingIndex([]).near("word", 2) == []
