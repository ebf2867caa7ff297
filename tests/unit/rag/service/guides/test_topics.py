"""Key topics from headings and phrases."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Document, Heading, Page
from rag.service.guides.topics import MOST_TOPICS, topics_of

DOCUMENT = Document("0" * 64, ("pump.pdf",), "Pump manual", pages=9, size=1)


def page(number: int, *lines: tuple[str, int] | str) -> Page:
    """A page of lines; those with a level are headings."""
    text, headings = "", []
    for line in lines:
        words, level = line if isinstance(line, tuple) else (line, 0)
        if level:
            headings.append(Heading(len(text), len(text) + len(words), level))
        text += f"{words}\n\n"
    return Page(number, text, 100.0, 100.0, headings=tuple(headings))


def names(*pages: Page) -> list[str]:
    return [topic.text for topic in topics_of(DOCUMENT, pages)]


def test_headings_of_the_highest_level() -> None:
    first = page(1, ("Pump manual", 1), ("1 Fitting the pump", 2), ("1.1 Tools", 3), "Take a key.")
    second = page(2, ("2 Winter", 2), ("2.1 Ice on the lid", 3), ("3 Spare parts", 2))
    assert names(first, second) == ["Fitting the pump", "Winter", "Spare parts"]


def test_lower_levels_where_there_are_few() -> None:
    assert names(page(1, ("Fitting", 1), ("Lid", 2), ("Valve", 2))) == ["Fitting", "Lid", "Valve"]


def test_what_is_no_topic() -> None:
    first = page(
        1, ("Contents", 1), ("Pump", 1), ("Why is it loud?", 1), ("1.2.", 1), ("Table of Contents", 1), ("Winter", 1)
    )
    headers = [page(number, ("Northwind Pumps", 1)) for number in range(2, 6)]
    last = page(6, ("Oil and grease", 1), ("X" * 90, 1), ("The lid", 1), "Text.", ("winter", 1), "Text.")
    assert names(first, *headers, last) == ["Winter", "Oil and grease", "The lid"]


def test_a_heading_of_two_lines() -> None:
    found = names(page(1, ("What we change at the", 2), ("works", 2), "We do.", ("Ears first", 2), ("Oil", 2)))
    assert found == ["What we change at the works", "Ears first", "Oil"]


def test_of_many_some_from_all_over() -> None:
    pages = [page(number, (f"Topic {chr(64 + number)}", 1)) for number in range(1, 25)]
    found = topics_of(DOCUMENT, pages)
    assert len(found) == MOST_TOPICS
    assert found[0].place.page == 1
    assert found[-1].place.page > 20


def test_phrases_where_there_are_no_headings() -> None:
    text = (
        "The ice maker is loud. Clean the water line and the base grille. See the ice maker, if the water line leaks."
    )
    found = names(page(1, text), page(2, text), page(3, "An ice maker. A base grille: it is set forth."))
    assert found == ["ice maker", "water line", "base grille"]


def test_too_few_are_none() -> None:
    assert names(page(1, "An ice maker. An ice maker. An ice maker.")) == []
    assert names() == []


@given(st.lists(st.text(alphabet="ab cd.\n", max_size=60), max_size=4))
def test_each_has_its_place(texts: list[str]) -> None:
    pages = [Page(number, text, 1.0, 1.0) for number, text in enumerate(texts * 3, start=1)]
    found = topics_of(DOCUMENT, pages)
    assert all(topic.place.is_on(pages[topic.place.page - 1]) for topic in found)
    assert all(" ".join(topic.place.text.split()) == topic.text for topic in found)
    assert all((a.place.page, a.place.start) <= (b.place.page, b.place.start) for a, b in pairwise(found))
