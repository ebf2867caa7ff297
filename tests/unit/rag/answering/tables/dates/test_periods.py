"""Periods in heads, labels and questions."""

from __future__ import annotations

import pytest

from rag.answering.tables.dates.periods import Periods


@pytest.mark.parametrize(
    ("text", "years", "quarters", "lengths", "months"),
    [
        ("Three Months Ended June 30, 2023", {2023}, set(), {3}, {6}),
        ("the third quarter of 2024", {2024}, {3}, {3}, set()),
        ("Q3 2024", {2024}, {3}, {3}, set()),
        ("Six months ended June 30, 2022", {2022}, set(), {6}, {6}),
        ("Year ended December 31, 2023", {2023}, set(), {12}, {12}),
        ("FY2024", {2024}, set(), set(), set()),
        ("2023_Q1_AAPL.pdf".replace("_", " "), {2023}, {1}, {3}, set()),
        ("Net sales", set(), set(), set(), set()),
        ("model 2,023", set(), set(), set(), set()),
    ],
)
def test_named(text: str, years: set[int], quarters: set[int], lengths: set[int], months: set[int]) -> None:
    found = Periods.of(text)
    assert (set(found.years), set(found.quarters), set(found.lengths), set(found.months)) == (
        years,
        quarters,
        lengths,
        months,
    )
    assert found.is_named == bool(years or quarters or lengths or months)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2023", "Year ended December 31, 2022", True),
        ("2023", "Three months ended June 30, 2023", False),
        ("the quarter ended June 30", "Six months ended June 30, 2023", True),
        ("September 2023", "June 30, 2023", True),
        ("2023", "Price", False),
    ],
)
def test_contradiction(one: str, other: str, *, expected: bool) -> None:
    assert Periods.of(one).contradicts(Periods.of(other)) is expected
    assert Periods.of(other).contradicts(Periods.of(one)) is expected


def test_latest_date() -> None:
    assert Periods.of("Three Months Ended July 1, 2023").latest == (2023, 7, 1)
    assert Periods.of("2022").latest == (2022, 0, 0)
