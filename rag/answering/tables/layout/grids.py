"""Tables by layout: the columns and rows of a table region, from the boxes of its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Final

from rag.answering.tables.cell_text import is_empty_mark, is_numeric, is_period, is_value
from rag.answering.tables.grids.grid import Grid, GridCell, GridRow
from rag.answering.tables.layout.column_heads import place_heads
from rag.answering.tables.layout.regions import Region
from rag.answering.tables.layout.visual_lines import Fragment, Level, LineCell, LinePiece, VisualLine, cell_of, cells_of
from rag.answering.tables.table import MOST_COLUMNS

# In heights of a line: gaps between words up to which a stretch goes on, the narrowest gap between columns, and
# how far apart the middles of words of one level may be.
_WORD_GAP: Final = 0.6
_TOUCHING: Final = 0.1
_NARROWEST: Final = 0.35
_LEVEL: Final = 0.45
_TIGHT: Final = 0.6
# Lines of a cell are at most this far apart, and rows at least so much farther.
_LEADING: Final = 0.5
_PADDING: Final = 0.2
_WORDS_IN_A_HEAD: Final = 8
_NUMERIC: Final = 0.4
# Share of the lines that may reach over a gap between columns.
_BRIDGES: Final = 0.08
_OPEN_END: Final = re.compile(
    r"(?:[,(\-–/&]|\b(?:of|and|or|the|in|for|to|net|from|on|with|by|at|a|an|per))$", re.IGNORECASE
)


def layout_grids(lines: Sequence[VisualLine], region: Region) -> Iterator[Grid]:
    """The tables of a region, several where heads occur again in it; none where no columns are found."""
    for own in _parts(lines[region.start : region.end]):
        height = median(line.height for line in own)
        first = next((place for place, line in enumerate(own) if _has_value(line)), 0)
        columns = _columns(own[first:], height)
        if not 2 <= len(columns) <= MOST_COLUMNS:
            continue
        if grid := _grid(own, columns, height):
            yield grid


def _has_value(line: VisualLine) -> bool:
    return any(is_value(cell.text) for cell in line.cells[1:])


def _columns(lines: Sequence[VisualLine], height: float) -> list[tuple[float, float]]:
    """Left and right edges of the columns: what lies between gaps that (nearly) no line reaches over."""
    rows = [cells_of(line.pieces, _TOUCHING * height) for line in lines if line.tabular]
    edges: list[tuple[float, int]] = []
    for row in rows:
        edges += [edge for cell in row for edge in ((cell.box.x0, 1), (cell.box.x1, -1))]
    allowed = int(_BRIDGES * len(rows))
    columns: list[tuple[float, float]] = []
    cover, start, gap_start = 0, None, None
    for x, change in sorted(edges):
        before, cover = cover, cover + change
        if cover > allowed and start is None:
            narrow = gap_start is not None and x - gap_start < _NARROWEST * height
            start = columns.pop()[0] if narrow else x
        elif cover <= allowed < before and start is not None:
            columns.append((start, x))
            start, gap_start = None, x
    return _supported(columns, rows, height)


def _supported(
    columns: list[tuple[float, float]], rows: Sequence[Sequence[LineCell]], height: float
) -> list[tuple[float, float]]:
    """Joins columns that are never farther apart in a row than words are."""
    joined = columns[:1]
    for column in columns[1:]:
        left = joined[-1]
        gaps = []
        for row in rows:
            ends = [cell.box.x1 for cell in row if left[0] <= _center(cell) <= left[1]]
            starts = [cell.box.x0 for cell in row if column[0] <= _center(cell) <= column[1]]
            if ends and starts:
                gaps.append(min(starts) - max(ends))
        if gaps and median(gaps) < _WORD_GAP * height:
            joined[-1] = (left[0], column[1])
        else:
            joined.append(column)
    return joined


def _center(cell: LineCell) -> float:
    return (cell.box.x0 + cell.box.x1) / 2


def _fragments(line: VisualLine, columns: Sequence[tuple[float, float]], height: float) -> Iterator[Fragment]:
    """The stretches of a line with their columns; one over a gap is split there if it is wide."""
    bounds = [(left[1] + right[0]) / 2 for left, right in pairwise(columns)]
    for stretch in _stretches(line.pieces, bounds, height):
        cell = cell_of(stretch)
        touched = [n for n, (left, right) in enumerate(columns) if cell.box.x0 < right and cell.box.x1 > left]
        if not touched:
            near = min(range(len(columns)), key=lambda n: _distance(cell, columns[n]))
            touched = [near]
        yield Fragment(cell, touched[0], touched[-1])


def _distance(cell: LineCell, column: tuple[float, float]) -> float:
    return max(column[0] - cell.box.x1, cell.box.x0 - column[1], 0.0)


def _stretches(pieces: Sequence[LinePiece], bounds: Sequence[float], height: float) -> list[list[LinePiece]]:
    runs = [[pieces[0]]]
    for left, right in pairwise(pieces):
        gap = right.box.x0 - left.box.x1
        divided = any(left.box.x1 - 1.0 <= bound <= right.box.x0 + 1.0 for bound in bounds)
        if gap > _WORD_GAP * height or (divided and (gap > _NARROWEST * height or is_numeric(right.text))):
            runs.append([right])
        else:
            runs[-1].append(right)
    return runs


def _levels_of(lines: Sequence[VisualLine], columns: Sequence[tuple[float, float]], height: float) -> list[Level]:
    """The levels of lines; a row of cells with several lines is one."""
    levels: list[Level] = []
    single: list[Fragment] = []
    for line in lines:
        parts = list(_fragments(line, columns, height))
        if line.wrapped:
            levels += [*_levels(single, height), parts]
            single = []
        else:
            single += parts
    return [*levels, *_levels(single, height)]


def _levels(fragments: Sequence[Fragment], height: float) -> list[Level]:
    """Fragments by height on the page, from top to bottom, each level from left to right."""
    levels: list[Level] = []
    for fragment in sorted(fragments, key=lambda part: (part.middle, part.cell.box.x0)):
        if levels and fragment.middle - levels[-1][0].middle <= _LEVEL * height:
            levels[-1].append(fragment)
        else:
            levels.append([fragment])
    return [sorted(level, key=lambda part: part.cell.box.x0) for level in levels]


def _parts(lines: Sequence[VisualLine]) -> Iterator[Sequence[VisualLine]]:
    """Splits lines where heads occur after rows of numbers: periods, or several cells without label and number."""
    start = 0
    above: VisualLine | None = None
    for position, line in enumerate(lines):
        if above and _are_new_heads(line, above):
            yield lines[start:position]
            start, above = position, None
        elif _has_value(line):
            above = line
    yield lines[start:]


def _are_new_heads(line: VisualLine, above: VisualLine) -> bool:
    """True for a line of heads after a row of numbers."""
    unlabelled = line.box.x0 >= above.cells[0].box.x1
    values = [cell.text for cell in (line.cells if unlabelled else line.cells[1:])]
    if len(values) < 2 or any(map(is_numeric, values)):
        return False
    return all(map(is_period, values)) or (unlabelled and 2 * len(values) >= len(above.cells))


def _grid(lines: Sequence[VisualLine], columns: Sequence[tuple[float, float]], height: float) -> Grid | None:
    levels = _levels_of(lines, columns, height)
    numeric = _is_numeric(levels)
    count = _count_heads(levels, len(columns)) if numeric else 0
    heads, rest = levels[:count], levels[count:]
    # Rows of cells with several lines are known to be rows.
    known = any(line.wrapped for line in lines)
    bands = ([] if known else _bands(rest, height)) or _joined_labels(rest, height, numeric=numeric)
    if not numeric:
        if len(bands) < 3 or not _are_heads(bands[0], len(columns)):
            return None
        heads, bands, count = [bands[0]], bands[1:], 1
    if not heads and len(bands) < 2:
        return None
    rows = [*place_heads([_by_column(level) for level in heads], columns), *map(_row, bands)]
    return Grid(rows, len(columns), count) if bands else None


def _is_numeric(levels: Sequence[Level]) -> bool:
    """True if cells from the first number on are mostly numbers."""
    texts = [[part.cell.text for part in level if part.first > 0] for level in levels]
    first = next((place for place, row in enumerate(texts) if any(map(is_value, row))), len(texts))
    values = [text for row in texts[first:] for text in row]
    return sum(is_value(text) or is_period(text) for text in values) > _NUMERIC * len(values)


def _count_heads(levels: Sequence[Level], columns: int) -> int:
    """Number of header levels: those above the first number; after a full one, only periods and what has no label."""
    heads = 0
    own_heads: set[int] = set()
    for position, level in enumerate(levels):
        values = [part for part in level if part.last > 0]
        own = [part for part in values if part.first > 0]
        texts = [part.cell.text for part in own]
        labelled = level[0].first == 0
        numbers = any(map(is_value, texts)) or any(map(is_empty_mark, texts))
        if numbers and not (position == 0 and not labelled and all(text.isdigit() for text in texts)):
            break
        if own and labelled and len(own_heads) == columns - 1 and not all(map(is_period, texts)):
            break
        if values and (own or not labelled):
            heads = position + 1
            own_heads |= {part.first for part in own if part.first == part.last}
    return heads


def _are_heads(band: Level, columns: int) -> bool:
    """True if a row of text may be that of the heads: one for each column, short, and not from running text."""
    texts: dict[int, str] = {}
    for part in band:
        texts[part.first] = f"{texts[part.first]} {part.cell.text}" if part.first in texts else part.cell.text
    return len([text for first, text in texts.items() if first]) == columns - 1 and all(
        len(text.split()) <= _WORDS_IN_A_HEAD and not text[0].islower() and text[-1] not in ".,;-"
        for text in texts.values()
    )


def _bands(levels: Sequence[Level], height: float) -> list[Level]:
    """Rows of cells with several lines, where lines of a cell are closer than rows; empty where that is not clear."""
    gaps = sorted(_gaps(levels, height))
    jumps = [(high - low, low, high) for low, high in pairwise(gaps) if low <= _LEADING]
    if not jumps:
        return []
    jump, low, _ = max(jumps)
    if jump < _PADDING:
        return []
    bands = list(_merged_levels(levels, low * height))
    return [] if any(map(_is_crowded, bands)) else bands


def _gaps(levels: Sequence[Level], height: float) -> Iterator[float]:
    """The gaps between the lines of each column, in heights."""
    below: dict[int, float] = {}
    for level in levels:
        columns = {part.first: part.cell.box for part in level}
        yield from ((box.y0 - below[column]) / height for column, box in columns.items() if column in below)
        below.update({column: box.y1 for column, box in columns.items()})


def _merged_levels(levels: Sequence[Level], most: float) -> Iterator[Level]:
    """Levels joined while a cell goes on from one to the next, or cells overlap."""
    band: Level = []
    bottoms: dict[int, float] = {}
    for level in levels:
        goes_on = any(part.first in bottoms and part.cell.box.y0 - bottoms[part.first] <= most + 0.5 for part in level)
        overlaps = bool(band) and min(part.cell.box.y0 for part in level) < max(bottoms.values()) - 1.0
        if band and not goes_on and not overlaps:
            yield band
            band, bottoms = [], {}
        band = [*band, *level]
        bottoms.update({part.first: part.cell.box.y1 for part in level})
    if band:
        yield band


def _is_crowded(band: Level) -> bool:
    """True if two lines of a column are numbers: these are two rows."""
    numbers = [part.first for part in band if part.first > 0 and is_value(part.cell.text)]
    return len(numbers) > len(set(numbers))


def _joined_labels(levels: Sequence[Level], height: float, *, numeric: bool) -> list[Level]:
    """Levels with the lines of long labels, and of cells without a label before them, joined to their rows."""
    rows: list[Level] = []
    for level in levels:
        if rows and _continues(rows[-1], level, height, numeric=numeric):
            rows[-1] = [*rows[-1], *level]
        else:
            rows.append(list(level))
    return rows


def _continues(above: Level, level: Level, height: float, *, numeric: bool) -> bool:
    gap = min(part.cell.box.y0 for part in level) - max(part.cell.box.y1 for part in above)
    if gap > _TIGHT * height:
        return False
    label, labels_above = level[0], [part for part in above if part.first == 0]
    values = [part for part in level if part.first > 0]
    above_values = [part for part in above if part.first > 0]
    if label.first > 0:
        between = not above_values and gap < -0.1 * height
        text = not numeric and len(level) < len({part.first for part in above})
        return between or (text and not any(is_value(part.cell.text) for part in level))
    if not labels_above:
        return bool(above_values) and not values and gap < -0.1 * height
    last = labels_above[-1].cell.text
    open_end = bool(_OPEN_END.search(last)) or last.count("(") > last.count(")")
    begins = label.cell.text[:1].islower() or open_end
    return begins and not (values and above_values)


def _by_column(level: Level) -> Level:
    return sorted(level, key=lambda part: part.cell.box.x0)


def _row(level: Level) -> GridRow:
    """A row of the grid: the fragments of each column joined from top to bottom."""
    cells: dict[int, GridCell] = {}
    uncertain = False
    for part in level:
        first = part.first
        uncertain = uncertain or (part.last > first > 0)
        text = part.cell.text
        if first in cells:
            text = _joined(cells[first].text, text)
        last = part.last if len(level) == 1 and part.last > first else first
        cells[first] = GridCell(text, first, last)
    labels = [part.cell.box.x0 for part in level if part.first == 0]
    row = GridRow(
        tuple(cells[column]._replace(last=column) for column in sorted(cells)),
        min(part.cell.start for part in level),
        max(part.cell.end for part in level),
        indent=min(labels) if labels else None,
    )
    return replace(row, ragged=True) if uncertain else row


def _joined(above: str, below: str) -> str:
    """Two lines of a cell as one text; a word broken at a hyphen keeps it."""
    return f"{above}{below}" if above.endswith("-") and below[:1].islower() else f"{above} {below}"
