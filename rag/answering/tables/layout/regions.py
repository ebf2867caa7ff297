"""Table regions: the runs of visual lines of a page that stand in columns.

Lines of several cells belong together where their cells are aligned; the lines between them must fit into one column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, NamedTuple

from rag.answering.tables.cell_text import is_period, is_value
from rag.answering.tables.layout.visual_lines import LineCell, VisualLine
from rag.answering.tables.table import MOST_COLUMNS
from rag.domain.values import Box

# In heights of a line: tolerance of aligned edges, the largest steps between rows and between heads.
# The numbered title of a table.
TITLE: Final = re.compile(r"\s*(?:table|tab\.|exhibit|tabelle|tableau)\s?[A-Z]?\d{1,3}\b[^\n]{0,300}", re.IGNORECASE)
# A line such as "(in millions)".
UNIT_LINE: Final = re.compile(r"\([^()\n]{0,120}\)|[Ii]n (?:millions|thousands|billions)[^\n]{0,40}")
_EDGE: Final = 0.5
_ROW_STEP: Final = 4.0
_HEAD_STEP: Final = 3.2
_LABELLED_STEP: Final = 2.2
# A line of larger letters is a title.
_LARGE: Final = 1.25
_BACK_STEP: Final = 2.5
_TIGHT: Final = 0.6
# How far the head of a narrow column may reach beyond it.
_HEAD_REACH: Final = 6.0
_RECENT: Final = 4
_MOST_BETWEEN: Final = 8
_MOST_CROSSING: Final = 2
_MOST_HEADS: Final = 60
_WORDS_IN_A_HEAD: Final = 14
_WORDS_OF_A_LABEL: Final = 3
_WORDS_IN_A_CELL: Final = 8.0
_NUMERIC: Final = 0.4
# Words of a line from which it is running text, where the line below it begins at the same left edge.
_WORDS_OF_TEXT: Final = 8


class Region(NamedTuple):
    """Lines ``start`` to ``end`` (exclusive) of a page."""

    start: int
    end: int


def find_regions(lines: Sequence[VisualLine]) -> list[Region]:
    """The tables of a page, in the order of its lines; they do not overlap."""
    regions: list[Region] = []
    position = floor = 0
    while position < len(lines):
        seeds = _chain(lines, position) if lines[position].tabular else []
        if len(seeds) > 1 and _is_table([lines[seed] for seed in seeds]):
            start = _with_heads(lines, seeds, floor)
            floor = _with_rest(lines, seeds)
            regions.append(Region(start, floor))
            position = floor
        else:
            position = max([position, *seeds[-1:]]) + 1
    return regions


def _chain(lines: Sequence[VisualLine], start: int) -> list[int]:
    """The positions of lines with several cells that are aligned with the line at ``start`` and one another."""
    seeds = [start]
    between: list[VisualLine] = []
    numbers = _NumberColumns()
    numbers.take(lines[start])
    for position in range(start + 1, len(lines)):
        line, above = lines[position], lines[position - 1]
        step = line.box.y0 - (max(above.box.y0, above.box.y1 - line.height) if above.wrapped else above.box.y0)
        if not -_BACK_STEP * line.height < step <= _ROW_STEP * line.height:
            break
        recent = [lines[seed] for seed in seeds[-_RECENT:]]
        if line.tabular and any(_agree(line, other) for other in recent) and _passable(between, line):
            if not numbers.take(line):
                return _until_numbers(lines, seeds)
            seeds.append(position)
            between = []
        elif (
            len(between) == _MOST_BETWEEN
            or TITLE.match(line.text)
            or not (_fits_any(line, recent) or _may_cross(line, recent[-1]))
        ):
            break
        else:
            between.append(line)
    return seeds


def _agree(line: VisualLine, other: VisualLine) -> bool:
    """True if half of the cells are aligned; a common left edge of the first cells alone is no evidence."""
    near = _EDGE * line.height
    matches = sum(
        any(_aligned(cell.box, mate.box, near) for mate in other.cells[not place :])
        for place, cell in enumerate(line.cells)
    )
    return matches >= max(1.0, (min(len(line.cells), len(other.cells)) - 1) / 2)


def _until_numbers(lines: Sequence[VisualLine], seeds: list[int]) -> list[int]:
    """The seeds up to the last one with numbers: those after it are the heads of the next table."""
    while len(seeds) > 1 and not any(is_value(cell.text) for cell in lines[seeds[-1]].cells[1:]):
        seeds.pop()
    return seeds


class _NumberColumns:
    """Where the numbers of a chain of rows stand."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []

    def take(self, line: VisualLine) -> bool:
        """Adds the numbers of a row; False if two of them are in one column, or one in two: it has other columns."""
        taken: list[int] = []
        for cell in line.cells[1:MOST_COLUMNS]:
            if is_value(cell.text):
                over = [n for n, (left, right) in enumerate(self._spans) if cell.box.x0 < right and cell.box.x1 > left]
                if len(over) > 1 or (over and over[0] in taken):
                    return False
                if over:
                    left, right = self._spans[over[0]]
                    self._spans[over[0]] = (min(left, cell.box.x0), max(right, cell.box.x1))
                else:
                    self._spans.append((cell.box.x0, cell.box.x1))
                taken.append(over[0] if over else len(self._spans) - 1)
        return True


def _aligned(one: Box, other: Box, near: float) -> bool:
    return (
        abs(one.x0 - other.x0) < near
        or abs(one.x1 - other.x1) < near
        or abs(one.x0 + one.x1 - other.x0 - other.x1) < 2 * near
    )


def _fits_any(line: VisualLine, seeds: Sequence[VisualLine]) -> bool:
    return any(fits(line, seed) for seed in seeds)


def fits(line: VisualLine, seed: VisualLine) -> bool:
    """True if each cell of a line has a column of the other line to itself."""
    near = _EDGE * line.height
    return all(_zone(cell, seed.cells, near) is not None for cell in line.cells)


def _zone(cell: LineCell, columns: Sequence[LineCell], near: float) -> int | None:
    for place in range(len(columns)):
        left = columns[place - 1].box.x1 if place else -near
        right = columns[place + 1].box.x0 if place + 1 < len(columns) else columns[-1].box.x1 + 2 * near
        if cell.box.x0 >= left - near and cell.box.x1 <= right + near:
            return place
    return None


def _may_cross(line: VisualLine, seed: VisualLine) -> bool:
    """True for a long label in one cell that begins where labels do."""
    inside = seed.box.x0 - 3 * line.height <= line.box.x0 <= seed.cells[0].box.x1 and line.box.x1 <= seed.box.x1
    return inside and len(line.cells) == 1


def _passable(between: Sequence[VisualLine], line: VisualLine) -> bool:
    """True if the lines between two rows may be labels: few cross the columns, and those stand close to the next."""
    crossing = [at for at, other in enumerate(between) if not fits(other, line)]
    following = [*between, line]
    return len(crossing) <= _MOST_CROSSING and all(
        following[at + 1].box.y0 - following[at].box.y1 <= _TIGHT * line.height for at in crossing
    )


def _is_table(rows: Sequence[VisualLine]) -> bool:
    cells = [cell.text for row in rows for cell in row.cells[1:]]
    numeric = sum(is_value(text) or is_period(text) for text in cells)
    data = any(is_value(text) for text in cells)
    if data and numeric >= _NUMERIC * len(cells):
        return True
    words = sum(len(text.split()) for text in cells) / len(cells)
    several = sum(len(row.cells) > 2 for row in rows) > len(rows) / 2
    short = words <= _WORDS_IN_A_CELL or any(row.wrapped for row in rows)
    return len(rows) > 2 and short and (several or data)


def _with_heads(lines: Sequence[VisualLine], seeds: Sequence[int], floor: int) -> int:
    """Position of the first line of the column heads above the first row."""
    rows = [lines[seed] for seed in seeds]
    heads = _HeadZone.of(rows)
    first = start = seeds[0]
    top, headed = lines[first].box.y0, False
    while start > max(floor, first - _MOST_HEADS):
        line = lines[start - 1]
        labelled = line.box.x0 < heads.left - _HEAD_REACH * line.height
        step = (_LABELLED_STEP if labelled else _HEAD_STEP) * line.height
        # Heads of several lines may be drawn one column after the other.
        if top - line.box.y0 > step or line.box.y0 >= lines[first].box.y1 or not heads.may_hold(line):
            break
        if start > 1 and _ends_text(line, lines[start - 2]):
            break
        is_head = heads.is_head(line)
        near = top - (_EDGE * line.height if len(line.pieces) <= _WORDS_OF_A_LABEL else 0.0)
        label = line.middle > near and not _reaches(line, heads.left)
        unit = UNIT_LINE.fullmatch(line.text)
        if not (is_head or unit) and not (label if headed else fits(line, lines[first])):
            break
        start -= 1
        top, headed = min(top, line.box.y0), headed or is_head
    # Labels alone at the top are titles.
    while start < first and not heads.is_head(lines[start]):
        start += 1
    return start


def _ends_text(line: VisualLine, above: VisualLine) -> bool:
    """True for the last line of a paragraph: it begins where the longer line of many words directly above does."""
    return (
        len(line.cells) == len(above.cells) == 1
        and len(above.text.split()) >= _WORDS_OF_TEXT
        and abs(line.box.x0 - above.box.x0) < _EDGE * line.height
        and line.box.x1 < above.box.x1
        and -line.height < line.box.y0 - above.box.y1 <= _TIGHT * line.height
    )


@dataclass(frozen=True)
class _HeadZone:
    """Where the heads of a table may stand: over the columns of values.

    Attributes:
        labels: left edge of the labels.
        left, right: edges of the columns of values.
        largest: height of a line from which it is a title.
        columns: left and right edges of the values of the fullest row.
    """

    labels: float
    left: float
    right: float
    largest: float
    columns: Sequence[tuple[float, float]]

    @classmethod
    def of(cls, rows: Sequence[VisualLine]) -> _HeadZone:
        fullest = max(rows, key=lambda row: len(row.cells))
        return cls(
            min(row.box.x0 for row in rows),
            min(row.cells[1].box.x0 for row in rows),
            max(row.box.x1 for row in rows),
            _LARGE * median(row.height for row in rows),
            [(cell.box.x0, cell.box.x1) for cell in fullest.cells[1:MOST_COLUMNS]],
        )

    def may_hold(self, line: VisualLine) -> bool:
        return line.height <= self.largest and not TITLE.match(line.text)

    def is_head(self, line: VisualLine) -> bool:
        """True for heads over the columns of values, perhaps with the head of the labels before them."""
        reach = _HEAD_REACH * line.height
        beside = line.cells[0].box.x0 >= max(self.left - reach, self.labels + _EDGE * line.height)
        over = line.cells if beside else line.cells[1:]
        return (
            line.box.x1 <= self.right + reach
            and bool(over)
            and all(cell.box.x0 >= self.left - reach for cell in over)
            and not any(is_value(cell.text) for cell in line.cells)
            and all(len(cell.text.split()) <= _WORDS_IN_A_HEAD for cell in line.cells)
            and (len(over) > 1 or self._is_placed(over[0].box, line.height))
        )

    def _is_placed(self, box: Box, height: float) -> bool:
        """True if a single head is over one column, or in the middle or at an edge of several."""
        near = _EDGE * height
        touched = [n for n, (x0, x1) in enumerate(self.columns) if box.x0 < x1 and box.x1 > x0]
        if len(touched) <= 1 and len(self.columns) > 1 and box.x1 - box.x0 <= 2 * _HEAD_REACH * height:
            return True
        if box.x0 < self.left - 2 * height or box.x1 > self.right + 2 * height:
            return len(self.columns) == 1
        edges = {side for column in self.columns for side in column}
        if any(abs(box.x0 - edge) < near or abs(box.x1 - edge) < near for edge in edges):
            return True
        return any(
            abs(self.columns[first][0] + self.columns[last][1] - box.x0 - box.x1) < 2 * height
            for first in range(len(self.columns))
            for last in range(first, len(self.columns))
        )


def _reaches(line: VisualLine, values: float) -> bool:
    return line.box.x1 > values - _EDGE * line.height


def _with_rest(lines: Sequence[VisualLine], seeds: Sequence[int]) -> int:
    """The position after the lines that continue cells of the last row."""
    last = lines[seeds[-1]]
    end = seeds[-1] + 1
    while end < min(len(lines), seeds[-1] + _MOST_BETWEEN):
        line, above = lines[end], lines[end - 1]
        close = line.box.y0 - above.box.y1 <= _TIGHT * line.height and line.box.y0 < last.box.y1 + 5 * line.height
        label = line.box.x1 <= last.cells[1].box.x0
        continues = not label or line.pieces[0].text[:1].islower() or line.middle < last.box.y1
        if not (close and line.box.y0 > last.box.y0 and fits(line, last) and continues):
            break
        end += 1
    return end
