"""Row reconstruction for tables that a file draws cell by cell, where the text of cells wraps over several lines.

Pure and conservative: the cells of a row are drawn from left to right and stand beside one another, all rows place
them alike (at their tops, middles or bottoms), and no cell reaches into another column. Two columns of running text
are none, nor is a list; and where only labels have several lines, the first of them may be the heading of a group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from ingest.pdf.lines import Cell, Line, Piece
from ingest.pdf.tables.table_lines import is_marker
from rag.domain.values import Box

# In font sizes: the steps from line to line within a cell, the tolerance of aligned edges and heights, and the
# largest gap between rows.
_LEAST_STEP: Final = 0.7
_STEP: Final = 1.7
_EDGE: Final = 0.5
_LEVEL: Final = 0.3
_ROW_GAP: Final = 3.0
_TALL: Final = 1.4
_LEAST_ROWS: Final = 3
_MOST_LINES: Final = 15
_MOST_COLUMNS: Final = 20
# Shares of the rows that have nearly all cells, and that have several lines in a cell after the label.
_FULL: Final = 0.5
_WRAPPED: Final = 0.3
# Two columns are running text where most of their cells have several lines, and the widths are so much alike.
_ALIKE: Final = 0.6


class _CellLine(NamedTuple):
    """A stretch of a line between wide gaps, with the position of the line and whether it ends within a word."""

    cell: Cell
    line: int
    hyphenated: bool


@dataclass
class _Block:
    """A cell of a table: parts directly below one another."""

    parts: list[_CellLine]
    box: Box

    @property
    def size(self) -> float:
        return self.parts[0].cell.pieces[0].size

    def goes_on(self, part: _CellLine) -> bool:
        """True if the part is the next line of the cell."""
        box, above, size = part.cell.box, self.parts[-1].cell.box, self.size
        return (
            _LEAST_STEP * size <= box.y1 - above.y1 <= _STEP * size
            and abs(part.cell.pieces[0].size - size) < 0.1 * size
            and (
                abs(box.x0 - self.box.x0) < _EDGE * size
                or abs(box.x1 - self.box.x1) < _EDGE * size
                or abs(box.x0 + box.x1 - self.box.x0 - self.box.x1) < 2 * _EDGE * size
            )
        )


_Row = list[_Block]


def join_cells(lines: Sequence[Line]) -> Sequence[Line]:
    """Lines in the same order, with all lines of each row of such a table joined to one."""
    if not _may_have_cells(lines):
        return lines
    arranged: list[Line] = []
    position = 0
    for rows in _tables(_rows(_blocks(lines))):
        places = _places(rows, lines)
        if places and places[0].start >= position:
            arranged += lines[position : places[0].start]
            arranged += [_joined(row, lines, place) for row, place in zip(rows, places, strict=True)]
            position = places[-1].stop
    return [*arranged, *lines[position:]]


def _may_have_cells(lines: Sequence[Line]) -> bool:
    """Quick test whether lines go on to the right at the height of the one before; most pages end here."""
    beside = sum(above.box.x1 < below.box.x0 and below.box.y0 < above.box.y1 for above, below in pairwise(lines))
    return beside + sum(_is_tall(line) for line in lines) > 1


def _is_tall(line: Line) -> bool:
    """True for cells with other baselines that were taken for one line."""
    return line.box.y1 - line.box.y0 > _TALL * line.pieces[0].size


def _blocks(lines: Sequence[Line]) -> Iterator[_Block]:
    block: _Block | None = None
    for position, line in enumerate(lines):
        for cell in line.cells:
            last = line.hyphenated and cell.pieces[-1] is line.pieces[-1]
            part = _CellLine(cell, position, last)
            if block and block.goes_on(part):
                block.parts.append(part)
                block.box = block.box.around(cell.box)
            else:
                if block:
                    yield block
                block = _Block([part], cell.box)
    if block:
        yield block


def _rows(blocks: Iterator[_Block]) -> Iterator[_Row]:
    """Blocks beside one another, from left to right."""
    row: _Row = []
    top = bottom = 0.0
    for block in blocks:
        if row and block.box.x0 >= row[-1].box.x1 and block.box.y0 < bottom and block.box.y1 > top:
            row.append(block)
            top, bottom = min(top, block.box.y0), max(bottom, block.box.y1)
        else:
            if row:
                yield row
            row, top, bottom = [block], block.box.y0, block.box.y1
    if row:
        yield row


def _tables(rows: Iterator[_Row]) -> Iterator[Sequence[_Row]]:
    columns: list[tuple[float, float]] = []
    table: list[_Row] = []
    for row in rows:
        if table and _is_below(table[-1], row) and (wider := _with(columns, row)):
            columns = wider
        else:
            yield from _found(table, columns)
            table, columns = [], [(block.box.x0, block.box.x1) for block in row]
        table.append(row)
    yield from _found(table, columns)


def _found(rows: Sequence[_Row], columns: Sequence[tuple[float, float]]) -> Iterator[Sequence[_Row]]:
    """The rows from the first to the last that has several cells, if they are a table."""
    several = [place for place, row in enumerate(rows) if len(row) > 1]
    table = rows[several[0] : several[-1] + 1] if several else []
    if table and _is_table(table, columns):
        yield table


def _is_below(above: _Row, row: _Row) -> bool:
    size = row[0].size
    gap = min(block.box.y0 for block in row) - max(block.box.y1 for block in above)
    return -_LEVEL * size <= gap <= _ROW_GAP * size


def _with(columns: Sequence[tuple[float, float]], row: _Row) -> list[tuple[float, float]]:
    """The columns with those of one more row; none if a cell of it reaches into two, or two cells into one."""
    if len(row) > _MOST_COLUMNS:
        return []
    wider = list(columns)
    taken: set[int] = set()
    for left, _, right, _ in (block.box for block in row):
        over = [place for place, column in enumerate(wider) if left < column[1] and right > column[0]]
        if len(over) > 1 or taken.intersection(over):
            return []
        taken.add(over[0] if over else len(wider))
        if over:
            wider[over[0]] = (min(left, wider[over[0]][0]), max(right, wider[over[0]][1]))
        else:
            wider.append((left, right))
    wider.sort()
    apart = all(left[1] <= right[0] for left, right in pairwise(wider))
    return wider if apart and len(wider) <= _MOST_COLUMNS else []


def _is_table(table: Sequence[_Row], columns: Sequence[tuple[float, float]]) -> bool:
    rows = [row for row in table if len(row) > 1]
    wrapped = sum(any(len(block.parts) > 1 for block in row[1:]) for row in rows)
    full = sum(len(row) >= max(2, len(columns) - 1) for row in rows)
    return (
        len(columns) > 1
        and len(rows) >= _LEAST_ROWS
        and wrapped >= max(2.0, _WRAPPED * len(rows))
        and full >= _FULL * len(table)
        and all(len(block.parts) <= _MOST_LINES for row in rows for block in row)
        and _are_placed_alike(rows)
        and not _are_text(rows, columns)
        and not all(map(_is_item, rows))
    )


def _is_item(row: _Row) -> bool:
    """True for a list marker and its item."""
    return len(row) == 2 and is_marker(row[0].parts[0].cell.text)


def _are_placed_alike(rows: Sequence[_Row]) -> bool:
    """True if the cells of each row have the same top, or middle, or bottom, in all rows the same of these."""
    ways = [[max(of_row) - min(of_row) <= 2 * _LEVEL * row[0].size for of_row in _heights(row)] for row in rows]
    return any(map(all, zip(*ways, strict=True)))


def _heights(row: _Row) -> tuple[list[float], list[float], list[float]]:
    boxes = [block.box for block in row]
    return [box.y0 for box in boxes], [(box.y0 + box.y1) / 2 for box in boxes], [box.y1 for box in boxes]


def _are_text(rows: Sequence[_Row], columns: Sequence[tuple[float, float]]) -> bool:
    """True for two columns that are alike and have running text in both."""
    if len(columns) != 2:
        return False
    widths = sorted(right - left for left, right in columns)
    several = sum(all(len(block.parts) > 1 for block in row) for row in rows)
    return widths[0] >= _ALIKE * widths[1] and 2 * several > len(rows)


def _places(rows: Sequence[_Row], lines: Sequence[Line]) -> list[range]:
    """The positions of the lines of each row; none where a line belongs to two rows, or only partly to one."""
    places: list[range] = []
    for row in rows:
        numbers = [part.line for block in row for part in block.parts]
        place = range(min(numbers), max(numbers) + 1)
        held = sum(len(lines[number].cells) for number in place)
        special = any(lines[number].begins or lines[number].slanted for number in place)
        if held != len(numbers) or special or (places and place.start != places[-1].stop):
            return []
        places.append(place)
    return places


def _joined(row: _Row, lines: Sequence[Line], place: range) -> Line:
    if len(place) == 1:
        return lines[place.start]
    pieces: list[Piece] = []
    seams: set[int] = set()
    for block in row:
        for part in block.parts:
            pieces += part.cell.pieces
            if part.hyphenated and part is not block.parts[-1]:
                seams.add(len(pieces) - 1)
    return Line(pieces, row[-1].parts[-1].hyphenated, seams=frozenset(seams))
