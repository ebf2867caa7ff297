"""Reading order of multi-column pages that a file draws line by line, across the columns.

Pure and conservative: a page that is drawn column after column stays as it is, and so does anything that could be a
table. Columns are restored where a gutter runs down between them over several lines, each column is filled with words
to its edge in most of its lines, and the drawing order alternates between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple, TypeAlias

from ingest.pdf.lines import Cell, Line

# In font sizes: the narrowest gutter, and the largest step from line to line within columns.
_GUTTER: Final = 0.8
_STEP: Final = 3.0
_MOST_COLUMNS: Final = 4
_LEAST_LINES: Final = 4
# Prose: so many words in the median line; this share of the lines fills this share of the column's width.
_WORDS: Final = 4
_REACH: Final = 0.7
_SHARE: Final = 0.6
# This share of its lines has no wide gap. The narrowest column in font sizes, and as a share of the widest one.
_WHOLE: Final = 0.8
_NARROWEST: Final = 9.0
_ALIKE: Final = 0.4
_LETTERS: Final = 0.75
# Higher parts, in font sizes, are rotated text, not lines of a column.
_TALLEST: Final = 3.0

_Gap: TypeAlias = tuple[float, float]


class _Part(NamedTuple):
    """A cell with the position of its line in drawing order."""

    cell: Cell
    line: int


class _Band(NamedTuple):
    """Consecutive rows with common gutters."""

    rows: Sequence[Sequence[_Part]]
    gaps: Sequence[_Gap]

    def columns(self) -> list[list[list[_Part]]]:
        """For each column, from left to right, the parts of each row that has any in it."""
        columns: list[list[list[_Part]]] = [[] for _ in range(len(self.gaps) + 1)]
        for row in self.rows:
            places: dict[int, list[_Part]] = {}
            for part in row:
                places.setdefault(sum(part.cell.box.x0 >= right - 0.1 for _, right in self.gaps), []).append(part)
            for place, parts in places.items():
                columns[place].append(parts)
        return columns


def restore_columns(lines: Sequence[Line]) -> Sequence[Line]:
    """Lines in reading order; unchanged where no columns were drawn line by line across the page."""
    if not _goes_across(lines):
        return lines
    parts = [
        _Part(cell, number)
        for number, line in enumerate(lines)
        for cell in line.cells
        if cell.box.y1 - cell.box.y0 < _TALLEST * cell.pieces[0].size
    ]
    arranged: list[Line] = []
    position = 0
    for first, last, columns in sorted(_restorable(parts, len(lines)), key=lambda found: found[0]):
        if first >= position:
            arranged += [*lines[position:first], *_lines_of(columns, lines)]
            position = last + 1
    return [*arranged, *lines[position:]]


def _goes_across(lines: Sequence[Line]) -> bool:
    """Quick test whether enough lines continue to the right at the same height; most pages end here."""
    steps = sum(len(line.cells) for line in lines) - len(lines)
    steps += sum(above.box.x1 < below.box.x0 and below.box.y0 < above.box.y1 for above, below in pairwise(lines))
    return steps >= _LEAST_LINES


def _restorable(parts: Sequence[_Part], count: int) -> Iterator[tuple[int, int, list[list[list[_Part]]]]]:
    """Columns to restore, each group with the first and the last line that it replaces."""
    held = [0] * count
    for part in parts:
        held[part.line] += 1
    for band in _bands(_rows(parts)):
        numbers = [part.line for row in band.rows for part in row]
        first, last = min(numbers), max(numbers)
        # Other parts are drawn in between, or half of a line belongs to another part of the page.
        if len(numbers) != sum(held[first : last + 1]) or 0 in held[first : last + 1]:
            continue
        columns = band.columns()
        if _are_prose(columns) and _alternates(columns):
            yield first, last, columns


def _rows(parts: Sequence[_Part]) -> list[list[_Part]]:
    """Groups parts into rows by height, from top to bottom, each from left to right."""
    rows: list[list[_Part]] = []
    bottom = float("-inf")
    for part in sorted(parts, key=lambda part: part.cell.box.y0 + part.cell.box.y1):
        _, y0, _, y1 = part.cell.box
        if (y0 + y1) / 2 > bottom:
            rows.append([])
            bottom = y1 - 0.1 * (y1 - y0)
        rows[-1].append(part)
    for row in rows:
        row.sort(key=lambda part: part.cell.box.x0)
    return rows


def _bands(rows: Sequence[Sequence[_Part]]) -> Iterator[_Band]:
    start = 0
    while start < len(rows):
        gaps = _gaps(rows[start]) or _gaps_of_two(rows[start : start + 2])
        end = start + 1
        while gaps and end < len(rows) and _is_near(rows[end - 1], rows[end]) and (common := _common(gaps, rows[end])):
            gaps = common
            end += 1
        if gaps and end - start >= _LEAST_LINES:
            yield _Band(rows[start:end], gaps)
        start = end


def _is_near(above: Sequence[_Part], below: Sequence[_Part]) -> bool:
    top = min(part.cell.box.y0 for part in above)
    return min(part.cell.box.y0 for part in below) - top <= _STEP * below[0].cell.pieces[0].size


def _gaps(row: Sequence[_Part]) -> list[_Gap]:
    """Gutters between the parts of a row; none where there are too many parts for columns of prose."""
    if len(row) > 2 * _MOST_COLUMNS:
        return []
    gaps = []
    right = row[0].cell.box.x1
    for part in row[1:]:
        x0, _, x1, _ = part.cell.box
        if x0 - right >= _GUTTER * part.cell.pieces[0].size:
            gaps.append((right, x0))
        right = max(right, x1)
    return gaps


def _gaps_of_two(rows: Sequence[Sequence[_Part]]) -> list[_Gap]:
    """Gutter between two columns whose lines are not at the same heights."""
    if len(rows) < 2 or any(len(row) > 1 for row in rows) or not _is_near(*rows):
        return []
    return _gaps(sorted((part for row in rows for part in row), key=lambda part: part.cell.box.x0))


def _common(gaps: Sequence[_Gap], row: Sequence[_Part]) -> list[_Gap]:
    """The gutters that remain with one more row."""
    remaining = []
    for start, end in gaps:
        for part in row:
            x0, _, x1, _ = part.cell.box
            if x0 < end and x1 > start:
                # Of a gutter that the part covers partly, the wider side remains.
                start, end = (start, x0) if x0 - start >= end - x1 else (x1, end)
        if end - start >= _GUTTER * row[0].cell.pieces[0].size:
            remaining.append((start, end))
    return remaining


def _are_prose(columns: Sequence[Sequence[Sequence[_Part]]]) -> bool:
    if any(len(column) < _LEAST_LINES for column in columns):
        return False
    widths = [max(row[-1].cell.box.x1 for row in rows) - min(row[0].cell.box.x0 for row in rows) for rows in columns]
    return min(widths) >= _ALIKE * max(widths) and all(map(_is_prose, columns, widths))


def _is_prose(column: Sequence[Sequence[_Part]], width: float) -> bool:
    pieces = [[piece for part in row for piece in part.cell.pieces] for row in column]
    filled = sum(row[-1].cell.box.x1 - row[0].cell.box.x0 >= _REACH * width for row in column)
    whole = sum(len(row) == 1 for row in column)
    text = "".join(piece.text for row in pieces for piece in row)
    return (
        width >= _NARROWEST * pieces[0][0].size
        and median(map(len, pieces)) >= _WORDS
        and filled >= _SHARE * len(column)
        and whole >= _WHOLE * len(column)
        and sum(map(str.isalpha, text)) >= _LETTERS * len(text)
    )


def _alternates(columns: Sequence[Sequence[Sequence[_Part]]]) -> bool:
    """True if the drawing order goes back and forth between the columns, instead of one after the other."""
    drawn = sorted(
        (part.line, part.cell.box.x0, place) for place, rows in enumerate(columns) for row in rows for part in row
    )
    changes = sum(before[2] != after[2] for before, after in pairwise(drawn))
    shorter = sorted(map(len, columns))[-2]
    return changes >= shorter


def _lines_of(columns: Sequence[Sequence[Sequence[_Part]]], lines: Sequence[Line]) -> Iterator[Line]:
    for rows in columns:
        column = [_line_of(row, lines) for row in rows]
        yield from (_continued(above, below) for above, below in pairwise(column))
        yield column[-1]


def _line_of(row: Sequence[_Part], lines: Sequence[Line]) -> Line:
    last = row[-1]
    origin = lines[last.line]
    ends = origin.hyphenated and origin.pieces[-1] is last.cell.pieces[-1]
    return Line([piece for part in row for piece in part.cell.pieces], ends)


def _continued(above: Line, below: Line) -> Line:
    """Removes the hyphen at the end of a column's line, where pdfium saw no end of a line."""
    *before, last = above.pieces
    if last.text[-1] == "-" and last.text[-2:-1].isalpha() and below.pieces[0].text[0].islower():
        return Line([*before, last._replace(text=last.text[:-1])], hyphenated=True)
    return above
