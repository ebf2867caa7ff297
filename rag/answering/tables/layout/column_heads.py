"""Column heads by layout: which columns each cell of a header line stands over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rag.answering.tables.grids.grid import GridCell, GridRow
from rag.answering.tables.layout.regions import UNIT_LINE
from rag.answering.tables.layout.visual_lines import Fragment

# How far the middle of a head may be from that of its columns, as a share of their width.
_OFF_CENTER: Final = 0.1
_NEAR: Final = 0.5


def place_heads(levels: Sequence[Sequence[Fragment]], columns: Sequence[tuple[float, float]]) -> list[GridRow]:
    """The header rows of a grid, from top to bottom.

    A head stands over the columns that it touches; where the heads of a line are in the middles, or all at the left or
    the right, of equally many columns, each over all of its own.
    """
    rows: list[GridRow] = []
    wide: list[tuple[Fragment, int, int]] = []
    for level in levels:
        rows.append(_row([_under(part, level, wide) for part in level], columns))
        spans = {cell.text: (cell.first, cell.last) for cell in rows[-1].cells if cell.last > cell.first > 0}
        wide = [entry for entry in wide if not any(_meets(entry, part) for part in level)]
        wide += [(part, *spans[part.cell.text]) for part in level if part.cell.text in spans]
    return rows


def _under(part: Fragment, level: Sequence[Fragment], wide: Sequence[tuple[Fragment, int, int]]) -> Fragment:
    """A line that goes on a head over several columns, over the same columns: placed like it, and alone."""
    for above, first, last in wide:
        one, other = part.cell.box, above.cell.box
        near = _NEAR * (one.y1 - one.y0)
        placed = (
            abs(one.x0 + one.x1 - other.x0 - other.x1) < 2 * near
            or abs(one.x0 - other.x0) < near
            or abs(one.x1 - other.x1) < near
        )
        if placed and sum(mate.first <= last and mate.last >= first for mate in level) == 1:
            return part._replace(first=min(first, part.first), last=max(last, part.last))
    return part


def _meets(entry: tuple[Fragment, int, int], part: Fragment) -> bool:
    return part.first <= entry[2] and part.last >= entry[1]


def _row(level: Sequence[Fragment], columns: Sequence[tuple[float, float]]) -> GridRow:
    if len(level) == 1 and UNIT_LINE.fullmatch(level[0].cell.text):
        level = [level[0]._replace(first=0, last=0)]
    over = [part for part in level if part.last > 0 and (part.first > 0 or len(columns) == 2)]
    beside = [GridCell(part.cell.text, part.first, part.last) for part in level if part not in over]
    blocks = _blocks(over, columns) if all(cell.last == 0 for cell in beside) else None
    spans = blocks or [(part.first, part.last) for part in over]
    cells = [*beside, *(GridCell(part.cell.text, *span) for part, span in zip(over, spans, strict=True))]
    start = min(part.cell.start for part in level)
    return GridRow(tuple(cells), start, max(part.cell.end for part in level))


def _blocks(over: Sequence[Fragment], columns: Sequence[tuple[float, float]]) -> list[tuple[int, int]] | None:
    """Equal shares of the columns of values, one for each head; None where not all heads are placed in them alike."""
    values = len(columns) - 1
    if not over or len(over) == values or values % len(over):
        return None
    size = values // len(over)
    blocks = [(1 + place * size, (place + 1) * size) for place in range(len(over))]
    if any(part.first < first or part.last > last for part, (first, last) in zip(over, blocks, strict=True)):
        return None
    offsets = [
        _offsets(part, columns[first][0], columns[last][1]) for part, (first, last) in zip(over, blocks, strict=True)
    ]
    ways = [all(way) for way in zip(*offsets, strict=True)]
    # One head at the edge of all columns more likely belongs to one of them.
    return blocks if any(ways[: 1 if len(over) == 1 else 3]) else None


def _offsets(part: Fragment, left: float, right: float) -> tuple[bool, bool, bool]:
    """Whether a head is in the middle of its columns, at their left edge, at their right edge."""
    box = part.cell.box
    near = box.y1 - box.y0
    middle = abs(left + right - box.x0 - box.x1) <= 2 * max(near, _OFF_CENTER * (right - left))
    return middle, abs(left - box.x0) <= near, abs(right - box.x1) <= near
