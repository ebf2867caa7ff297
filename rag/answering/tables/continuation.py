"""Tables over page breaks: those that go on on the next page, under repeated column heads or without any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rag.answering.tables.cell_text import is_numeric
from rag.answering.tables.matching import TableInEvidence
from rag.answering.tables.table import ParsedTable

# A table goes on only at the top of a page; a running header may be before it.
_TOP: Final = 400


def with_continued_heads(tables: Sequence[TableInEvidence]) -> list[TableInEvidence]:
    """The tables, each that goes on from the page before with the heads and the caption of the part there.

    Args:
        tables: in the order of documents and pages, all tables of each page.
    """
    continued: list[TableInEvidence] = []
    for evidence in tables:
        before = continued[-1] if continued else None
        headless = before is not None and evidence.table.header is None and goes_on(before, evidence)
        continued.append(_continued(before, evidence) if before and headless else evidence)
    return continued


def goes_on(before: TableInEvidence, evidence: TableInEvidence) -> bool:
    """True if a table at the top of a page is the rest of the last one of the page before.

    It has no heads, and columns of the same kinds; or it repeats the heads.
    """
    document, page = before.source
    table, first = evidence.table, before.table
    return (
        evidence.source == (document, page + 1)
        and first.header is not None
        and table.start < _TOP
        and len(table.heads) == len(first.heads)
        and (_is_rest(first, table) if table.header is None else table.heads == first.heads)
    )


def _is_rest(first: ParsedTable, table: ParsedTable) -> bool:
    return not table.caption and _kinds(table) == _kinds(first)


def _kinds(table: ParsedTable) -> list[bool]:
    """For each column, whether most of its cells are numbers."""
    columns = [[row.cells[column] for row in table.rows] for column in range(len(table.heads))]
    return [sum(map(is_numeric, cells)) > len(cells) / 2 for cells in columns]


def _continued(before: TableInEvidence, evidence: TableInEvidence) -> TableInEvidence:
    table = replace(
        evidence.table,
        heads=before.table.heads,
        caption=before.table.caption,
        header=before.table.header,
        keys=before.table.keys,
    )
    return replace(evidence, table=table, header_source=before.header_source or before.source)
