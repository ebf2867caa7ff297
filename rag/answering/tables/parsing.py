"""Table parsing: the tables of a page's text, in LaTeX, with bars between cells, or by the boxes of words.

The tables that were found on ingest are not kept, and were found for cutting passages: they have no cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from rag.answering.tables.grids.bars import bar_grids
from rag.answering.tables.grids.grid import build_table
from rag.answering.tables.grids.latex import latex_tables
from rag.answering.tables.layout.grids import layout_grids
from rag.answering.tables.layout.regions import TITLE, find_regions
from rag.answering.tables.layout.visual_lines import visual_lines
from rag.answering.tables.table import ParsedTable
from rag.domain.values import Word

_MOST_TABLES: Final = 100
_LONGEST_TITLE: Final = 400
_MOST_PARAGRAPHS: Final = 3
# Last lines of a paragraph that count as the introduction of a table.
_INTRODUCING: Final = 2


def parse_tables(text: str, words: Sequence[Word] = ()) -> list[ParsedTable]:
    """The tables of a page, in the order of its text; a table of contents is none.

    Args:
        text: of the page.
        words: of the page, with their boxes. Without them only tables that are marked in the text are found: in LaTeX,
            or with bars between cells.
    """
    marked = list(_marked(text))
    tables = [*marked, *_laid_out(text, words, [(table.start, table.end) for table in marked])]
    tables = [table for table in tables if not table.is_contents]
    tables.sort(key=lambda table: table.start)
    found: list[ParsedTable] = []
    for table in tables[:_MOST_TABLES]:
        floor = found[-1].end if found else 0
        found.append(replace(table, caption=_caption(text, table, floor)))
    return found


def _marked(text: str) -> Iterator[ParsedTable]:
    """The tables in LaTeX, and those with bars in the text between them."""
    position = 0
    for table in latex_tables(text):
        yield from _with_bars(text, position, table.start)
        if parsed := build_table(table.grid):
            yield replace(parsed, start=table.start, end=table.end)
        position = table.end
    yield from _with_bars(text, position, len(text))


def _with_bars(text: str, start: int, end: int) -> Iterator[ParsedTable]:
    for grid in bar_grids(text, start, end):
        if parsed := build_table(grid):
            yield parsed


def _laid_out(text: str, words: Sequence[Word], taken: Sequence[tuple[int, int]]) -> Iterator[ParsedTable]:
    lines = visual_lines(text, words)
    taken = [*taken, (len(text), len(text))]
    place = 0
    free = []
    for line in lines:
        while place + 1 < len(taken) and taken[place][1] <= line.start:
            place += 1
        if not taken[place][0] <= line.start < taken[place][1]:
            free.append(line)
    for region in find_regions(free):
        for grid in layout_grids(free, region):
            if parsed := build_table(grid):
                yield parsed


def _caption(text: str, table: ParsedTable, floor: int) -> str:
    """The title of a table: the lines above it, or a numbered title below it."""
    below = TITLE.match(text, table.end)
    parts = [part.strip() for part in _before(text, floor, table.start).split("\n\n")]
    parts = [part for part in parts if part][-_MOST_PARAGRAPHS:]
    above: list[str] = []
    for part in reversed(parts):
        line = part.split("\n")[-1]
        if TITLE.match(part) or part.endswith(":") or len(part) <= _LONGEST_TITLE / 3:
            above.insert(0, part[-_LONGEST_TITLE:].partition(" ")[2] if len(part) > _LONGEST_TITLE else part)
        else:
            above.insert(0, line if TITLE.match(line) else "\n".join(part.split("\n")[-_INTRODUCING:]))
            break
        if TITLE.match(part):
            break
    titles = [table.caption, below[0].strip()] if below and not any(map(TITLE.match, above)) else [table.caption]
    return "\n".join(filter(None, [*above, *titles]))


def _before(text: str, floor: int, end: int) -> str:
    """The text before a table, from the beginning of a word."""
    start = max(floor, end - 3 * _LONGEST_TITLE)
    cut = text[start:end]
    return cut.partition(" ")[2] if start > floor else cut
