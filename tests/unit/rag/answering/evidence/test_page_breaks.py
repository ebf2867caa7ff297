"""Sentences over a page break: their parts are brought along, and are one unit with a quote on each page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rag.answering.evidence.page_breaks import with_torn_sentences
from rag.answering.evidence.selection import with_page
from rag.answering.evidence.units import units_of
from rag.domain.values import Hit
from rag.index.generation import Generation
from tests.unit.rag.query.library import Written, library_of

PAGES = Written(
    [
        "# Care\n\nThe lid is blue. A bag of gel hangs in the cabinet\nand takes up water: the bag",
        "weighs 500 grams when new; at 620 grams it is full. Wipe the seat.\n\nThe keeper looks at",
        "Table 4 each day. It has the dates.\n\nBring these:\n• a key\n• a lid of the steel that",
        "comes with the kit. The works are closed in May.\n\nThe end comes with-",
        "out a word. So be it.",
    ],
    title="Manual",
)
BAG = (
    "A bag of gel hangs in the cabinet and takes up water: the bag weighs 500 grams when new; at 620 grams it is full."
)


@pytest.fixture(scope="module")
def manual() -> Iterator[Generation]:
    with library_of({"manual.pdf": PAGES}) as generation:
        yield generation


def texts(generation: Generation, *pages: int) -> list[str]:
    found = generation.neighbours(0, before=0, after=99)
    evidence = [with_page(generation, Hit(one, 1.0)) for one in found if one.chunk.span.page in pages]
    return [unit.text for unit in units_of(with_torn_sentences(generation, evidence))]


@pytest.mark.parametrize("pages", [(1,), (2,), (1, 2)], ids=["page before", "page after", "both"])
def test_a_torn_sentence_is_one_unit(manual: Generation, pages: tuple[int, ...]) -> None:
    found = texts(manual, *pages)
    assert found.count(BAG) == 1
    assert not any(text.startswith("weighs") for text in found)
    assert ("Wipe the seat." in found) == (2 in pages)
    assert ("The lid is blue." in found) == (1 in pages)


def test_its_quotes_are_its_parts(manual: Generation) -> None:
    found = manual.neighbours(0, before=0, after=99)
    evidence = next(with_page(manual, Hit(one, 1.0)) for one in found if one.chunk.span.page == 2)
    (bag,) = [unit for unit in units_of(with_torn_sentences(manual, [evidence])) if unit.text == BAG]
    assert bag.is_statement
    assert [(quote.span.page, quote.text) for quote in bag.support().quotes] == [
        (1, "A bag of gel hangs in the cabinet\nand takes up water: the bag"),
        (2, "weighs 500 grams when new; at 620 grams it is full."),
    ]


def test_no_part_of_a_page_that_goes_on_itself(manual: Generation) -> None:
    """Of the first passage of a prompt there may be a part only, which does not end where its page does."""
    first, second = (with_page(manual, Hit(one, 1.0)) for one in manual.neighbours(0, before=0, after=1))
    chunk = first.hit.passage.chunk
    end = chunk.text.index("and takes")
    cut = replace(chunk, span=chunk.span._replace(end=chunk.span.start + end), text=chunk.text[:end])
    passage = replace(first.hit.passage, chunk=cut)
    page = replace(first.page, text=first.page.text.replace("in the cabinet", "in the cabinet\n\n") + "\nMore." * 50)
    torn = replace(first, hit=replace(first.hit, passage=passage), page=page)
    assert not any(unit.rest for unit in units_of([torn, second]))


def test_no_sentence_that_begins_anew(manual: Generation) -> None:
    """A capital tells nothing: "Table 4" may go on, or begin."""
    assert "The keeper looks at" in texts(manual, 2)
    assert "Table 4 each day." in texts(manual, 3)


def test_an_item_of_a_list(manual: Generation) -> None:
    assert "a lid of the steel that comes with the kit." in texts(manual, 3)
    assert "a lid of the steel that comes with the kit." in texts(manual, 4)


def test_a_word_that_is_divided(manual: Generation) -> None:
    assert "The end comes without a word." in texts(manual, 5)
