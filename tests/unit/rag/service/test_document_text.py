"""Search for a text in the pages of a document."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Page, Span
from rag.service.document_text import find_text


def page(number: int, text: str) -> Page:
    return Page(number, text, 595, 842)


PAGES = [page(1, "The pilot boards.\nThe PILOT   leaves."), page(2, ""), page(3, "A (pilot) boards\nhere; a.b")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("pilot", [Span(1, 4, 9), Span(1, 22, 27), Span(3, 3, 8)], id="any-case"),
        pytest.param("the pilot leaves", [Span(1, 18, 36)], id="white-space"),
        pytest.param("boards here", [Span(3, 10, 21)], id="over-a-line"),
        pytest.param("(pilot)", [Span(3, 2, 9)], id="no-pattern"),
        pytest.param("a.b", [Span(3, 23, 26)], id="dot-is-a-dot"),
        pytest.param("penguin", [], id="nowhere"),
        pytest.param(" \n", [], id="nothing"),
    ],
)
def test_where_a_text_stands(query: str, found: list[Span]) -> None:
    assert find_text(PAGES, query) == found


@given(text=st.text(max_size=60), start=st.integers(0, 60), length=st.integers(1, 10))
def test_every_part_of_a_text_is_found_in_it(text: str, start: int, length: int) -> None:
    part = text[start : start + length]
    found = find_text([page(1, text)], part)
    assert bool(part.split()) == bool(found)
    for span in found:
        shown = re.sub(r"\s+", " ", text[span.start : span.end])
        assert len(shown) == len(" ".join(part.split()))


def test_what_almost_matches_everywhere() -> None:
    """A search that gives white space back would not end."""
    assert find_text([page(1, "a " * 500_000)], "a " * 90 + "b") == []
    assert find_text([page(1, "a" + " " * 1_000_000)], "a b") == []
