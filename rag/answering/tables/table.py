"""Parsed tables: values with rows, column heads and the spans of both in a page's text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

MOST_ROWS: Final = 2_000
MOST_COLUMNS: Final = 40
# Dots that lead to the page number of an entry of a table of contents, and that number: no part of "3.50".
DOT_LEADERS: Final = re.compile(r"(?:\. ?){4}|…{2}")
_PAGE_NUMBER: Final = re.compile(r"(?<!\d)(?<!\d[.,])\d{1,4}$")
# Entries with dots, and the share of the rows that have a page number: chapters may have none of either.
_FEWEST_DOTTED: Final = 3
_CONTENTS_SHARE: Final = 0.8


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A row of a table.

    Attributes:
        cells: one for each column, "" for an empty one; a merged cell is repeated in each of its rows.
        start, end: of the whole row in the page's text; other rows may lie between them only where a page's text
            interleaves the lines of rows.
        groups: the group headings above it, outermost first: rows that have a label and nothing else.
        certain: false where a cell is missing and it is not known which, so that a cell may be in the wrong column.
    """

    cells: tuple[str, ...]
    start: int
    end: int
    groups: tuple[str, ...] = ()
    certain: bool = True


@dataclass(frozen=True, slots=True)
class ParsedTable:
    """A table of a page's text; offsets are those of the text.

    Attributes:
        caption: title and lines that introduce it, in reading order; "" where there are none.
        heads: of the columns, several header rows joined from top to bottom; "" for a column without one.
        rows: without the header rows.
        start, end: of header and rows.
        header: start and end of the header rows; None where the table has none.
        keys: number of leading columns that name a row, 1 or more.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[ParsedRow, ...]
    start: int
    end: int
    header: tuple[int, int] | None
    keys: int = 1

    def key(self, row: int) -> str:
        """The key of a row: its key cells, joined by commas."""
        return ", ".join(cell for cell in self.rows[row].cells[: self.keys] if cell)

    @property
    def is_contents(self) -> bool:
        """True for a table of contents: dots lead to whole numbers that never fall. Prices after dots do fall."""
        dotted = sum(any(DOT_LEADERS.search(cell) for cell in row.cells) for row in self.rows)
        last = [next((cell for cell in reversed(row.cells) if cell), "") for row in self.rows]
        numbers = [int(match[0]) for cell in last if (match := _PAGE_NUMBER.search(cell))]
        most = _CONTENTS_SHARE * len(self.rows)
        is_rising = all(before <= after for before, after in pairwise(numbers))
        return dotted >= _FEWEST_DOTTED and len(numbers) >= most and is_rising
