"""Table detection in the lines of a page: rows and column heads.

Pure and geometric. A row of a table is a line of several cells: stretches of words between wide gaps. Rows belong to
one table when their cells are aligned at the left, at the right or by their middles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Final, NamedTuple

from ingest.pdf.lines import Cell, Line
from rag.domain.values import Box

_NUMBER: Final = re.compile(r"[$€£¥(+−–—-]*\d([\d,.]*\d)?[)%x]*|[—–-]|n/?[am]\.?", re.IGNORECASE)
_SIGNS: Final = re.compile(r"[$€£¥()%⁰¹²³⁴-⁹]+")
_YEAR: Final = re.compile(r"(19|20)\d\d")
_MONTH: Final = re.compile(r"(jan|feb|m[aä]r|apr|ma[yi]|jun|jul|aug|sep|o[ck]t|nov|de[cz])", re.IGNORECASE)
_BULLET: Final = re.compile(r"\W|[(]?([\divxlc]{1,4}|[a-z])[.)]", re.IGNORECASE)
# In font sizes: the tolerance of aligned edges, and the largest steps between rows and between heads and rows.
_EDGE: Final = 0.5
_ROW_STEP: Final = 4.0
_HEAD_STEP: Final = 3.0
# In font sizes: how far the head of a narrow numeric column may reach beyond it.
_HEAD_REACH: Final = 6.0
_RECENT_ROWS: Final = 4
_MOST_LABELS: Final = 3
_MOST_HEADS: Final = 20
_MOST_CELLS: Final = 40
_NUMERIC: Final = 0.4
_WORDS_IN_A_CELL: Final = 5.0
_WORDS_IN_A_HEAD: Final = 12
# In font sizes: the least height of a row that has cells of several lines.
_WRAPPED: Final = 1.8


class TableLines(NamedTuple):
    """A table in lines ``start`` to ``end``; those before ``body`` are its column heads."""

    start: int
    body: int
    end: int


def is_number(text: str) -> bool:
    """True if a cell is a quantity, perhaps with a unit; a year or a date is none."""
    words = text.split()
    if not is_numeric(text):
        # 35 m, 24 months; but not 31 December.
        return len(words) == 2 and is_number(words[0]) and words[1][0].isalpha() and not _MONTH.match(words[1])
    return any(_NUMBER.fullmatch(word) and not _YEAR.fullmatch(word) for word in words)


def is_numeric(text: str) -> bool:
    """True if a cell has only numbers, years included, and signs."""
    words = text.split()
    return bool(words) and all(_NUMBER.fullmatch(word) or _SIGNS.fullmatch(word) for word in words)


def is_marker(text: str) -> bool:
    """True for the marker of a list's item."""
    return bool(_BULLET.fullmatch(text))


class _TableRow:
    """A line as a row of cells."""

    def __init__(self, line: Line) -> None:
        self.cells: Sequence[Cell] = line.cells[:_MOST_CELLS]
        self.box: Box = line.box
        self.size = line.size
        self.bold = line.bold
        self.wrapped = line.box.y1 - line.box.y0 > _WRAPPED * line.size
        marked = len(self.cells) == 2 and is_marker(self.cells[0].text)
        self.tabular = len(self.cells) > 1 and not marked
        self.data = self.tabular and any(is_number(cell.text) for cell in self.cells[1:])

    def agrees(self, other: _TableRow) -> bool:
        """True if half of the cells are aligned with the other row's; a common left edge alone is no evidence."""
        near = _EDGE * self.size
        matches = sum(
            any(_are_aligned(cell.box, mate.box, near) for mate in other.cells[not place :])
            for place, cell in enumerate(self.cells)
        )
        return matches >= max(1.0, (min(len(self.cells), len(other.cells)) - 1) / 2)


def _are_aligned(one: Box, other: Box, near: float) -> bool:
    return (
        abs(one[0] - other[0]) < near
        or abs(one[2] - other[2]) < near
        or abs(one[0] + one[2] - other[0] - other[2]) < 2 * near
    )


def find_tables(lines: Sequence[Line]) -> list[TableLines]:
    """The tables of a page, from lines in reading order."""
    rows = [_TableRow(line) for line in lines]
    tables: list[TableLines] = []
    start = 0
    while start < len(rows):
        chain = _chain(rows, start) if rows[start].tabular else None
        if chain and chain.is_table():
            floor = tables[-1].end if tables else 0
            tables.append(_with_heads(rows, chain, floor))
        start = chain.end if chain else start + 1
    return tables


@dataclass
class _Chain:
    """Candidate table: aligned rows, and the lines between them."""

    start: int
    end: int
    rows: list[_TableRow] = field(default_factory=list)

    def is_table(self) -> bool:
        cells = [cell for row in self.rows for cell in row.cells[1:]]
        numeric = sum(is_numeric(cell.text) or is_number(cell.text) for cell in cells)
        words = sum(len(cell.pieces) for cell in cells) / len(cells)
        if len(self.rows) > 1 and numeric >= _NUMERIC * len(cells) and any(row.data for row in self.rows):
            return True
        if words > _WORDS_IN_A_CELL and not any(row.wrapped for row in self.rows):
            return False
        several = sum(len(row.cells) > 2 for row in self.rows) > len(self.rows) / 2
        return len(self.rows) > 2 and (several or self.is_headed)

    @property
    def is_headed(self) -> bool:
        """True if only the first row is bold."""
        return self.rows[0].bold and not any(row.bold for row in self.rows[1:])

    @cached_property
    def values(self) -> tuple[float, float]:
        """Left and right edge of the columns after the labels."""
        rows = [row for row in self.rows if row.data] or self.rows
        return min(row.cells[1].box.x0 for row in rows), max(row.cells[-1].box.x1 for row in rows)


def _chain(rows: Sequence[_TableRow], start: int) -> _Chain:
    chain = _Chain(start, start + 1, [rows[start]])
    labels = 0
    for position in range(start + 1, len(rows)):
        row, above = rows[position], rows[position - 1]
        top = max(above.box.y0, above.box.y1 - row.size) if above.wrapped else above.box.y0
        if not 1.0 < row.box.y0 - top <= _ROW_STEP * row.size:
            break
        if row.tabular and any(row.agrees(other) for other in chain.rows[-_RECENT_ROWS:]):
            chain.rows.append(row)
            chain.end = position + 1
            labels = 0
        elif row.tabular or labels == _MOST_LABELS or not _is_label(row, chain.rows[-1]):
            break
        else:
            labels += 1
    return chain


def _is_label(row: _TableRow, above: _TableRow) -> bool:
    """True if a line of one cell is in the label column, or continues a cell of the row above."""
    near = _EDGE * row.size
    return row.box.x1 <= above.cells[1].box.x0 + near or any(
        abs(row.box.x0 - cell.box.x0) < near and row.box.x1 <= cell.box.x1 + 2 * near for cell in above.cells[1:]
    )


def _with_heads(rows: Sequence[_TableRow], chain: _Chain, floor: int) -> TableLines:
    """The table with its column heads: lines above the first number."""
    body = chain.start
    if any(row.data for row in chain.rows):
        first = next(row for row in chain.rows if row.data)
        body += _count_heads(rows[chain.start : chain.end], chain, first)
        if body > chain.start:
            return TableLines(_first_head(rows, chain, chain.start, floor, first), body, chain.end)
        labels = range(chain.start, max(floor, chain.start - _MOST_LABELS - 1), -1)
        for position in labels:
            start = _first_head(rows, chain, position, floor, first)
            if start < position:
                return TableLines(start, position, chain.end)
            if not _is_label(rows[position - 1], first):
                break
        return TableLines(chain.start, chain.start, chain.end)
    return TableLines(chain.start, body + chain.is_headed, chain.end)


def _count_heads(rows: Sequence[_TableRow], chain: _Chain, first: _TableRow) -> int:
    """Number of head rows at the start of a table: after one with all cells, only rows without a label."""
    full = max(len(row.cells) for row in chain.rows)
    count = 0
    for row in takewhile(lambda row: _is_head(row, chain, first), rows):
        labelled = row.cells[0].box.x0 < chain.values[0] - _HEAD_REACH * row.size
        if count and labelled and any(len(head.cells) == full for head in rows[:count]):
            break
        count += 1
    return count


def _first_head(rows: Sequence[_TableRow], chain: _Chain, end: int, floor: int, first: _TableRow) -> int:
    """Position of the first of the heads directly before line ``end``."""
    position = end
    top = rows[end].box.y0
    while position > max(floor, end - _MOST_HEADS) and _is_head(rows[position - 1], chain, first):
        above = rows[position - 1]
        # Heads of several lines are drawn one after the other, so the next may begin higher.
        if not -_HEAD_STEP * above.size <= above.box.y0 - top < _HEAD_STEP * above.size:
            break
        top = min(top, above.box.y0)
        position -= 1
    return position


def _is_head(row: _TableRow, chain: _Chain, first: _TableRow) -> bool:
    """True if a row is a column head: above the first number, over the columns, and without numbers."""
    reach = _HEAD_REACH * row.size
    left, right = chain.values[0] - reach, chain.values[1] + reach
    over = row.cells[1:] if row.tabular else row.cells
    return (
        row.box.y0 < first.box.y0 - 1.0
        and row.box.x1 <= right
        and all(cell.box.x0 >= left for cell in over)
        and not any(is_number(cell.text) for cell in row.cells)
        and all(len(cell.pieces) <= _WORDS_IN_A_HEAD for cell in row.cells)
    )
