"""Heading parsing: numbers in several spellings, running heads and lines of a table of contents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.lookup.headings import asked_number, parse_heading


@pytest.mark.parametrize(
    ("heading", "kind", "number", "title", "text"),
    [
        ("Chapter 3. Duties", "chapter", "3", "Duties", "Chapter 3. Duties"),
        ("CHAPTER THREE", "chapter", "3", "", "CHAPTER THREE"),
        ("Chapter III: The Sea", "chapter", "3", "The Sea", "Chapter III: The Sea"),
        ("3 Duties", "", "3", "Duties", "3 Duties"),
        ("3. Duties", "", "3", "Duties", "3. Duties"),
        ("3.1 Daily duties", "", "3.1", "Daily duties", "3.1 Daily duties"),
        ("IV. Results", "", "4", "Results", "IV. Results"),
        ("THREE", "", "3", "", "THREE"),
        ("§ 5", "", "5", "", "§ 5"),
        ("30 Chapter 5. Managing Boats", "chapter", "5", "Managing Boats", "Chapter 5. Managing Boats"),
        ("Chapter 5. Managing Boats 31", "chapter", "5", "Managing Boats", "Chapter 5. Managing Boats"),
        ("Chapter 5. Managing Boats . . . . . . 31", "chapter", "5", "Managing Boats", "Chapter 5. Managing Boats"),
        ("2 Fees .......... 7", "", "2", "Fees", "2 Fees"),
        ("Appendix B: Forms", "appendix", "b", "Forms", "Appendix B: Forms"),
        ("Article 12 Notice", "section", "12", "Notice", "Article 12 Notice"),
        ("(a) Rent", "", "a", "Rent", "(a) Rent"),
    ],
)
def test_numbered(heading: str, kind: str, number: str, title: str, text: str) -> None:
    parsed = parse_heading(heading)
    assert parsed.number
    assert number in parsed.number.numbers
    assert (parsed.number.kind, parsed.title, parsed.text) == (kind, title, text)


@pytest.mark.parametrize(
    "heading", ["Fees", "Chapters of my life", "A guide to the yard", "2024 in review", "12% rise"]
)
def test_no_number(heading: str) -> None:
    parsed = parse_heading(heading)
    assert not parsed.number or heading.startswith("2024")
    assert parsed.text == heading


@pytest.mark.parametrize(
    ("asked", "heading", "means"),
    [
        ("chapter 3", "CHAPTER THREE", True),
        ("chapter three", "3 Duties", True),
        ("Chapter III", "Chapter 3. Duties", True),
        ("section 3", "Article 3 Notice", True),
        ("part II", "Part 2", True),
        ("appendix b", "Annex B", True),
        ("chapter 3", "Section 3. Fees", False),
        ("chapter 3", "Chapter 13. Fees", False),
        ("chapter 3", "3.1 Fees", False),
    ],
)
def test_meaning(asked: str, heading: str, *, means: bool) -> None:
    number, parsed = asked_number(asked), parse_heading(heading)
    assert number
    assert parsed.number
    assert number.means(parsed.number) is means


def test_a_section_contains_those_below_it() -> None:
    number, inner, other = asked_number("chapter 3"), parse_heading("3.1 Fees").number, parse_heading("31 Fees").number
    assert number
    assert inner
    assert other
    assert number.contains(inner)
    assert not number.contains(other)
    assert number.distance(other) == 28


@pytest.mark.parametrize("text", ["chapter", "the chapter on fees", "3", "page 3", ""])
def test_no_section_is_asked_for(text: str) -> None:
    assert asked_number(text) is None


@given(st.text(max_size=80))
def test_accepts_any_text(text: str) -> None:
    parse_heading(text)
    asked_number(text)
