"""Grids of cells to parsed tables: header rows, merged cells, group headings, columns of currency signs.

The readers of each notation yield a grid: cells with the columns that they take, row by row. All is linear in cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from rag.answering.tables.cell_text import is_numeric, is_period, is_sign, is_value
from rag.answering.tables.grids.group_headings import GroupHeadings
from rag.answering.tables.table import MOST_COLUMNS, MOST_ROWS, ParsedRow, ParsedTable

_MOST_HEADS: Final = 8
_MOST_KEYS: Final = 3
# A row with such a label is the last one of its group.
_TOTAL: Final = "total "
_WORDS_OF_A_VALUE: Final = 4
# Share of numeric cells from which a column is one of numbers, and up to which it is one of text.
_NUMERIC, _TEXTUAL = 0.7, 0.3
_CLOSING: Final = frozenset([")", "%", ")%", "%)"])


class GridCell(NamedTuple):
    """A cell in columns ``first`` to ``last``, both included, and in ``rows`` rows."""

    text: str
    first: int
    last: int
    rows: int = 1


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row of a grid, with its place in the text.

    Attributes:
        indent: left edge of its label in any unit, for the nesting of groups; None where it is not known.
        ragged: whether it has fewer cells than the table has columns, so that their columns are not known.
    """

    cells: tuple[GridCell, ...]
    start: int
    end: int
    indent: float | None = None
    ragged: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as cells.

    Attributes:
        heads: number of header rows; None where the notation does not tell.
    """

    rows: Sequence[GridRow]
    columns: int
    heads: int | None = None
    caption: str = ""


def row_of(texts: Sequence[str], start: int, end: int, *, ragged: bool = False) -> GridRow:
    """A row of plain cells, one for each column."""
    return GridRow(tuple(GridCell(text, n, n) for n, text in enumerate(texts)), start, end, ragged=ragged)


def build_table(grid: Grid) -> ParsedTable | None:
    """The parsed table of a grid; None where it has no rows, one column, or more columns than are read."""
    rows = list(grid.rows[: MOST_ROWS + _MOST_HEADS])
    if not rows or not 2 <= grid.columns <= MOST_COLUMNS:
        return None
    title, rows = _without_title(rows, grid.columns)
    rows = _filled_down(rows)
    count = _count_heads(rows, grid.columns) if grid.heads is None else max(grid.heads - len(title), 0)
    heads, body = rows[:count], _settled(rows[count:], grid.columns)
    columns = _columns(body, heads, grid.columns)
    names = [_head(heads, merged) for merged in columns]
    _with_corner(names)
    parsed = _rows(body, columns, names)
    if not parsed or len(columns) < 2 or (not heads and _is_prose(parsed)):
        return None
    first = (title or rows)[0].start
    header_end = max((row.end for row in heads), default=first)
    caption = "\n".join(filter(None, (grid.caption, *(row.cells[0].text for row in title))))
    return ParsedTable(
        caption=caption,
        heads=tuple(names),
        rows=tuple(parsed[:MOST_ROWS]),
        start=first,
        end=max(row.end for row in parsed),
        header=(first, header_end) if heads else None,
        keys=_count_keys(parsed, len(columns)),
    )


def _is_prose(rows: Sequence[ParsedRow]) -> bool:
    """True for columns of running text, which are no table."""
    values = [cell for row in rows for cell in row.cells[1:] if cell]
    words = sum(len(cell.split()) for cell in values)
    return sum(map(is_numeric, values)) < _TEXTUAL * len(values) and words > _WORDS_OF_A_VALUE * len(values)


def _without_title(rows: list[GridRow], columns: int) -> tuple[list[GridRow], list[GridRow]]:
    """Splits off the first rows that are one cell over all columns."""
    count = 0
    while count < min(len(rows) - 1, _MOST_HEADS) and _is_banner(rows[count], columns):
        count += 1
    return rows[:count], rows[count:]


def _is_banner(row: GridRow, columns: int) -> bool:
    filled = [cell for cell in row.cells if cell.text]
    return len(filled) == 1 and filled[0].first == 0 and filled[0].last == columns - 1


def _filled_down(rows: list[GridRow]) -> list[GridRow]:
    """The rows with the text of merged cells in each row that they reach into."""
    filled: list[GridRow] = []
    open_cells: dict[int, tuple[GridCell, int]] = {}
    for row in rows:
        cells = []
        for cell in row.cells:
            merged, left = open_cells.pop(cell.first, (cell, 0))
            cells.append(cell._replace(text=cell.text or merged.text) if left > 0 else cell)
            if left > 1 and not cell.text:
                open_cells[cell.first] = (merged, left - 1)
            elif cell.rows > 1 and cell.text:
                open_cells[cell.first] = (cell, cell.rows - 1)
        filled.append(replace(row, cells=tuple(cells)))
    return filled


def _texts(row: GridRow, columns: int) -> list[str]:
    """The text of each column; that of a cell over several columns in each of them."""
    texts = [""] * columns
    for cell in row.cells:
        for column in range(cell.first, min(cell.last, columns - 1) + 1):
            texts[column] = cell.text
    return texts


def _count_heads(rows: Sequence[GridRow], columns: int) -> int:
    """Number of header rows: those above the first number."""
    merged_until = 0
    if _is_repeated(rows, columns):
        return 0
    for position, row in enumerate(rows[:_MOST_HEADS]):
        above = rows[position - 1] if position else None
        named = above is not None and _names_columns(above, row, rows[position + 1 : position + 2], columns)
        if position >= merged_until and not named and not _is_head(row, above, columns):
            return position if position < len(rows) else 0
        merged_until = max([merged_until, *(position + cell.rows for cell in row.cells if cell.text)])
    return min(1, len(rows) - 1)


def _names_columns(above: GridRow, row: GridRow, below: Sequence[GridRow], columns: int) -> bool:
    """True for a row of words under heads over several columns without a corner, and above numbers."""
    spanned = any(cell.last > cell.first and cell.text for cell in above.cells) and not _texts(above, columns)[0]
    values = [text for text in _texts(row, columns)[1:] if text]
    numbers = [is_value(text) for each in below for text in _texts(each, columns)[1:] if text]
    return spanned and len(values) > 1 and not any(map(is_value, values)) and bool(numbers) and all(numbers)


def _is_repeated(rows: Sequence[GridRow], columns: int) -> bool:
    """True if a cell of the first row stands in its column again, as no head does; but for heads that are repeated."""
    first = _texts(rows[0], columns)
    others = [texts for texts in (_texts(row, columns) for row in rows[1:]) if texts != first]
    plain = [cell.first for cell in rows[0].cells if cell.text and cell.first == cell.last and cell.rows == 1]
    return any(texts[column] == first[column] for texts in others for column in plain)


def _is_head(row: GridRow, above: GridRow | None, columns: int) -> bool:
    texts = _texts(row, columns)
    values = [text for text in texts[1:] if text]
    unlabelled = not texts[0]
    numbers = any(is_value(text) for text in values)
    if above is None:
        return bool(values) and (not numbers or (unlabelled and all(text.isdigit() for text in values)))
    if numbers and not (unlabelled and all(text.isdigit() for text in values)):
        return False
    spanned = any(cell.last > cell.first and cell.text for cell in above.cells)
    return bool(values) and (all(is_period(text) for text in values) or (unlabelled and spanned))


def _settled(rows: Sequence[GridRow], columns: int) -> list[GridRow]:
    """The rows with the cells of ragged rows in the columns whose kind they have, where only one place fits."""
    full = [_texts(row, columns) for row in rows if not row.ragged]
    kinds = [_kind([texts[column] for texts in full]) for column in range(columns)]
    settled: list[GridRow] = []
    for row in rows:
        settled.append(_shifted(row, settled[-1] if settled else None, kinds) if row.ragged else row)
    return settled


def _kind(texts: Sequence[str]) -> bool | None:
    """True for a column of numbers, False for one of text, None for one of both."""
    texts = [text for text in texts if text]
    share = sum(map(is_numeric, texts)) / len(texts) if texts else 0.5
    return True if share >= _NUMERIC else False if share <= _TEXTUAL else None


def _shifted(row: GridRow, above: GridRow | None, kinds: Sequence[bool | None]) -> GridRow:
    texts = [cell.text for cell in row.cells]
    missing = len(kinds) - len(texts)
    if missing <= 0 or sum(map(bool, texts)) <= 1:
        return replace(row, ragged=missing < 0)
    left = _fits(texts, kinds)
    right = _fits(texts, kinds[missing:])
    if left and not right:
        return replace(row, ragged=False)
    if right and not left and above and not above.ragged:
        merged = [GridCell(text, n, n) for n, text in enumerate(_texts(above, len(kinds))[:missing])]
        moved = [GridCell(text, n, n) for n, text in enumerate(texts, start=missing)]
        return replace(row, cells=(*merged, *moved), ragged=False)
    return row


def _fits(texts: Sequence[str], kinds: Sequence[bool | None]) -> bool:
    return all(kind is not None and is_numeric(text) == kind for text, kind in zip(texts, kinds, strict=False) if text)


def _columns(body: Sequence[GridRow], heads: Sequence[GridRow], columns: int) -> list[tuple[int, ...]]:
    """The columns to read: each with those beside it that only have its signs; without empty ones."""
    texts = [_texts(row, columns) for row in body if len([cell for cell in row.cells if cell.text]) > 1]
    headed = [_texts(row, columns) for row in heads]
    kept: list[tuple[int, ...]] = []
    before: tuple[int, ...] = ()
    for column in range(columns):
        filled = [row[column] for row in texts if row[column]]
        if column and filled and all(map(is_sign, filled)):
            if all(text.strip() in _CLOSING for text in filled) and kept:
                kept[-1] = (*kept[-1], column)
            else:
                before = (*before, column)
        elif filled or (column == 0) or any(_own(row[column], row, column) for row in headed):
            kept.append((*before, column))
            before = ()
    if before and kept:
        kept[-1] = (*kept[-1], *before)
    return kept


def _own(text: str, row: Sequence[str], column: int) -> bool:
    """True if a head is that of this column alone."""
    return bool(text) and text not in (row[column - 1], row[column + 1] if column + 1 < len(row) else "")


def _head(heads: Sequence[GridRow], merged: Sequence[int]) -> str:
    """The head of a column: its cells in the header rows, from top to bottom, each once."""
    parts: list[str] = []
    for row in heads:
        found = [cell.text for cell in row.cells if any(cell.first <= column <= cell.last for column in merged)]
        # A column of signs and its numbers share a head, or only one of them has it.
        for text in dict.fromkeys(filter(None, found)):
            if text not in parts[-1:]:
                parts.append(text)
    return " ".join(parts)


def _with_corner(names: list[str]) -> None:
    """Moves a period such as "Three months ended June 30," from above the labels to the heads that it belongs to."""
    corner = names[0]
    if corner and is_period(corner.strip(" :")) and all(map(is_period, filter(None, names[1:]))) and any(names[1:]):
        names[:] = [corner, *(f"{corner} {name}" if name else "" for name in names[1:])]


def _rows(body: Sequence[GridRow], columns: Sequence[tuple[int, ...]], names: Sequence[str]) -> list[ParsedRow]:
    groups = GroupHeadings()
    rows: list[ParsedRow] = []
    total = max((column for merged in columns for column in merged), default=0) + 1
    for row, cells in ((row, _merged(_texts(row, total), columns)) for row in body):
        filled = [cell for cell in cells if cell]
        if not filled:
            groups.close()
            continue
        if len(filled) > 1 and cells == tuple(names):
            continue
        if len(set(filled)) == 1 and cells[0] and (len(filled) == 1 or _is_banner(row, total)) and len(cells) > 1:
            groups.enter(filled[0], row.indent)
            continue
        rows.append(ParsedRow(cells, row.start, row.end, groups.of(row.indent), certain=not row.ragged))
        if cells[0].casefold().startswith(_TOTAL):
            groups.leave()
    return list(_with_merged_keys(rows))


def _merged(texts: Sequence[str], columns: Sequence[tuple[int, ...]]) -> tuple[str, ...]:
    return tuple(" ".join(dict.fromkeys(texts[column] for column in merged if texts[column])) for merged in columns)


def _with_merged_keys(rows: Sequence[ParsedRow]) -> Iterator[ParsedRow]:
    """Repeats a first cell in the rows below it that have none, but for rows of numbers alone, such as totals."""
    above: ParsedRow | None = None
    textual = _kind([row.cells[1] for row in rows]) is False
    for row in rows:
        inherits = textual and row.cells[1] and not is_numeric(row.cells[1]) and not row.cells[0]
        if inherits and above and above.cells[0] and above.groups == row.groups:
            row = replace(row, cells=(above.cells[0], *row.cells[1:]))
        above = row
        yield row


def _count_keys(rows: Sequence[ParsedRow], columns: int) -> int:
    """The number of leading columns that name a row.

    These are two where the second describes the first, before columns of numbers; else the least number of columns
    whose cells tell the rows apart, and 1 where none do.
    """
    kinds = [_kind([row.cells[column] for row in rows]) for column in range(columns)]
    described = columns > 3 and kinds[1] is False and not any(is_period(row.cells[1]) for row in rows)
    if described and all(kinds[2:]):
        return 2
    for keys in range(1, min(_MOST_KEYS, columns - 1) + 1):
        if kinds[keys - 1] and keys > 1:
            break
        named = [(row.groups, row.cells[:keys]) for row in rows if row.cells[0]]
        if len(set(named)) == len(named):
            return keys
    return 1
