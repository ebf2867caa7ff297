"""Inline lists: items that run on in a paragraph after a colon or a question mark."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.structure.inline_lists import find_inline_lists


def items_of(text: str) -> list[list[str]]:
    return [[" ".join(text[item.body : item.end].split()) for item in one.items] for one in find_inline_lists(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "It is best\nsummed up by the following: - someone the group trusts - previous festival or\n"
            "volunteer experience - experience of the team\n\nAnother paragraph - with a dash.",
            [["someone the group trusts", "previous festival or volunteer experience", "experience of the team"]],
            id="dashes",
        ),
        pytest.param("What does it need? • a lid • a key", [["a lid", "a key"]], id="a question, bullets"),
        pytest.param(
            "Remember: - they came to help. Be nice - be clear\n- give them room",
            [["they came to help. Be nice", "be clear", "give them room"]],
            id="a marker that begins a line by chance",
        ),
        pytest.param("Bring: - a lid.\n\nAnd: - a key - a lamp", [["a key", "a lamp"]], id="one is no list"),
        pytest.param("Open: 9 - 17 or 10 - 16", [], id="ranges"),
        pytest.param("Hours: - 9 - 17", [], id="numbers after dashes"),
        pytest.param("A lid - of steel - is sold.", [], id="dashes of a sentence"),
        pytest.param("Do it like this:\n- open it\n- close it", [], id="a list with lines of its own"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_items(text: str, expected: list[list[str]]) -> None:
    assert items_of(text) == expected


def test_the_sentence_with_the_colon_is_the_introduction() -> None:
    text = "We are few. Bring the following: - a lid - a key"
    (found,) = find_inline_lists(text)
    assert found.intro is not None
    start, end = found.intro
    assert text[start:end] == "Bring the following:"


def test_what_is_apart_ends_a_list_and_has_none() -> None:
    text = "Bring: - a lid - a key - a lamp"
    assert find_inline_lists(text, apart=[(0, 12)]) == []
    (found,) = find_inline_lists(text, apart=[(text.index("- a lamp"), len(text))])
    assert len(found.items) == 2


@given(st.text(alphabet=":?-• ab1.\n", max_size=200))
def test_any_text(text: str) -> None:
    end = 0
    for found in find_inline_lists(text):
        assert found.start >= end
        assert all(one.end <= other.start for one, other in pairwise(found.items))
        assert all(item.start < item.body <= item.end <= len(text) for item in found.items)
        end = found.end
