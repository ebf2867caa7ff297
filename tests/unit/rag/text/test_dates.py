"""Date patterns: those for running text and those for names agree on the dates that both can read."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from rag.text.dates import MONTH_NAMES, month_number, period_of
from rag.text.normalization import figures, normalized_words

# Names of documents have no dates before 1900.
DATES = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@given(DATES)
def test_both_patterns_read_the_same_date(day: date) -> None:
    name = f"{day:%B}"
    for written in (
        f"{day.day} {name} {day.year}",
        f"{name} {day.day}, {day.year}",
        f"{name.upper()} {day.day} {day.year}",
        f"{day:%d} {day:%b} {day.year}",
        day.isoformat(),
        *([f"{day.month}/{day.day}/{day.year}", f"{day:%d/%m/%Y}"] if day.day > 12 else []),
    ):
        (figure,) = figures(written)
        number, month, year = figure.value.split()
        assert (int(year), month_number(month.removeprefix("month")), int(number)) == period_of(written), written


@given(DATES)
def test_both_patterns_read_the_same_month(day: date) -> None:
    for written in (f"{day:%B} {day.year}", f"{day:%b} {day.year}"):
        month, year = normalized_words(written)
        assert (int(year), month_number(month.removeprefix("month")), 0) == period_of(written), written


def test_each_name_and_abbreviation_has_its_number() -> None:
    for number, name in enumerate(MONTH_NAMES, start=1):
        assert {month_number(name), month_number(name[:3].title()), month_number(name.upper())} == {number}
    assert month_number("Sept") == 9
