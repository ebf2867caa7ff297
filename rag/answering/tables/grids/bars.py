"""Tables with bars between cells: those of Markdown, HTML and Word as the readers write them, and Markdown source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final, NamedTuple

from rag.answering.tables.grids.grid import Grid, GridRow, row_of

_BAR: Final = re.compile(r"(?<!\\)\|")
_RULE: Final = re.compile(r"[|:\-–—\s+=]{3,2000}")
_MOST_LINES_OF_A_ROW: Final = 12


class _BarLine(NamedTuple):
    text: str
    start: int


def bar_grids(text: str, start: int, end: int) -> Iterator[Grid]:
    """The tables with bars in ``text[start:end]``, in order."""
    run: list[_BarLine] = []
    for line in _joined(list(_lines(text, start, end))):
        if _is_row(line.text):
            run.append(line)
        else:
            yield from _grid(run)
            run = []
    yield from _grid(run)


def _lines(text: str, start: int, end: int) -> Iterator[_BarLine]:
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        yield _BarLine(text[start:stop], start)
        start = stop + 1


def _joined(lines: Sequence[_BarLine]) -> Iterator[_BarLine]:
    """Joins the lines of a row of Markdown source that begins with a bar and ends on a later line."""
    position = 0
    while position < len(lines):
        line = lines[position]
        count = 1
        if line.text.startswith("|") and not line.text.rstrip().endswith("|"):
            count = _lines_to_a_bar(lines, position)
        yield _BarLine("\n".join(part.text for part in lines[position : position + count]), line.start)
        position += count


def _lines_to_a_bar(lines: Sequence[_BarLine], position: int) -> int:
    for count, line in enumerate(lines[position + 1 : position + _MOST_LINES_OF_A_ROW], start=2):
        if not line.text.strip() or line.text.startswith("|"):
            break
        if line.text.rstrip().endswith("|"):
            return count
    return 1


def _is_row(line: str) -> bool:
    return " | " in line or line.startswith(("|", " | ")) or line.rstrip().endswith(" |")


def _grid(run: Sequence[_BarLine]) -> Iterator[Grid]:
    rules = [number for number, line in enumerate(run) if _RULE.fullmatch(line.text.strip()) and "-" in line.text]
    rows = [(line, _cells(line.text)) for number, line in enumerate(run) if number not in rules]
    columns = max((len(cells) for _, cells in rows), default=0)
    if len(rows) < 2 or columns < 2:
        return
    grid = [_row(line, cells, columns) for line, cells in rows]
    if not rules and not any(row.ragged for row in grid[:2]):
        grid[:2] = _merged_heads(*grid[:2])
    yield Grid(grid, columns, rules[0] if rules else None)


def _merged_heads(first: GridRow, second: GridRow) -> tuple[GridRow, GridRow]:
    """The first two rows, with heads over several columns as one cell; their readers repeat merged cells."""
    runs = [list(run) for _, run in groupby(first.cells, key=lambda cell: cell.text)]
    if len(runs) == 1 or not any(len(run) > 1 and run[0].text for run in runs):
        return first, second
    below = [cell.text for cell in second.cells]
    cells, left = [], list(second.cells)
    for run in runs:
        start, end = run[0].first, run[-1].last
        is_tall = bool(run[0].text) and below[start : end + 1] == [run[0].text] * len(run)
        spanned = run if is_tall or not run[0].text else [run[0]._replace(last=end)]
        cells += [cell._replace(rows=2) if is_tall else cell for cell in spanned]
        if is_tall:
            left[start : end + 1] = [cell._replace(text="") for cell in left[start : end + 1]]
    return replace(first, cells=tuple(cells)), replace(second, cells=tuple(left))


def _cells(line: str) -> list[str]:
    line = line.rstrip()
    # A row that the readers wrote may begin with an empty cell: " | b".
    inner = line[1:] if line.startswith("|") else line
    inner = inner[:-1] if line.startswith("|") and inner.endswith("|") else inner
    return [" ".join(cell.replace("\\|", "|").split()) for cell in _BAR.split(inner)]


def _row(line: _BarLine, cells: Sequence[str], columns: int) -> GridRow:
    stripped = line.text.strip()
    start = line.start + line.text.index(stripped)
    return row_of(cells, start, start + len(stripped), ragged=len(cells) != columns)
