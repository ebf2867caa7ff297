"""Wording of findings: whole sentences and table rows by template, in the table's own words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from rag.answering.tables.candidates import CellCandidate, CellCandidates
from rag.answering.tables.cell_text import value_of, without_note
from rag.answering.tables.finding import Basis, CellFinding, FindingKind
from rag.answering.tables.table import ParsedTable

# Share of right ones among the findings that rest on each ground, (right + 1) / (found + 2): of 2,000 findings for
# questions that were made from the tables of 57 documents (benchmarks.table_lookup), and of 150 for written questions
# (benchmarks.written_tables). The least of its grounds counts.
_SCORES: Final[Mapping[Basis | FindingKind, float]] = {
    "label named": 0.99,
    "column named": 0.99,
    "superlative": 0.957,
    "row": 0.96,
    "column": 0.96,
    "rows": 0.96,
    "only column": 0.955,
    "only row": 0.93,
    "not_computed": 0.91,
    "label named in part": 0.9,
    "explained by context": 0.75,
    "words left over": 0.64,
}
_UNIT: Final = re.compile(
    r"\(?(?P<unit>(?:\$|€|£)?\s?\bin\s(?:thousands?|millions?|billions?|hundreds?)\b[^().;:]{0,80}"
    r"|\bin\s(?:euros|dollars|pounds|per cent|percent)\b[^()\n.;:]{0,60}"
    r"|(?<=\()(?:millions|thousands|billions)\b[^()\n.;:]{0,80})\)?",
    re.IGNORECASE,
)
_BRACKETS: Final = re.compile(r"\(([^()]{1,60})\)\s*$")
# Of a sentence in the place of a label.
_FEWEST_WORDS: Final = 5
_NO_UNIT: Final = re.compile(r"loss|gain|net|unaudited|note|benefit|expense|\d", re.IGNORECASE)


def finding_of(
    candidates: CellCandidates, cells: Sequence[CellCandidate], kind: FindingKind, basis: tuple[Basis, ...]
) -> CellFinding:
    """A finding from cells, in the order of the table where there are several."""
    return finding_of_cells(candidates, cells, kind, basis=basis)


def finding_of_cells(
    candidates: CellCandidates,
    cells: Sequence[CellCandidate],
    kind: FindingKind,
    *,
    basis: tuple[Basis, ...] = (),
    named: int | None = None,
    over_row: bool = False,
) -> CellFinding:
    """A finding from cells.

    Args:
        candidates: of the table.
        cells: one, or several.
        kind: of the finding.
        basis: what it rests on.
        named: the key column that holds the answer to a superlative; None for all keys.
        over_row: whether a superlative is the head of a column.
    """
    table = candidates.table
    rows = sorted({cell.row for cell in cells})
    columns = sorted({cell.column for cell in cells})
    keys = list(range(table.keys))
    shown = keys + [column for column in columns if column >= table.keys]
    single = cells[0] if len(cells) == 1 else None
    value = _value(table, single, kind, named, over_row=over_row) if single and kind != "not_computed" else ""
    return CellFinding(
        kind=kind,
        value=value,
        row_key=_named_key(table, rows[0]) if len(rows) == 1 else "",
        column_head=table.heads[columns[0]] if len(columns) == 1 else "",
        unit=unit_of(table, rows[0], columns[0]) if len(columns) == 1 else "",
        group=", ".join(group.strip(" :") for group in table.rows[rows[0]].groups) if len(rows) == 1 else "",
        heads=tuple(table.heads[column] for column in shown),
        cells=tuple(tuple(table.rows[row].cells[column] for column in shown) for row in rows),
        spans=tuple((table.rows[row].start, table.rows[row].end) for row in rows),
        header=table.header,
        table=candidates.index.evidence,
        score=_score(kind, basis),
        basis=basis,
    )


def _value(table: ParsedTable, cell: CellCandidate, kind: FindingKind, named: int | None, *, over_row: bool) -> str:
    if kind == "superlative":
        if over_row:
            return table.heads[cell.column]
        return table.rows[cell.row].cells[named] if named is not None else _named_key(table, cell.row)
    return without_note(table.rows[cell.row].cells[cell.column])


def _named_key(table: ParsedTable, row: int) -> str:
    """The key of a row, a bare number with the head of its column: "Band 3"."""
    key, head = table.key(row), " ".join(table.heads[0].split())
    bare = table.rows[row].cells[0].isdigit() and len(table.rows[row].cells[0]) < 4
    return f"{head} {key}" if bare and head and len(head.split()) == 1 else key


def _score(kind: FindingKind, basis: Sequence[Basis]) -> float:
    return min(_SCORES.get(reason, 1.0) for reason in (kind, *basis))


def unit_of(table: ParsedTable, row: int, column: int) -> str:
    """The unit of a cell, as head, label or caption state it; "" for a value with a unit of its own."""
    text = table.rows[row].cells[column]
    found = value_of(text)
    if found is None or found[1]:
        return ""
    for name in (table.heads[column], table.key(row)):
        brackets = _BRACKETS.search(name)
        if brackets and not _NO_UNIT.search(brackets[1]):
            return brackets[1]
    for around in (table.heads[0], table.caption):
        if unit := _UNIT.search(" ".join(around.split())):
            return " ".join(unit["unit"].split())
    return ""


def finding_sentence(question: str, finding: CellFinding) -> str:
    """A sentence that stands by itself, in the table's words; "" for a finding of several values.

    Args:
        question: that was asked; a superlative is worded as it is there.
        finding: of kind ``cell`` or ``superlative``.
    """
    if finding.kind not in ("cell", "superlative") or not finding.value:
        return ""
    value = finding.value if finding.kind == "cell" else without_note(finding.cells[0][-1])
    subject = _joined([_label(finding.group), finding.row_key, _label(finding.column_head)]) or "Value"
    unit = "" if not finding.unit or finding.unit.casefold() in subject.casefold() else f" ({finding.unit})"
    order = f", the {_ordering(question)} of these" if finding.kind == "superlative" else ""
    return f"{subject}: {value}{unit}{order}."


_ORDERING: Final = re.compile(r"\b(most|least|fewest|top|best|worst|[a-z]{3,12}est|maximum|minimum)\b", re.IGNORECASE)


def _ordering(question: str) -> str:
    found = _ORDERING.search(question)
    return found[1].lower() if found else "first"


def _label(text: str) -> str:
    """A group or a column's head; "" for a whole sentence, which the quoted row does not have."""
    label = " ".join(text.split())
    return "" if label.endswith((".", "!")) and len(label.split()) >= _FEWEST_WORDS else label


def _joined(parts: Sequence[str]) -> str:
    """The parts with commas; the first letter is left as the table has it."""
    cleaned = [" ".join(part.split()).rstrip(" :.,") for part in parts]
    return ", ".join(dict.fromkeys(filter(None, cleaned)))


def table_rows(finding: CellFinding) -> list[str]:
    """The rows to show, cells joined by " | ", the header first."""
    return [" | ".join(_cell(cell) for cell in row) for row in (finding.heads, *finding.cells)]


def _cell(text: str) -> str:
    return " ".join(without_note(text).replace("|", "/").split())
