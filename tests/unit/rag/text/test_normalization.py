"""Text normalization: all forms of a date, a number or a currency become one."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.normalization import figures, normalized_words
from rag.text.words import words

DATES = st.dates(date(1500, 1, 1), date(2099, 12, 31))


@given(DATES)
def test_a_date_is_the_same_in_all_its_forms(day: date) -> None:
    name = f"{day:%B}"
    expected = {str(day.day), *words(f"month{name}"), str(day.year)}
    for written in (
        f"{day.day} {name} {day.year}",
        f"{name} {day.day}, {day.year}",
        f"{day:%d} {day:%b} {day.year}",
        f"{day:%b}. {day.day}, {day.year}",
        day.isoformat(),
        f"the {day.day}th of {name} {day.year}",
        f"{name.upper()} {day.day} {day.year}",
        *([f"{day.month}/{day.day}/{day.year}", f"{day:%d/%m/%Y}"] if day.day > 12 else []),
    ):
        assert set(normalized_words(f"It began on {written}.")) == {"began", *expected}, written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("in May 2020", {"monthmay", "2020"}, id="month and year"),
        pytest.param("on 31 May", {"31", "monthmay"}, id="day and month"),
        pytest.param("um 22:00 Uhr, 8:00 a.m.", {"um", "22", "uhr", "8", "m"}, id="full hours"),
        pytest.param("at 22:05:00, 1:00:30 or 12:005", {"22:05:00", "1:00:30", "12:005"}, id="no full hours"),
        pytest.param("on May 5 at 9:30", {"5", "monthmay", "9:30"}, id="month and day"),
        pytest.param("you may 5 times", {"5", "time"}, id="a verb before a number"),
        pytest.param("it may cost 20", {"cost", "20"}, id="a verb"),
        pytest.param("under 16 may drive", {"16", "driv"}, id="a verb after an age"),
        pytest.param("Nobody aged 9 may in any case drive", {"not", "aged", "9", "any", "case", "driv"}, id="an age"),
        pytest.param("the first 3 may apply", {"first", "3", "apply"}, id="a verb after a number"),
        pytest.param("MEMBERS UNDER 16 MAY DRIVE", {"member", "16", "driv"}, id="a verb in capitals"),
        pytest.param("Those Under 16 May Not Drive", {"16", "not", "driv"}, id="a verb in a title"),
        pytest.param("paid 12 May be", {"paid", "12"}, id="may be"),
        pytest.param("by 16 may pay it", {"16", "monthmay", "pay"}, id="a small letter after a preposition"),
        pytest.param("is 16 may", {"16", "monthmay"}, id="a small letter at the end"),
        pytest.param("from 16 may to 3 june", {"16", "monthmay", "3", "monthjun"}, id="a range in small letters"),
        pytest.param("the 16th may meeting", {"16", "monthmay", "meet"}, id="an ordinal"),
        pytest.param("under 16 may 2024 rules", {"16", "monthmay", "2024", "rule"}, id="with a year"),
        pytest.param("on 31 MAY 2020 IT ENDED", {"31", "monthmay", "2020", "end"}, id="a date in capitals"),
        pytest.param("no later than 16 May drive", {"not", "later", "16", "monthmay", "driv"}, id="a capital"),
        pytest.param("on 05/06/2020", {"05/06/2020"}, id="day and month are ambiguous"),
        pytest.param("Sept. 3rd, 1999", {"3", "monthseptember", "1999"}, id="another abbreviation"),
        pytest.param("the marching of 20 men", {"march", "20", "men"}, id="a longer word"),
        pytest.param("$1,200", {"dollar", "1200"}, id="currency sign"),
        pytest.param("1,200 US dollars", {"dollar", "1200"}, id="currency in words"),
        pytest.param("USD 1\u202f200", {"dollar", "1200"}, id="thin space"),
        pytest.param("1'200 €", {"euro", "1200"}, id="apostrophe"),
        pytest.param("£3", {"pound", "3"}, id="pounds"),
        pytest.param("5%", {"5", "percent"}, id="per cent sign"),
        pytest.param("5 per cent", {"5", "percent"}, id="per cent in words"),
        pytest.param("1,5 and 15", {"1,5", "15"}, id="a decimal comma stays"),
    ],
)
def test_normalized_words(text: str, expected: set[str]) -> None:
    assert set(normalized_words(text)) == expected


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    found = list(figures(text))
    assert all(0 <= figure.start < figure.end <= len(text) for figure in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    normalized_words(text)


@given(st.text("abcdefgh .!?", max_size=60))
def test_plain_words_are_unchanged(text: str) -> None:
    assert normalized_words(text) == words(text)


def test_figures_in_order() -> None:
    text = "On 31 May 2020 it cost $1,200.50, and 24 months later -3."
    assert [(text[f.start : f.end], f.value) for f in figures(text)] == [
        ("31 May 2020", "31 monthmay 2020"),
        ("1,200.50", "1200.50"),
        ("24", "24"),
        ("-3", "-3"),
    ]
