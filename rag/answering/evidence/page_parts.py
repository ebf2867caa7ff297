"""Parts of a page: the rows of its tables, its lists, and the text that is in neither of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.table import ParsedTable
from rag.domain.values import Page
from rag.text.structure.inline_lists import find_inline_lists
from rag.text.structure.lists import TextList, find_lists
from rag.text.structure.number_marks import number_marks

_MOST_ROWS: Final = 60
# A longer row is a text that was set in a frame.
_LONGEST_ROW: Final = 500


class PlacedRow(NamedTuple):
    """A row of a table in a page's text; ``group`` is a number of its table that no list of the page has."""

    start: int
    end: int
    cells: tuple[str, ...]
    table: ParsedTable
    group: int


@dataclass(frozen=True, slots=True)
class PageParts:
    """The parts of a page.

    Attributes:
        lists: in order; a list's place is its group.
        rows: of all tables.
        headings: start and end of each, in order.
        marks: the numbers of footnotes and paragraphs.
    """

    lists: Sequence[TextList]
    rows: Sequence[PlacedRow]
    headings: Sequence[tuple[int, int]]
    marks: frozenset[str]

    def between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The stretches of a range of the text that are outside of lists, tables and headings."""
        items = [(item.start, item.end) for one in self.lists for item in one.items]
        for first, last in sorted([*items, *self.headings, *_of_tables(self.rows)]):
            if first >= end:
                break
            if first > start:
                yield start, first
            start = max(start, last)
        if start < end:
            yield start, end

    def goes_on_from(self, group: int, above: PageParts, *, is_near: bool) -> int | None:
        """The list on the page above that a list of this page goes on from; None where it begins here.

        Args:
            group: of a list.
            above: parts of the page before.
            is_near: whether there is no text between them but the end of an item.
        """
        one = self.lists[group]
        if one.is_numbered:
            candidates = range(len(above.lists))
        elif is_near and group == 0 and not self._heading_before(one.start) and not above.ends_with_heading:
            candidates = range(len(above.lists))[-1:]
        else:
            return None
        return next((place for place in reversed(candidates) if above.lists[place].goes_on_in(one)), None)

    @property
    def ends_with_heading(self) -> bool:
        """True if a heading follows the last list."""
        return bool(self.lists and self.headings) and self.headings[-1][0] >= self.lists[-1].end

    def _heading_before(self, start: int) -> bool:
        return bool(self.headings) and self.headings[0][0] < start


def page_parts(page: Page) -> PageParts:
    """The parts of a page; an item of a list is none that is in a table or a heading."""
    rows = list(_rows(page))
    headings = sorted((heading.start, heading.end) for heading in page.headings)
    apart = [*headings, *_of_tables(rows)]
    inline = find_inline_lists(page.text, apart=apart)
    apart += [(one.start, one.end) for one in inline]
    lists = sorted([*find_lists(page.text, fewest=1, apart=apart), *inline], key=lambda one: one.start)
    # Numbers of tables come after those of lists.
    rows = [row._replace(group=row.group + len(lists)) for row in rows]
    return PageParts(lists, rows, headings, number_marks(page.text))


def _rows(page: Page) -> Iterator[PlacedRow]:
    for number, table in enumerate(parse_tables(page.text, page.words)):
        for row in table.rows[:_MOST_ROWS]:
            if row.end - row.start <= _LONGEST_ROW:
                yield PlacedRow(row.start, row.end, row.cells, table, number)


def _of_tables(rows: Sequence[PlacedRow]) -> list[tuple[int, int]]:
    """The spans of rows, and of the heads of their tables."""
    heads = {row.table.header for row in rows if row.table.header}
    return [*((row.start, row.end) for row in rows), *heads]
