"""Findings: the cells of a table that a question asks for, with the spans that prove them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from rag.answering.tables.matching import TableInEvidence

FindingKind: TypeAlias = Literal["cell", "superlative", "row", "column", "rows", "not_computed"]
Basis: TypeAlias = Literal[
    "label named",
    "label named in part",
    "column named",
    "only column",
    "only row",
    "explained by context",
    "words left over",
]


@dataclass(frozen=True, slots=True)
class CellFinding:
    """Finding: the answer of a table to a question.

    Attributes:
        kind: ``cell`` for one value; ``superlative`` for the row with the highest or lowest one, whose ``value`` is the
            name of that row and whose ``cells`` have the value; ``row`` for all values of one row, ``column`` for one
            value of each row, ``rows`` for all rows with one key; ``not_computed`` where a sum, a mean or a difference
            is asked for that no cell has: ``cells`` are what it would be computed from.
        value: text of the cell; "" where there are several.
        row_key: label of the row, with all its keys; "" where there are several.
        column_head: head of the column; "" where there are several.
        unit: as caption, head or label state it; "" where they state none, or the value has its own.
        group: headings of the groups above the row, joined by commas.
        heads: of ``cells``.
        cells: the rows to show, with their keys first.
        spans: start and end of each of these rows in the page's text.
        header: start and end of the header rows; None where there are none.
        table: that it was found in.
        score: 0..1, the share of right ones among findings of this kind on such grounds.
        basis: what the score rests on.
    """

    kind: FindingKind
    value: str
    row_key: str
    column_head: str
    unit: str
    group: str
    heads: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    spans: tuple[tuple[int, int], ...]
    header: tuple[int, int] | None
    table: TableInEvidence
    score: float
    basis: tuple[Basis, ...] = ()
