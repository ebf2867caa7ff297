"""Date patterns: for running text, and for file names, titles and questions that name a document.

The two share months, but not separators and years: a file name has "2023_10_24" and "Q3", a text has "the 31st of May"
and years before 1900. The same characters may be a date in one and not in the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

# Year, month and day; 0 where it is missing.
Period: TypeAlias = tuple[int, int, int]

_QUARTER: Final = re.compile(
    r"\b(first|second|third|fourth|1st|2nd|3rd|4th)[- ](?:fiscal[- ]|financial[- ])?quarter\b", re.IGNORECASE
)
_QUARTERS: Final = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}

MONTH_NAMES: Final = "january february march april may june july august september october november december".split()
_MONTH: Final = "|".join(f"{month}|{month[:3]}" for month in MONTH_NAMES) + "|sept"
_NAME: Final = rf"(?<![a-z])(?P<name>{_MONTH})\.?"
_YEAR: Final = r"(?<!\d)(?P<year>(?:19|20)\d\d)"
_DAY: Final = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"

# Patterns by precision: days, then months and quarters, then years.
_BY_PRECISION: Final = tuple(
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

_MONTH_IN_TEXT: Final = rf"\b(?P<month>{_MONTH})\b\.?"
_DAY_IN_TEXT: Final = r"(?<![\d.,])(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR_IN_TEXT: Final = r"(?P<year>(?:1[5-9]|20)\d\d)(?![\d%]|[.,]\d)"

# Words after which "16 may" is a date, and others that follow a date: "under 16 may drive" has a verb.
_BEFORE_DATE: Final = "|".join(
    rf"(?<=\b{word}\s{digits}\smay)" for word in ("on", "by", "until", "till", "since") for digits in (r"\d", r"\d\d")
)
_BEFORE_AGE: Final = "|".join(
    rf"(?<=\b{word}\s{digits}\smay)"
    for word in ("under", "over", "above", "below", "aged")
    for digits in (r"\d", r"\d\d")
)
_AFTER_DATE: Final = (
    r"(?:and|or|to|till|until|through|at|in|on|for|from|by|with|as|if|when|while|because|but|so|since|before|after|is|was|"
    r"are|were|has|had|does|did|do|will|would|can|could|should|the|an?|of|i|we|you|they|he|she|it|this|that|these|those|"
    r"my|our|your|who|what|which|why|how|please)\b"
)
_NO_VERB: Final = (
    rf"(?!may\s+(?:not|be|have|never|only|also)\b)(?!(?-i:may)(?:{_BEFORE_AGE}))"
    rf"(?!(?-i:may(?=\s+[a-z])|MAY(?=\s+[A-Z]{{2}}))(?<=\d\smay)(?!{_BEFORE_DATE})(?!\s+{_AFTER_DATE}))"
)
# "You may 5 times" has none either.
_NO_SUBJECT: Final = "".join(rf"(?<!\b{word}\smay)" for word in "i you we they he she it who which that".split())

# "31 May 2020", "May 31, 2020", "31 May", "May 31", "May 2020", "2020-05-31", "5/31/2020". The longest comes first.
DATE: Final = re.compile(
    "|".join(
        re.sub(r"\?P<(\w+)>", rf"?P<\g<1>{number}>", pattern)
        for number, pattern in enumerate(
            (
                r"(?<!\d)(?P<year>(?:1[5-9]|20)\d\d)-(?P<number>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])(?!\d)",
                r"(?<![\d/])(?P<one>[0-3]?\d)/(?P<other>[0-3]?\d)/(?P<year>(?:1[5-9]|20)\d\d)(?![\d/])",
                rf"{_DAY_IN_TEXT}(?:\s+(?:day\s+)?of)?\s+{_MONTH_IN_TEXT},?\s+{_YEAR_IN_TEXT}",
                rf"{_MONTH_IN_TEXT}\s+{_DAY_IN_TEXT},?\s+{_YEAR_IN_TEXT}",
                rf"{_MONTH_IN_TEXT},?\s+{_YEAR_IN_TEXT}",
                rf"{_DAY_IN_TEXT}(?:\s+of)?\s+{_NO_VERB}{_MONTH_IN_TEXT}(?![a-z])",
                rf"{_MONTH_IN_TEXT}{_NO_SUBJECT}\s+{_DAY_IN_TEXT}(?![\d%]|[.,:]\d)",
            )
        )
    ),
    re.IGNORECASE,
)


def month_number(name: str) -> int:
    """The number, 1..12, of a month's name or abbreviation, in any case."""
    return next(number for number, known in enumerate(MONTH_NAMES, start=1) if known.startswith(name.casefold()[:3]))


def with_quarters(text: str) -> str:
    """The text with quarters as in file names: "the third quarter of 2023" becomes "the Q3 quarter of 2023"."""
    return _QUARTER.sub(lambda match: f"Q{_QUARTERS[match[1].lower()]} quarter", text)


def period_of(*texts: str) -> Period | None:
    """Date or period that a document is about; None where there is none.

    Taken from the first of ``texts`` that has a date: the latest among its most precise dates, since a report of July
    2023 may well mention notes that are due in 2042.
    """
    for text in texts:
        text = with_quarters(text).replace(" quarter of ", " ").replace(" quarter ", " ")
        for patterns in _BY_PRECISION:
            if dates := [date for pattern in patterns for date in _dates(pattern, text)]:
                return max(dates)
    return None


def _dates(pattern: re.Pattern[str], text: str) -> Iterator[Period]:
    """Dates that match one of :data:`_BY_PRECISION`; a quarter has its last month."""
    for match in pattern.finditer(text):
        part = match.groupdict()
        month, day = int(part.get("month") or 0), int(part.get("day") or 0)
        if name := part.get("name"):
            month = month_number(name)
        if quarter := part.get("quarter"):
            month = int(quarter) * 3
        if month > 12:  # 24/10/2022, as in most of the world
            month, day = day, month
        if month <= 12:
            yield int(part["year"]), month, day


def normalized_date(match: re.Match[str]) -> str:
    """Normalized form of a match of :data:`DATE`, as "31 monthmay 2020"; a missing day or year is left out.

    Unchanged where it is unclear which number is the month.
    """
    part = {name.rstrip("0123456789"): value for name, value in match.groupdict().items() if value}
    if "one" in part:
        month, day = sorted((int(part["one"]), int(part["other"])))
        if not (1 <= month <= 12 < day <= 31):
            return match[0]
        part |= {"number": str(month), "day": str(day)}
    number = int(part["number"]) if "number" in part else month_number(part["month"])
    day_of_month = str(int(part["day"])) if "day" in part else ""
    return " ".join(filter(None, (day_of_month, f"month{MONTH_NAMES[number - 1]}", part.get("year", ""))))
