"""Row reconstruction for tables that a file draws column by column, or with numbers apart from their labels.

Pure and conservative: the lines of the columns must be at the same heights, and at least one column must be numeric.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from ingest.pdf.lines import Line
from ingest.pdf.tables.table_lines import is_number, is_numeric

# In font sizes: how far the baselines of one row may be apart.
_LEVEL: Final = 0.25
_LEAST_ROWS: Final = 3
# Shares of a column's lines that must be at the height of a row, and be numbers in a numeric column.
_ALIGNED: Final = 0.8
_NUMERIC: Final = 0.6
_MOST_WORDS: Final = 4
# At most so many lines of a column are above the first label: its heads.
_MOST_HEADS: Final = 3


def join_rows(lines: Sequence[Line]) -> Sequence[Line]:
    """Lines in the same order, with the parts of each table row joined to one line."""
    joined: list[Line] = []
    for line in _from_columns(lines):
        if joined and _is_next_number(joined[-1], line):
            joined[-1] = Line([*joined[-1].pieces, *line.pieces], line.hyphenated)
        else:
            joined.append(line)
    return joined


def _is_next_number(before: Line, line: Line) -> bool:
    """True if the line is a number to the right of the one before, at the same height."""
    first, last = line.pieces[0], before.pieces[-1]
    level = abs(first.box.y1 - last.box.y1) < _LEVEL * first.size
    return level and first.box.x0 > last.box.x1 and not before.hyphenated and is_numeric(line.text)


def _from_columns(lines: Sequence[Line]) -> Iterator[Line]:
    strips = _strips(lines)
    position = 0
    while position < len(strips):
        above, columns, below, used = _table(strips, position)
        if columns:
            yield from above
            yield from _rows([line for column in columns for line in column])
            # What comes after the last column may be the first column of the next table.
            strips[position + used - 1] = below
            position += used - 1
        else:
            yield from strips[position]
            position += 1


def _strips(lines: Sequence[Line]) -> list[Sequence[Line]]:
    """Splits lines where the drawing order does not go down the page, and around each line with several cells."""
    strips: list[Sequence[Line]] = []
    start = 0
    single = [len(line.cells) == 1 for line in lines]
    bottoms = [line.box.y1 for line in lines]
    for position in range(1, len(lines)):
        down = bottoms[position] - bottoms[position - 1] > _LEVEL * lines[position].pieces[0].size
        if not (down and single[position - 1] and single[position]):
            strips.append(lines[start:position])
            start = position
    return [*strips, lines[start:]] if lines else []


def _table(
    strips: Sequence[Sequence[Line]], position: int
) -> tuple[Sequence[Line], list[Sequence[Line]], Sequence[Line], int]:
    """Lines above a table, its columns, lines below, and the number of strips used; no columns where there is none."""
    nothing: tuple[Sequence[Line], list[Sequence[Line]], Sequence[Line], int] = ([], [], [], 1)
    if position + 1 == len(strips):
        return nothing
    labels, values = strips[position], strips[position + 1]
    near = _LEVEL * values[0].pieces[0].size
    heights = [line.box.y1 for line in labels]
    start = bisect_left(heights, values[0].box.y1 - near)
    columns = [labels[start:]]
    heights = heights[start:]
    below: Sequence[Line] = []
    if len(heights) < _LEAST_ROWS - 1:
        return nothing
    right = max(line.box.x1 for line in columns[0])
    used = 1
    while position + used < len(strips) and not below:
        strip = strips[position + used]
        end = bisect_left([line.box.y1 for line in strip], heights[-1] + near)
        column = strip[:end]
        if not _is_aligned(column, heights, right, near):
            break
        below = strip[end:]
        columns.append(column)
        right = max(line.box.x1 for line in column)
        used += 1
    if any(map(_is_numeric, columns[1:])) and all(map(_is_short, columns[1:])):
        return labels[:start], columns, below, used
    return nothing


def _is_aligned(column: Sequence[Line], heights: Sequence[float], right: float, near: float) -> bool:
    if len(column) < _LEAST_ROWS or min(line.box.x0 for line in column) <= right:
        return False
    beside = [line.box.y1 for line in column if line.box.y1 > heights[0] - near]
    level = 0
    for height in beside:
        place = bisect_left(heights, height - near)
        level += place < len(heights) and heights[place] <= height + near
    return len(column) - len(beside) <= _MOST_HEADS and level >= max(_ALIGNED * len(beside), 1)


def _is_numeric(column: Sequence[Line]) -> bool:
    return sum(is_number(line.text) or is_numeric(line.text) for line in column) >= _NUMERIC * len(column)


def _is_short(column: Sequence[Line]) -> bool:
    return sum(len(line.pieces) for line in column) <= _MOST_WORDS * len(column)


def _rows(lines: Sequence[Line]) -> Iterator[Line]:
    row: list[Line] = []
    for line in sorted(lines, key=lambda line: line.box.y1):
        if row and line.box.y1 - row[0].box.y1 > 2 * _LEVEL * line.pieces[0].size:
            yield _joined(row)
            row = []
        row.append(line)
    yield _joined(row)


def _joined(row: Sequence[Line]) -> Line:
    ordered = sorted(row, key=lambda line: line.box.x0)
    return Line([piece for line in ordered for piece in line.pieces], ordered[-1].hyphenated)
