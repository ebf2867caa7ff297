"""Table view: rows of a table as sentences of an answer, with only the columns and rows that a question names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from rag.answering.evidence.units import TableRow, Unit
from rag.answering.grounding import Quote, Support
from rag.answering.tables.cell_text import without_note
from rag.domain.values import Span
from rag.text.words import words

# Rows that must share a word with the question for the others to be left out.
_FEWEST_ROWS: Final = 2
# Characters in front of a table that tell what all of it is about.
_ABOVE: Final = 240


def rows_as_support(
    question: str, units: Sequence[Unit], *, is_whole: bool = True, has_parts: bool = False
) -> list[Support]:
    """Rows of one table under its head; a table without a head, and a single row, as list items.

    Columns are left out where the question names others by their whole head; of a question with several parts, only
    those of a kind with them ("Bittern 4", "Bittern 6"): another part may paraphrase the other columns. Of a whole
    table, rows are left out where the question names two or more others; rows that were chosen one by one are all
    shown.
    """
    rows = [unit.row for unit in units if unit.row]
    table = rows[0].table
    columns = _asked_columns(question, table.heads, table.keys)
    if has_parts and not _are_alike(table.heads, columns[table.keys :]):
        columns = list(range(len(table.heads)))
    units = _asked_rows(question, units) if is_whole else units
    if len(units) == 1 or table.header is None or not any(table.heads):
        return [_item(unit, columns) for unit in units]
    start, end = table.header
    header = Quote(units[0].evidence, Span(units[0].span.page, start, end), 1.0)
    head = Support(_joined(table.heads, columns), (header,), score=1.0, agrees=True, kind="row", verbatim=True)
    return [head, *(replace(unit.support("row"), sentence=_joined(_row(unit).cells, columns)) for unit in units)]


def _item(unit: Unit, columns: Sequence[int]) -> Support:
    """A row by itself, whose quotes are the row and the heads of its columns."""
    row, support = _row(unit), unit.support()
    if row.table.header is not None:
        header = Quote(unit.evidence, Span(unit.span.page, *row.table.header), 1.0)
        support = replace(support, quotes=(*support.quotes, header))
    if len(columns) == len(row.cells):
        return support
    narrowed = TableRow(
        tuple(row.cells[column] for column in columns),
        replace(row.table, heads=tuple(row.table.heads[column] for column in columns)),
    )
    return replace(support, sentence=narrowed.text)


def _asked_columns(question: str, heads: Sequence[str], keys: int) -> list[int]:
    """The key columns, and those whose heads the question has in full; all where it has none or all of them."""
    asked = set(words(question))
    named = [column for column in range(keys, len(heads)) if (head := set(words(heads[column]))) and head <= asked]
    return [*range(keys), *(named or range(keys, len(heads)))]


def _are_alike(heads: Sequence[str], columns: Sequence[int]) -> bool:
    """True if each of some columns has a word of its head in another head."""
    found = [set(words(head)) for head in heads]
    return all(any(found[column] & other for place, other in enumerate(found) if place != column) for column in columns)


def _asked_rows(question: str, units: Sequence[Unit]) -> Sequence[Unit]:
    """The rows that the question names in full, "SST-2", and those that share another word of it with their keys.

    Where it names none in full, those that share a word with it; all where fewer than two do. A word of what is above
    the table tells no rows apart: of the storage times of meat, "Bacon" is one, too.
    """
    asked = set(words(question)) - set(words(_above(units[0])))
    keys = [set(words(" ".join(_keys(_row(unit))))) for unit in units]
    if full := set[str]().union(*(own for own in keys if own <= asked)):
        return [unit for unit, own in zip(units, keys, strict=True) if own and (own <= asked or own & (asked - full))]
    named = [unit for unit, own in zip(units, keys, strict=True) if asked & own]
    return named if len(named) >= _FEWEST_ROWS else units


def _above(unit: Unit) -> str:
    """The heads of a row's table, its heading, and the end of the text in front of it."""
    table, text = _row(unit).table, unit.evidence.page.text
    start = table.header[0] if table.header else unit.span.start
    return " ".join([*table.heads, unit.heading, text[max(0, start - _ABOVE) : start]])


def _keys(row: TableRow) -> Sequence[str]:
    return row.cells[: row.table.keys]


def _row(unit: Unit) -> TableRow:
    assert unit.row is not None  # noqa: S101 - units of this kind have one
    return unit.row


def _joined(cells: Sequence[str], columns: Iterable[int]) -> str:
    shown = [cells[column] if column < len(cells) else "" for column in columns]
    return " | ".join(" ".join(without_note(cell).replace("|", "/").split()) for cell in shown)
