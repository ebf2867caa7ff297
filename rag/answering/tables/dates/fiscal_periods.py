"""Fiscal periods: the quarters of a question as the dates in the column heads of a report."""

from __future__ import annotations

from dataclasses import replace

from rag.answering.tables.dates.periods import Periods
from rag.answering.tables.matching import TableIndex
from rag.answering.tables.question import TableQuestion


def fiscal_periods(question: TableQuestion, index: TableIndex) -> tuple[Periods, bool]:
    """The periods of a question as those of the table's dates, and whether its context was needed for it.

    A report on "Q1 2023" may have columns that end in December 2022 and December 2021: its own quarter is the latest
    of them, and the same quarter of another year is as many years away.
    """
    asked, known = question.periods, index.context_periods
    dated = [head.latest for head in index.head_periods if head.latest[0] and head.months]
    if not (asked.quarters and known.quarters and known.years and dated):
        return asked, False
    if not asked.quarters <= known.quarters:
        return replace(asked, years=frozenset([-1])), False
    latest = max(dated)
    behind = max(known.years) - latest[0]
    if behind not in (0, 1):
        return asked, False
    years = frozenset(year - behind for year in (asked.years or {max(known.years)}))
    return Periods(years=years, lengths=frozenset([3])), True
