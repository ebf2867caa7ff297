"""Dates of table rows, and those that a question names."""

from __future__ import annotations

import pytest

from rag.answering.tables.agreement import row_agrees
from rag.answering.tables.dates.row_dates import are_of_other_dates
from rag.answering.tables.parsing import parse_tables

TABLE = """\
| Country | Filed | Number | Issued |
| --- | --- | --- | --- |
| AU | 30-Apr-09 | 2009241803 | 26-Sep-13 |
| AU | 16-Sep-15 | 2015227440 | 30-Mar-17 |
| US | 30 -Apr-09 | 8420710 | 16 April 2013 |
| FR | 1-Jan-98 | 700 | |"""
FILED, BOTH = "What was filed on April 30, 2009?", "What was filed on April 30, 2009 and issued on 26 September 2013?"


@pytest.mark.parametrize(
    ("question", "row", "expected"),
    [
        pytest.param(FILED, 0, False, id="its row"),
        pytest.param(FILED, 2, False, id="another row with that date"),
        pytest.param(FILED, 1, True, id="a row of other dates"),
        pytest.param(BOTH, 2, True, id="a row with one of two dates"),
        pytest.param(BOTH, 0, False, id="the row with both"),
        pytest.param("What was issued on 2013-04-16?", 2, False, id="written otherwise"),
        pytest.param("What was filed on January 1, 1998?", 0, True, id="of the last century"),
        pytest.param("What was filed on May 5, 2005?", 1, True, id="a date of no row"),
        pytest.param("What was filed after May 5, 2005?", 1, False, id="after a date"),
        pytest.param("What was filed in April 2009?", 1, False, id="no day"),
        pytest.param("Who filed it?", 1, False, id="no date"),
    ],
)
def test_rows_of_other_dates(question: str, row: int, *, expected: bool) -> None:
    (table,) = parse_tables(TABLE)
    assert are_of_other_dates(question, table, [row]) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("31 December 2023", False, id="of the columns"),
        pytest.param("31 December 2022", True, id="another"),
    ],
)
def test_a_day_of_the_columns_is_that_of_each_row(day: str, *, expected: bool) -> None:
    text = "| Loan | 31 December 2023 |\n| --- | --- |\n| due 1 May 2030 | 120 |\n| due 1 May 2031 | 90 |"
    (table,) = parse_tables(text)
    assert are_of_other_dates(f"What was owed on {day}?", table, [0]) == expected


def test_a_value_from_the_row_of_another_day_is_contradicted() -> None:
    line = TABLE.splitlines()[3]
    assert row_agrees(BOTH, "The patent number is 2015227440.", line, TABLE, TABLE.index(line)) is False
