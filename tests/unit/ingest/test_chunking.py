"""Chunking: chunks are verbatim, complete, disjoint, and within the token limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.chunking import Chunker
from rag.domain.values import Chunk, Heading, Page, Table
from tests.unit.conftest import page_of


def words(text: str) -> int:
    return len(text.split())


def pieces_of_four(text: str) -> int:
    """Counts a token for every four letters of a word."""
    return sum(math.ceil(len(word) / 4) for word in text.split())


COUNTERS = [words, pieces_of_four]


def page_with_headings(number: int, *parts: str) -> Page:
    """Parts separated by blank lines; ``# a`` is a heading of level 1, ``## a`` of level 2."""
    text, headings = "", []
    for part in parts:
        title = part.lstrip("#").lstrip()
        text += "\n\n" if text else ""
        if level := len(part) - len(part.lstrip("#")):
            headings.append(Heading(len(text), len(text) + len(title), level))
        text += title
    return Page(number, text, 595.0, 842.0, headings=headings)


def cut(pages: Sequence[Page], chunker: Chunker, count: Callable[[str], int] = words) -> list[Chunk]:
    return list(chunker.chunks(pages, count))


def texts(chunks: Sequence[Chunk]) -> list[str]:
    return [chunk.text for chunk in chunks]


def sentence(number: int, length: int) -> str:
    return " ".join([f"Word{number}"] + ["more"] * (length - 2) + ["end."])


letters = st.sampled_from("abcdeXYZ01é漢😀.!?,;-")
blanks = st.sampled_from([" ", " ", " ", "\n", "\n\n", "\t", "\u00a0", "\u2003", "  \n \n"])
running_text = st.lists(
    st.tuples(st.text(letters, min_size=1, max_size=12), blanks).map("".join), min_size=1, max_size=60
).map("".join)


@st.composite
def pages(draw: st.DrawFn) -> list[Page]:
    """Pages of random text with random headings, in order and apart from each other."""
    made = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        text = draw(st.one_of(running_text, st.text(max_size=200)))
        ends = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
        levels = draw(st.lists(st.integers(1, 3), min_size=3, max_size=3))
        headings = [
            Heading(start, end, level)
            for start, end, level in zip(ends[::2], ends[1::2], levels, strict=False)
            if text[start:end].strip()
        ]
        body = tuple(sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text))))))
        start, head, end = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 3)))
        tables = [Table(start, end, (start, head))] if start < end else []
        made.append(Page(number, text, 595.0, 842.0, headings=headings, tables=tables, body=(body[0], body[1])))
    return made


chunkers = st.builds(Chunker, max_tokens=st.integers(3, 30), min_tokens=st.integers(0, 12))


class TestAlways:
    @given(pages(), chunkers, st.sampled_from(COUNTERS))
    def test_verbatim(self, pages: list[Page], chunker: Chunker, count: Callable[[str], int]) -> None:
        for chunk in cut(pages, chunker, count):
            page = pages[chunk.span.page - 1]
            assert page.text[chunk.span.start : chunk.span.end] == chunk.text
            assert chunk.text
            assert chunk.text == chunk.text.strip()

    @given(pages(), chunkers, st.sampled_from(COUNTERS))
    def test_every_letter_of_the_body_is_in_exactly_one_chunk(
        self, pages: list[Page], chunker: Chunker, count: Callable[[str], int]
    ) -> None:
        chunks = cut(pages, chunker, count)
        for page in pages:
            covered = [0] * len(page.text)
            for chunk in chunks:
                if chunk.span.page == page.number:
                    for position in range(chunk.span.start, chunk.span.end):
                        covered[position] += 1
            start, end = page.body
            assert max(covered, default=0) <= 1
            assert not any(covered[:start])
            assert not any(covered[end:])
            assert not any(
                times == 0 and not page.text[position].isspace()
                for position, times in enumerate(covered[start:end], start=start)
            )

    @given(pages(), chunkers, st.sampled_from(COUNTERS))
    def test_in_reading_order(self, pages: list[Page], chunker: Chunker, count: Callable[[str], int]) -> None:
        spans = [chunk.span for chunk in cut(pages, chunker, count)]
        assert spans == sorted(spans)

    @given(pages(), chunkers, st.sampled_from(COUNTERS))
    def test_never_more_than_the_encoder_reads(
        self, pages: list[Page], chunker: Chunker, count: Callable[[str], int]
    ) -> None:
        assert all(count(chunk.text) <= chunker.max_tokens for chunk in cut(pages, chunker, count))

    @given(running_text, chunkers)
    def test_no_word_is_cut_that_fits(self, text: str, chunker: Chunker) -> None:
        assume(all(2 * pieces_of_four(word) <= chunker.max_tokens for word in text.split()))
        found = [word for chunk in cut([page_of(text)], chunker, pieces_of_four) for word in chunk.text.split()]
        assert found == text.split()


class TestCutting:
    @pytest.mark.parametrize("length", [2999, 3000, 3001])
    def test_a_word_longer_than_a_chunk(self, length: int) -> None:
        text = "".join(chr(ord("a") + position % 26) for position in range(length))
        chunks = cut([page_of(text)], Chunker(max_tokens=100), pieces_of_four)
        assert "".join(texts(chunks)) == text
        assert max(pieces_of_four(chunk.text) for chunk in chunks) <= 100

    def test_repeated_text_gets_its_own_place(self) -> None:
        line = "The same words again and again."
        text = "\n\n".join([line] * 8)
        chunks = cut([page_of(text)], Chunker(max_tokens=6, min_tokens=0))
        assert [chunk.span.start for chunk in chunks] == [number * (len(line) + 2) for number in range(8)]
        assert set(texts(chunks)) == {line}

    def test_paragraphs_are_cut_before_sentences(self) -> None:
        first, second = (
            " ".join([sentence(1, 10), sentence(2, 10)]),
            " ".join([sentence(3, 10), sentence(4, 10)]),
        )
        chunks = cut([page_of(f"{first}\n\n{second}")], Chunker(max_tokens=25, min_tokens=5))
        assert texts(chunks) == [first, second]

    def test_sentences_are_cut_before_lines(self) -> None:
        text = "One two\nthree four.\nFive six\nseven eight."
        assert texts(cut([page_of(text)], Chunker(max_tokens=4, min_tokens=0))) == [
            "One two\nthree four.",
            "Five six\nseven eight.",
        ]

    def test_a_section_that_leaves_a_rest_is_cut_into_equal_pieces(self) -> None:
        """220 words are 110 and 110, not 200 and 20."""
        text = " ".join(sentence(number, 10) for number in range(22))
        sizes = [words(chunk.text) for chunk in cut([page_of(text)], Chunker(max_tokens=200))]
        assert sum(sizes) == 220
        assert len(sizes) == 2
        assert min(sizes) >= 80

    def test_what_fits_exactly_is_one_chunk(self) -> None:
        text = " ".join(["word"] * 200)
        assert texts(cut([page_of(text)], Chunker())) == [text]
        assert len(cut([page_of(text + " more")], Chunker())) == 2

    @pytest.mark.parametrize("text", ["", " ", "\n\n \t\n"])
    def test_a_page_without_text_gives_nothing(self, text: str) -> None:
        assert cut([page_of(text)], Chunker()) == []

    def test_a_chunk_never_runs_over_a_page_break(self) -> None:
        chunks = cut([page_of("Small.", 1), page_of("Also small.", 2)], Chunker())
        assert [(chunk.span.page, chunk.text) for chunk in chunks] == [(1, "Small."), (2, "Also small.")]


class TestJoining:
    def test_small_pieces_join(self) -> None:
        page = page_with_headings(1, "# Care", sentence(1, 5), "# Storage", sentence(2, 5))
        (chunk,) = cut([page], Chunker())
        assert chunk.text == page.text
        assert chunk.headings == ("Care",)

    def test_pieces_that_can_stand_alone_do_not_join(self) -> None:
        page = page_with_headings(1, "# Care", sentence(1, 40), "# Storage", sentence(2, 39))
        assert [chunk.headings for chunk in cut([page], Chunker())] == [("Care",), ("Storage",)]

    def test_the_start_of_a_section_does_not_join_the_section_before(self) -> None:
        page = page_with_headings(1, "# Care", sentence(1, 60), "# Storage", sentence(2, 5))
        assert texts(cut([page], Chunker())) == [f"Care\n\n{sentence(1, 60)}", f"Storage\n\n{sentence(2, 5)}"]

    def test_the_small_rest_of_a_section_joins_what_is_before_it(self) -> None:
        first, rest = " ".join(sentence(number, 10) for number in range(9)), sentence(9, 10)
        page = page_of(f"{first}\n\n{rest}")
        # Unjoined it would be cut, for each alone is under the limit of one piece.
        assert texts(cut([page], Chunker(max_tokens=100, min_tokens=40))) == [page.text]
        assert [words(text) for text in texts(cut([page], Chunker(max_tokens=92, min_tokens=40)))] == [50, 50]

    def test_nothing_joins_into_more_than_a_chunk(self) -> None:
        page = page_with_headings(1, "# Care", sentence(1, 8), "# Storage", sentence(2, 9))
        # 9 and 10 words with their headings.
        assert len(cut([page], Chunker(max_tokens=19, min_tokens=10))) == 1
        assert len(cut([page], Chunker(max_tokens=18, min_tokens=10))) == 2


class TestHeadings:
    def test_path_over_page_breaks(self) -> None:
        pages = [
            page_with_headings(1, "# Manual", "## Care", sentence(1, 50)),
            page_with_headings(2, sentence(2, 50), "## Storage", sentence(3, 50)),
            page_with_headings(3, sentence(4, 50), "# Warranty", sentence(5, 50)),
        ]
        assert [(chunk.span.page, chunk.headings) for chunk in cut(pages, Chunker())] == [
            (1, ("Manual", "Care")),
            (2, ("Manual", "Care")),
            (2, ("Manual", "Storage")),
            (3, ("Manual", "Storage")),
            (3, ("Warranty",)),
        ]

    def test_a_new_document_starts_without_headings(self) -> None:
        chunker = Chunker()
        cut([page_with_headings(1, "# Old", sentence(1, 50))], chunker)
        assert cut([page_of(sentence(2, 50))], chunker)[0].headings == ()

    def test_a_heading_stays_with_its_text(self) -> None:
        page = page_with_headings(1, sentence(1, 60), "# Manual", "## Care", sentence(2, 60))
        assert texts(cut([page], Chunker())) == [sentence(1, 60), f"Manual\n\nCare\n\n{sentence(2, 60)}"]

    def test_a_deeper_level_without_the_one_between(self) -> None:
        page = page_with_headings(1, "# A", "### C", sentence(1, 50), "## B", sentence(2, 50))
        assert [chunk.headings for chunk in cut([page], Chunker())] == [("A", "C"), ("A", "B")]

    def test_a_heading_over_two_lines_is_one_line_in_the_path(self) -> None:
        page = Page(1, "Care of\nthe pump\n\n" + sentence(1, 50), 595.0, 842.0, headings=[Heading(0, 16, 1)])
        assert cut([page], Chunker())[0].headings == ("Care of the pump",)

    def test_every_piece_of_a_long_section_has_its_headings(self) -> None:
        page = page_with_headings(1, "# Care", " ".join(sentence(number, 10) for number in range(60)))
        chunks = cut([page], Chunker())
        assert len(chunks) == 4
        assert {chunk.headings for chunk in chunks} == {("Care",)}


def page_with_table(rows: int, *, before: str = "", head: str = "Model 2021 2022") -> Page:
    lines = [*([head] if head else []), *(f"Pump {number} {number}.10 and {number}.20 more" for number in range(rows))]
    start = len(before) + 2 * bool(before)
    text = "\n\n".join([*([before] if before else []), "\n".join(lines)])
    return Page(1, text, 595.0, 842.0, tables=[Table(start, len(text), (start, start + len(head)))])


class TestTables:
    def test_cut_between_rows_only(self) -> None:
        page = page_with_table(30)
        rows = page.text.split("\n")
        chunks = cut([page], Chunker(max_tokens=20, min_tokens=4))
        assert len(chunks) > 5
        assert [row for chunk in chunks for row in chunk.text.split("\n")] == rows

    def test_the_heads_lead_in_to_chunks_without_them(self) -> None:
        page = page_with_table(30)
        first, *others = cut([page], Chunker(max_tokens=20, min_tokens=4))
        assert first.lead_in == ""
        assert {chunk.lead_in for chunk in others} == {"Model 2021 2022"}

    def test_heads_come_after_the_headings(self) -> None:
        page = page_with_table(30, before="Sales")
        page = replace(page, headings=[Heading(0, 5, 1)])
        assert cut([page], Chunker(max_tokens=20))[-1].context == ("Sales", "Model 2021 2022")

    def test_heads_of_two_lines_are_one(self) -> None:
        page = page_with_table(30, head="Model Six months\n2021 2022")
        assert cut([page], Chunker(max_tokens=20))[-1].lead_in == "Model Six months 2021 2022"

    def test_a_table_without_heads_adds_nothing(self) -> None:
        assert {chunk.context for chunk in cut([page_with_table(30, head="")], Chunker(max_tokens=20))} == {()}

    def test_what_follows_the_table_has_no_heads(self) -> None:
        page = page_with_table(3)
        page = replace(page, text=f"{page.text}\n\n{sentence(1, 20)}")
        assert [chunk.context for chunk in cut([page], Chunker(max_tokens=20, min_tokens=4))][-1] == ()

    def test_a_row_longer_than_a_chunk_is_cut(self) -> None:
        text = "Model 2021\n" + " ".join(["word"] * 50)
        page = Page(1, text, 595.0, 842.0, tables=[Table(0, len(text), (0, 10))])
        assert max(words(chunk.text) for chunk in cut([page], Chunker(max_tokens=20))) <= 20


class TestBody:
    def test_what_is_outside_is_in_no_chunk(self) -> None:
        page = replace(page_of("Manual\n\nText.\n\n7"), body=(8, 13))
        assert texts(cut([page], Chunker())) == ["Text."]

    def test_a_page_without_a_body_gives_nothing(self) -> None:
        assert cut([replace(page_of("7"), body=(0, 0))], Chunker()) == []


def test_identity_tells_chunkers_apart() -> None:
    assert Chunker().identity == {"name": "headings-recursive", "version": 4, "max_tokens": 200, "min_tokens": 40}
    others = [Chunker(max_tokens=100), Chunker(min_tokens=10), Chunker(version=2)]
    assert all(other.identity != Chunker().identity for other in others)


@pytest.mark.parametrize("gap", [" ", "\n", "  \n"], ids=["a space", "a line of its own", "blanks and a line"])
def test_an_item_of_a_list_is_not_split_from_its_number(gap: str) -> None:
    items = [f"{number}.{gap}{' '.join(['loss'] * 12)}" for number in range(1, 9)]
    chunks = cut([page_of("We do not pay for:\n" + "\n".join(items))], Chunker(max_tokens=30, min_tokens=4))
    assert len(chunks) > 3
    assert not [text for text in texts(chunks) if text.rstrip()[-1] == "."]
