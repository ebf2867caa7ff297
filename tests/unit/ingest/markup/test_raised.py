"""Raised characters: apart from numbers, or as an exponent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.markup.raised import after_raised, raised


@pytest.mark.parametrize(
    ("before", "text", "written"),
    [
        pytest.param("a tower of 245", "9", " 9", id="a note's mark after a number"),
        pytest.param("a tower of 1.10", "9", " 9", id="after a decimal"),
        pytest.param("in the year 2010", "3", " 3", id="after a number that ends in ten"),
        pytest.param("word", "3", " 3", id="after a word"),
        pytest.param("sentence.", "12", " 12", id="after a full stop"),
        pytest.param("costs 14 €", "*", " *", id="a star"),
        pytest.param("10", "-6", "^-6", id="negative exponent"),
        pytest.param("3 × 10", "−6", "^-6", id="sign of typesetting"),
        pytest.param("3 × 10", "6", "^6", id="exponent of ten"),
        pytest.param("12 m", "2", "^2", id="square metres"),
        pytest.param("12km", "2", "^2", id="square kilometres, without a space"),
        pytest.param("kg m s", "-2", "^-2", id="unit"),
        pytest.param("(a+b)", "2", "^2", id="after a bracket"),
        pytest.param("E = mc", "2", " 2", id="two letters may be a word"),
        pytest.param("the 1", "st", "st", id="ordinal"),
        pytest.param("of 41.5", "a", " a", id="a letter as the mark of a note"),
        pytest.param("12 %", "b", "b", id="a letter after a sign alone"),
        pytest.param("of 71", "a)", " a)", id="a letter with a bracket"),
        pytest.param("of 71", "a,b", " a,b", id="two letters"),
        pytest.param("Boiling points", "a", " a", id="a letter after a word"),
        pytest.param("le XVIII", "e", "e", id="French century"),
        pytest.param("the D", "r", "r", id="abbreviation"),
        pytest.param("the 21", "e", "e", id="French ordinal"),
        pytest.param("the 2", "a", "a", id="Spanish ordinal"),
        pytest.param("of 18 °C", "4", " 4", id="after degrees"),
        pytest.param("M", "r", "r", id="letters"),
        pytest.param("", "14", "14", id="at the beginning"),
        pytest.param("of ", "14", "14", id="after a space, as of carbon 14"),
        pytest.param("(", "3", "3", id="after an opening bracket"),
        pytest.param("5", "1", " 1", id="fraction"),
        pytest.param("x", "", "", id="nothing"),
    ],
)
def test_raised(before: str, text: str, written: str) -> None:
    assert raised(before, text) == written


@pytest.mark.parametrize(
    ("mark", "text", "written"),
    [
        pytest.param("1", "245 units", " 245 units", id="number"),
        pytest.param("137", "Cs", "Cs", id="isotope"),
        pytest.param("1", "/2 kg", "/2 kg", id="fraction"),
        pytest.param("a", "245", "245", id="letter"),
        pytest.param("1", "", "", id="nothing"),
    ],
)
def test_a_number_after_a_mark_stays_apart(mark: str, text: str, written: str) -> None:
    assert after_raised(mark, text) == written


def test_what_is_known_to_be_a_mark_is_none_of_a_power() -> None:
    assert raised("built in 10", "2", note=True) == " 2"


@given(st.text("0123456789", min_size=1), st.text("0123456789", min_size=1))
def test_no_number_is_glued_to_another(before: str, text: str) -> None:
    assert raised(before, text)[0] in " ^"
