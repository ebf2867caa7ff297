"""Page text composition: lines to paragraphs, headings and tables, with hyphenated words rejoined.

Pure: from sizes and positions alone, of a text layer or of OCR. The reading order comes first: columns one after the
other, each row of a table in one line, running headers first and footers last.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Final

from ingest.pdf.drop_caps import with_drop_caps
from ingest.pdf.lines import Line, PageLines, Piece
from ingest.pdf.outdents import outdented
from ingest.pdf.page_labels import printed_labels
from ingest.pdf.reading_order.columns import restore_columns
from ingest.pdf.running_headers import RunningHeaders, find_running_headers
from ingest.pdf.stamps import without_stamps
from ingest.pdf.tables.cell_by_cell import join_cells
from ingest.pdf.tables.rows import join_rows
from ingest.pdf.tables.table_lines import TableLines, find_tables
from rag.domain.values import Heading, Page, Table, Word

__all__ = ["Line", "PageLines", "Piece", "compose_pages"]

# A step of more than this times the median step between lines begins a new paragraph.
_PARAGRAPH_GAP: Final = 1.3
_HEADING_SIZE: Final = 1.12
_HEADING_LENGTH: Final = 120
# Most step between the lines of one heading, in font sizes: the paragraphs around it may be set much smaller.
_HEADING_LEADING: Final = 1.5
# On a cover, in large print, it is no heading of what follows.
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]{1,64}@[\w-]{1,64}\.\S+")
_LETTERS: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def compose_pages(pages: Sequence[PageLines]) -> tuple[Page, ...]:
    """Composes the pages of a document, in order, from their sizes in points and their lines.

    Headings, running headers, printed page numbers and the spelling of hyphenated words are found by comparing all
    pages. The given lines are not changed.
    """
    stamped = without_stamps(pages)
    arranged = [
        (size, join_rows(restore_columns(join_cells(with_drop_caps(lines)))))
        for (size, _), (lines, _) in zip(pages, stamped, strict=True)
    ]
    layouts = [
        _Layout.of(size, lines, running_headers, stamps)
        for (size, lines), running_headers, (_, stamps) in zip(
            arranged, find_running_headers(arranged), stamped, strict=True
        )
    ]
    style = _HeadingStyle.of([layout.body for layout in layouts])
    vocabulary = _vocabulary([layout.body for layout in layouts])
    return tuple(
        replace(_compose(number, replace(layout, body=_with_hyphens(layout.body, vocabulary)), style), label=label)
        for number, (layout, label) in enumerate(zip(layouts, printed_labels(arranged), strict=True), start=1)
    )


@dataclass(frozen=True)
class _Layout:
    """The lines of a page, in the order of its text.

    Attributes:
        above, below: running headers and footers that an earlier page has, and watermarks.
        first, last: running headers and footers on their first page; part of the body, but no headings.
    """

    size: tuple[float, float]
    above: Sequence[Line]
    first: Sequence[Line]
    body: Sequence[Line]
    last: Sequence[Line]
    below: Sequence[Line]

    @classmethod
    def of(
        cls,
        size: tuple[float, float],
        lines: Sequence[Line],
        running_headers: RunningHeaders,
        stamps: Sequence[Line] = (),
    ) -> _Layout:
        running = {*running_headers.head, *running_headers.foot}
        head, foot, kept = running_headers
        return cls(
            size,
            [lines[position] for position in head if position not in kept],
            [lines[position] for position in head if position in kept],
            [line for position, line in enumerate(lines) if position not in running],
            [lines[position] for position in foot if position in kept],
            [*(lines[position] for position in foot if position not in kept), *stamps],
        )


def _vocabulary(pages: Sequence[Sequence[Line]]) -> frozenset[str]:
    """Every word that is not broken by a line end, in lower case."""
    words: set[str] = set()
    for lines in pages:
        for position, line in enumerate(lines):
            first = int(position > 0 and lines[position - 1].hyphenated)
            whole = line.pieces[first : len(line.pieces) - line.hyphenated]
            if line.seams:
                broken = {place + part - first for place in line.seams for part in (0, 1)}
                whole = [piece for place, piece in enumerate(whole) if place not in broken]
            words.update(_LETTERS.findall(" ".join([piece.text for piece in whole])))
    return frozenset(map(str.casefold, words))


def _with_hyphens(lines: Sequence[Line], vocabulary: frozenset[str]) -> Sequence[Line]:
    """Restores the hyphen at a line's end in compounds that are spelt with one, such as cutting-edge."""
    restored = [_with_hyphens_within(line, vocabulary) if line.seams else line for line in lines]
    for position, (above, below) in enumerate(pairwise(restored)):
        if above.hyphenated:
            left, right = above.pieces[-1], below.pieces[0]
            if _is_compound(_edge(left.text, -1), _edge(right.text, 0), vocabulary):
                pieces = [*above.pieces[:-1], left._replace(text=left.text + "-")]
                restored[position] = replace(above, pieces=pieces)
    return restored


def _with_hyphens_within(line: Line, vocabulary: frozenset[str]) -> Line:
    pieces = list(line.pieces)
    for place in line.seams:
        left, right = pieces[place], pieces[place + 1]
        if _is_compound(_edge(left.text, -1), _edge(right.text, 0), vocabulary):
            pieces[place] = left._replace(text=left.text + "-")
    return replace(line, pieces=pieces)


def _edge(text: str, position: int) -> str:
    found = _LETTERS.findall(text)
    return found[position].casefold() if found else ""


def _is_compound(left: str, right: str, vocabulary: frozenset[str]) -> bool:
    """True if the document has the word with a hyphen elsewhere; or never as one word, and both halves as words."""
    if f"{left}-{right}" in vocabulary:
        return True
    return left + right not in vocabulary and {left, right} <= vocabulary


@dataclass(frozen=True)
class _HeadingStyle:
    """Heading detection: larger than the document's body text, or bold and apart from the text below it."""

    body: float
    sizes: tuple[float, ...]

    @classmethod
    def of(cls, pages: Sequence[Sequence[Line]]) -> _HeadingStyle:
        letters: Counter[float] = Counter()
        for lines in pages:
            for line in lines:
                for size, count in line.letters.items():
                    letters[size] += count
        body = letters.most_common(1)[0][0] if letters else 0.0
        return cls(body, tuple(sorted((size for size in letters if size >= body * _HEADING_SIZE), reverse=True)))

    def level(self, line: Line, *, alone: bool) -> int | None:
        """1 for the largest size in the document; None for a line that is no heading."""
        text = line.text
        if line.slanted or len(text) > _HEADING_LENGTH or not any(character.isalpha() for character in text):
            return None
        if _ADDRESS.fullmatch(text):
            return None
        if line.size in self.sizes:
            return self.sizes.index(line.size) + 1
        if alone and line.bold and line.size >= self.body and text[-1] not in ".,;:" and not text[0].islower():
            return len(self.sizes) + 1
        return None


def _compose(number: int, layout: _Layout, style: _HeadingStyle) -> Page:
    page = _PageText()
    page.add_block(layout.above)
    start = page.length
    page.add_block(layout.first)
    tables = _add_body(page, layout.body, style)
    page.add_block(layout.last)
    end = page.length
    page.add_block(layout.below)
    text = page.text
    # The blank line after the headers belongs to neither.
    start += 2 * (0 < start < end)
    whole = not layout.above and not layout.below
    return Page(
        number, text, *layout.size, tuple(page.words), tuple(page.headings), tables, *() if whole else ((start, end),)
    )


def _add_body(page: _PageText, lines: Sequence[Line], style: _HeadingStyle) -> tuple[Table, ...]:
    tables = find_tables(lines)
    heads = {position for table in tables for position in range(table.start, table.body)}
    breaks = _paragraph_breaks(lines, style)
    places = []
    for position, line in enumerate(lines):
        is_title = position not in heads and _is_title(lines, breaks, position)
        alone = is_title or _is_alone(breaks, position)
        level = None if position in heads else style.level(line, alone=alone)
        places.append(page.add(line, paragraph=breaks[position], level=level))
        if is_title and level is not None:
            breaks[position + 1] = True
    return tuple(_table(table, places) for table in tables)


def _table(table: TableLines, places: Sequence[tuple[int, int]]) -> Table:
    start = places[table.start][0]
    header = (start, places[table.body - 1][1] if table.body > table.start else start)
    return Table(start, places[table.end - 1][1], header)


def _is_alone(breaks: Sequence[bool], position: int) -> bool:
    return breaks[position] and (position + 1 == len(breaks) or breaks[position + 1])


def _is_title(lines: Sequence[Line], breaks: Sequence[bool], position: int) -> bool:
    """True for a bold line right above text that is not: text processors set no space below such headings."""
    if not breaks[position] or position + 1 == len(lines):
        return False
    line, below = lines[position : position + 2]
    is_above = line.box.y1 <= below.box.y0 + 1 and line.box.x1 < below.box.x1
    return line.bold and not below.bold and is_above and below.text[:1].isupper()


def _paragraph_breaks(lines: Sequence[Line], style: _HeadingStyle) -> list[bool]:
    """For each line, whether it begins a paragraph."""
    steps = [below.top - above.top for above, below in pairwise(lines)]
    usual = median([step for step in steps if step > 1.0] or [0.0])
    widest = max((line.box.x1 - line.box.x0 for line in lines), default=0.0)
    breaks = [True] * len(lines)
    for position, step in enumerate(steps, start=1):
        above, below = lines[position - 1], lines[position]
        moved_up = step < -1.0  # another column, or a part of the page drawn later
        if below.begins:
            breaks[position] = True
        elif moved_up:
            breaks[position] = above.text[-1] in ".!?:"
        else:
            is_heading = above.size in style.sizes and _is_one_heading(above, below, widest)
            breaks[position] = (step > usual * _PARAGRAPH_GAP and not is_heading) or above.size != below.size
    for position in outdented(lines, breaks):
        breaks[position] = True
    return breaks


def _is_one_heading(above: Line, below: Line, widest: float) -> bool:
    """True for two lines of a heading, which are set farther apart than the smaller text around them.

    The second one begins in lower case, or with a word for which the first one had no room.

    Args:
        above: a line in large print.
        below: the next one.
        widest: width of the widest line of the page, in points.
    """
    is_near = below.top - above.top <= _HEADING_LEADING * above.size
    if not is_near or above.size != below.size or above.bold != below.bold or above.text[-1] in ".!?:;":
        return False
    first = below.pieces[0].box
    is_full = above.box.x1 - above.box.x0 + (first.x1 - first.x0) > widest
    return below.text[0].islower() or is_full


class _PageText:
    """Builder of a page's text, with the offsets of each word and heading."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._joined = False  # the line before ended within a word
        self.length = 0
        self.words: list[Word] = []
        self.headings: list[Heading] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add_block(self, lines: Sequence[Line]) -> None:
        """Adds lines as a paragraph of their own, without headings."""
        for position, line in enumerate(lines):
            self._joined = False
            self.add(line, paragraph=position == 0, level=None)
        self._joined = self._joined and not lines

    def add(self, line: Line, *, paragraph: bool, level: int | None) -> tuple[int, int]:
        """Adds a line; returns its start and end in the text."""
        if self.length and not self._joined:
            self._append("\n\n" if paragraph else "\n")
        start = end = self.length
        for place, piece in enumerate(line.pieces):
            after = end + len(piece.text)
            self.words.append(Word(end, after, piece.box))
            end = after + (place not in line.seams)
        self._append(line.text)
        self._joined = line.hyphenated
        if level is not None:
            self._add_heading(Heading(start, self.length, level), continued=not paragraph)
        return start, self.length

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self.length += len(text)

    def _add_heading(self, heading: Heading, *, continued: bool) -> None:
        """Adds a heading; one over several lines stays one heading."""
        last = self.headings[-1] if self.headings else None
        if last and continued and last.level == heading.level and heading.start - last.end <= 1:
            self.headings[-1] = last._replace(end=heading.end)
        else:
            self.headings.append(heading)
