"""Dates and quarters in what names a document, and in a question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

# Year, month and day; 0 where it is not said.
Period: TypeAlias = tuple[int, int, int]

_QUARTER: Final = re.compile(
    r"\b(first|second|third|fourth|1st|2nd|3rd|4th)[- ](?:fiscal[- ]|financial[- ])?quarter\b", re.IGNORECASE
)
_QUARTERS: Final = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}

_MONTHS: Final = "january february march april may june july august september october november december".split()
_NAME: Final = "(?<![a-z])(?P<name>" + "|".join(f"{month}|{month[:3]}" for month in _MONTHS) + r"|sept)\.?"
_YEAR: Final = r"(?<!\d)(?P<year>(?:19|20)\d\d)"
_DAY: Final = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"

# From the most precise kind to the least.
_KINDS: Final = tuple(
    tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)
    for patterns in (
        (
            _YEAR + r"([-._]?)(?P<month>0[1-9]|1[0-2])\2(?P<day>0[1-9]|[12]\d|3[01])(?!\d)",
            r"(?<!\d)(?P<month>[0-3]?\d)/(?P<day>[0-3]?\d)/(?P<year>(?:19|20)\d\d)(?!\d)",
            rf"{_NAME}[ _]+{_DAY},?[ _]+{_YEAR}(?!\d)",
            rf"(?<!\d){_DAY}\.?[ _]+{_NAME},?[ _]+{_YEAR}(?!\d)",
        ),
        (
            _YEAR + r"[-._](?P<month>0[1-9]|1[0-2])(?!\d)",
            rf"{_NAME}[ _-]+{_YEAR}(?!\d)",
            _YEAR + r"[ _-]*Q(?P<quarter>[1-4])(?!\d)",
            rf"(?<![a-z\d])Q(?P<quarter>[1-4])[ _-]*(?:of[ _])?{_YEAR}(?!\d)",
        ),
        (_YEAR + r"(?!\d)",),
    )
)


def with_quarters(text: str) -> str:
    """With quarters as file names have them: "the third quarter of 2023" is "the Q3 quarter of 2023"."""
    return _QUARTER.sub(lambda match: f"Q{_QUARTERS[match[1].lower()]} quarter", text)


def period_of(*texts: str) -> Period | None:
    """What a document is about, in time: the first of ``texts`` that has a date decides.

    Of its dates the latest counts, of those that are said most precisely: a report of July 2023 may well speak of
    notes that are due in 2042.
    """
    for text in texts:
        text = with_quarters(text).replace(" quarter of ", " ").replace(" quarter ", " ")
        for patterns in _KINDS:
            if dates := [date for pattern in patterns for date in _dates(pattern, text)]:
                return max(dates)
    return None


def _dates(pattern: re.Pattern[str], text: str) -> Iterator[Period]:
    for match in pattern.finditer(text):
        part = match.groupdict()
        month, day = int(part.get("month") or 0), int(part.get("day") or 0)
        if name := part.get("name"):
            month = next(n for n, known in enumerate(_MONTHS, start=1) if known.startswith(name.lower()))
        if quarter := part.get("quarter"):
            month = int(quarter) * 3
        if month > 12:  # 24/10/2022, as in most of the world
            month, day = day, month
        if month <= 12:
            yield int(part["year"]), month, day
