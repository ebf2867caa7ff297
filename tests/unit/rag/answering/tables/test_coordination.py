"""Coordination: the things that a question names side by side, each asked about by itself."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.tables.coordination import side_by_side

KNOWN: Mapping[str, str] = {
    "how much rain fell in ashby in march": "66.8",
    "how much rain fell in colne in march": "70.4",
    "what is the weight of the wren": "2 kg",
    "what is the price of the wren": "9 euros",
    "the price of the wren": "9 euros",
    "which has tin": "7.29",
    "which has gold": "19.30",
    "which has lead": "11.34",
    "how much does the wren weigh": "2 kg",
    "how much does the plover weigh": "3 kg",
    "compare the price of wren": "9 euros",
    "compare the price of plover": "11 euros",
    "what do members pay": "3",
    "what do non-members pay": "6",
    "what do members non-members pay": "6",
}


def found(text: str) -> list[str]:
    return side_by_side(text, lambda one: KNOWN.get(one.casefold().rstrip("?")), operator.eq)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("How much rain fell in Ashby and Colne in March?", ["66.8", "70.4"], id="words after the last"),
        pytest.param("What is the weight and the price of the Wren?", ["2 kg", "9 euros"], id="several words"),
        pytest.param("Which has tin, gold and lead?", ["7.29", "19.30", "11.34"], id="three"),
        pytest.param("Which has tin, gold, or lead?", ["7.29", "19.30", "11.34"], id="comma before or"),
        pytest.param("Which has both tin and lead?", ["7.29", "11.34"], id="both"),
        pytest.param("Compare the price of Wren with Plover", ["9 euros", "11 euros"], id="compare with"),
        pytest.param("What do members and non-members pay?", ["3", "6"], id="one name in the other"),
        pytest.param("How much does the Wren weigh than the Plover?", ["2 kg", "3 kg"], id="than after a verb"),
        pytest.param("Which has tin with lead?", [], id="with joins only in comparisons"),
        pytest.param("Which has tin and zinc?", [], id="one is not found"),
        pytest.param("Which has tin, zinc and lead?", [], id="the middle one is not found"),
        pytest.param("Which has tin and tin?", [], id="twice the same"),
        pytest.param("Which has tin?", [], id="nothing joined"),
        pytest.param("tin, lead", [], id="a comma alone"),
        pytest.param("and", [], id="nothing but a joiner"),
        pytest.param("", [], id="empty"),
    ],
)
def test_things_side_by_side(text: str, values: list[str]) -> None:
    assert found(text) == values


def test_with_and_to_join_what_is_compared() -> None:
    known = {"which has tin": 1, "which has lead": 2}
    assert side_by_side("which has tin to lead", known.get, operator.eq) == []
    assert side_by_side("which has tin to lead", known.get, operator.eq, compares=True) == [1, 2]


def test_nothing_where_the_words_to_leave_out_are_not_clear() -> None:
    several = {"a b of d": 1, "a b d": 2, "a c of d": 3}
    assert side_by_side("a b and c of d", several.get, operator.eq) == []


@given(st.text(st.sampled_from("ab ,.&"), max_size=60), st.sampled_from([" and ", " or ", ", ", " vs "]))
def test_never_fewer_than_two_and_no_two_equal_neighbours(text: str, joiner: str) -> None:
    values = side_by_side(text + joiner + text[::-1], lambda one: len(one) % 5 or None, operator.eq)
    assert len(values) != 1
    assert all(one != other for one, other in pairwise(values))


@pytest.mark.parametrize("piece", ["a and ", ", ", "a, b and ", "and "])
def test_lookups_are_bounded(piece: str) -> None:
    asked: list[str] = []
    assert side_by_side(piece * 10_000, lambda one: asked.append(one), operator.eq) == []
    assert len(asked) < 250
    assert all(len(one) <= 500 for one in asked)
