"""Dates of table rows: whether another row has the dates that a question names, "30-Apr-09" for "April 30, 2009"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from rag.answering.tables.table import ParsedTable
from rag.text.dates import DATE, MONTH_NAMES, month_number, normalized_date

# Rows that are looked through, and characters of a cell.
_MOST_ROWS: Final = 400
_LONGEST_CELL: Final = 100
_LONGEST_HEADS: Final = 2_000
# "30-Apr-09", "17 -Mar-2019": as spreadsheets write dates.
_MONTH: Final = "|".join(name[:3] for name in MONTH_NAMES)
_COMPACT: Final = re.compile(
    rf"(?<![\d-])(?P<day>\d{{1,2}}) ?[-/] ?(?P<name>{_MONTH})[a-z]{{0,6}}\.? ?[-/] ?"
    r"(?P<year>(?:19|20)\d\d|\d\d)(?!\d)",
    re.IGNORECASE,
)
# Words with which another day than the named one may be the right one.
_RELATION: Final = re.compile(
    r"\b(?:before|after|since|until|till|by|between|from|through|during|as of|to)\b", re.IGNORECASE
)
# Two digits of a year from which on it is one of the last century, as POSIX has it.
_LAST_CENTURY: Final = 69
# A day, a month and a year.
_PARTS: Final = 3


def are_of_other_dates(question: str, table: ParsedTable, rows: Iterable[int]) -> bool:
    """True if no row has as many of the dates that a question names as another row of their table.

    Also where each row has dates, none of which is named, unless the question asks for what was before or after them.
    False where it names no day with its year, or one of the whole table or of its columns: "at 31 December 2023".
    Linear in question and table.

    Args:
        question: on its own.
        table: that the rows are in; its first 400 rows count.
        rows: their numbers.
    """
    asked = _days(question)
    if not asked or asked & _days(" ; ".join([table.caption, *table.heads])[:_LONGEST_HEADS]):
        return False
    known = [_days(" ; ".join(cell[:_LONGEST_CELL] for cell in row.cells)) for row in table.rows[:_MOST_ROWS]]
    own = [known[row] for row in rows if row < len(known)]
    most = max((len(asked & days) for days in own), default=0)
    if most < max((len(asked & days) for days in known), default=0):
        return True
    return bool(own) and all(own) and not most and not _RELATION.search(question)


def _days(text: str) -> frozenset[str]:
    """The days with month and year in a text, in one form."""
    text = _COMPACT.sub(_in_full, text)
    found = (normalized_date(match) for match in DATE.finditer(text))
    return frozenset(date for date in found if len(date.split()) == _PARTS)


def _in_full(match: re.Match[str]) -> str:
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += 1900 if year >= _LAST_CENTURY else 2000
    return f"{int(match['day'])} {MONTH_NAMES[month_number(match['name']) - 1]} {year}"
