"""Pagination of blocks: nothing is lost, no page is too long."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.blocks import LONGEST_PAGE, Block, pages_of, table_text
from ingest.readers.limits import ReadingLimits

LIMITS = ReadingLimits()
PIECE = st.builds(
    lambda letter, length: (letter * 9 + " ") * (length // 10 + 1),
    st.sampled_from("abc"),
    st.sampled_from([5, 900, 8_000, 15_000, 45_000]),
)
BLOCKS = st.lists(
    st.builds(Block, PIECE.map(str.strip), st.sampled_from([None, None, 1, 2]), st.sampled_from([False, False, True])),
    max_size=8,
)


@given(BLOCKS)
def test_all_text_is_on_pages_that_are_short_enough(blocks: list[Block]) -> None:
    pages = pages_of(blocks, LIMITS)
    assert "".join("".join(page.text.split()) for page in pages) == "".join("".join(b.text.split()) for b in blocks)
    assert all(len(page.text) <= LONGEST_PAGE for page in pages)
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        for heading in page.headings:
            assert page.text[heading.start : heading.end] in {block.text for block in blocks if block.level}


def test_a_long_page_is_cut_at_a_heading() -> None:
    sections = [block for n in range(4) for block in (Block(f"Section {n}", 1), Block("Words go on. " * 700))]
    pages = pages_of(sections, LIMITS)
    assert [page.text[page.headings[0].start : page.headings[0].end] for page in pages] == [
        f"Section {n}" for n in (0, 2)
    ] or all(page.text.startswith("Section") for page in pages)


def test_a_long_block_is_cut_at_a_sentence() -> None:
    first, second = pages_of([Block("Here is one more sentence. " * 1000)], LIMITS)
    assert first.text.endswith("sentence.")
    assert second.text.startswith("Here")


def test_a_page_break_before_anything_makes_an_empty_page() -> None:
    pages = pages_of([Block("x", new_page=True), Block("", new_page=True)], LIMITS)
    assert [page.text for page in pages] == ["", "x"]


def test_a_table_has_a_line_for_each_row() -> None:
    rows = [["Name", "", "Age"], ["Bob\nSmith", "", ""], ["", "", ""], ["Al", "", "4", "x"]]
    assert table_text(rows) == "Name | Age\nBob Smith |\nAl | 4 | x"
    assert table_text([]) == ""


def test_a_title_above_a_table_has_no_bar_and_a_group_heading_in_it_has_one() -> None:
    assert table_text([["Prices"], ["Part", "Price"], ["Small"], ["Belt", "17"]]) == (
        "Prices\nPart | Price\nSmall |\nBelt | 17"
    )
    assert table_text([["a"], ["b"]]) == "a\nb"


def test_an_empty_cell_keeps_the_place_of_those_after_it() -> None:
    assert table_text([["a", "b"], ["", "c"]]) == "a | b\n | c"


def test_text_is_in_one_unicode_form() -> None:
    """Programs of macOS write another one; a question for the café would not find it."""
    (page,) = pages_of([Block(unicodedata.normalize("NFD", "Café Zoë"), 1), Block("Plain.")], LIMITS)
    assert page.text == "Café Zoë\n\nPlain."
    assert page.headings[0].end == len("Café Zoë")
