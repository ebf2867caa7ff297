"""Numerals of lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.markup.numbering.numerals import HTML_NUMERALS, WORD_NUMERALS, letters, repeated_letters, roman


@pytest.mark.parametrize(
    ("value", "numeral"), [(1, "i"), (4, "iv"), (9, "ix"), (1998, "mcmxcviii"), (3999, "mmmcmxcix"), (4000, "4000")]
)
def test_roman(value: int, numeral: str) -> None:
    assert roman(value) == numeral


@pytest.mark.parametrize(
    ("value", "one_after_the_other", "repeated"),
    [(1, "a", "a"), (26, "z", "z"), (27, "aa", "aa"), (28, "ab", "bb"), (703, "aaa", "a" * 28)],
)
def test_letters(value: int, one_after_the_other: str, repeated: str) -> None:
    assert (letters(value), repeated_letters(value)) == (one_after_the_other, repeated)


@given(st.integers(-10, 5_000), st.sampled_from([*HTML_NUMERALS.values(), *WORD_NUMERALS.values()]))
def test_any_number_can_be_written(value: int, numeral: object) -> None:
    assert callable(numeral)
    assert len(numeral(value)) < 200


def test_numbers_have_numerals_of_their_own() -> None:
    for numeral in (letters, repeated_letters, roman):
        assert len({numeral(value) for value in range(1, 4_000)}) == 3_999
