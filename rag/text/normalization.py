"""One notation for what can be written in several: dates, thousands, currencies, per cent. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from rag.text.sentences import words

_MONTHS: Final = "january february march april may june july august september october november december".split()
_MONTH: Final = r"\b(?P<month>" + "|".join(f"{month}|{month[:3]}" for month in _MONTHS) + r"|sept)\b\.?"
_DAY: Final = r"(?<![\d.,])(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>(?:1[5-9]|20)\d\d)(?![\d%]|[.,]\d)"

# "31 May 2020", "May 31, 2020", "31 May", "May 31", "May 2020", "2020-05-31", "5/31/2020". The longest comes first.
_DATE: Final = re.compile(
    "|".join(
        re.sub(r"\?P<(\w+)>", rf"?P<\g<1>{number}>", pattern)
        for number, pattern in enumerate(
            (
                r"(?<!\d)(?P<year>(?:1[5-9]|20)\d\d)-(?P<number>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])(?!\d)",
                r"(?<![\d/])(?P<one>[0-3]?\d)/(?P<other>[0-3]?\d)/(?P<year>(?:1[5-9]|20)\d\d)(?![\d/])",
                rf"{_DAY}(?:\s+(?:day\s+)?of)?\s+{_MONTH},?\s+{_YEAR}",
                rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
                rf"{_MONTH},?\s+{_YEAR}",
                rf"{_DAY}(?:\s+of)?\s+{_MONTH}(?![a-z])",
                rf"{_MONTH}\s+{_DAY}(?![\d%]|[.,:]\d)",
            )
        )
    ),
    re.IGNORECASE,
)
_THOUSANDS: Final = re.compile(r"(?<=\d)[\u00a0\u2009\u202f'’](?=\d{3}(?!\d))")
_SIGNS: Final = (
    (re.compile(r"\$|\bUSD\b|\bUS dollars?\b"), " dollar "),
    (re.compile(r"€|\bEUR\b"), " euro "),
    (re.compile(r"£|\bGBP\b"), " pound "),
    (re.compile(r"%|\bper cent\b|\bpercentage\b"), " percent "),
)
_FIGURE: Final = re.compile(rf"{_DATE.pattern}|(?<![\w.,])[-−]?\d(?:[\d.,:/]*\d)?", re.IGNORECASE)

CURRENCIES: Final = frozenset(words("dollar euro pound"))
MONTHS: Final = frozenset(words(" ".join(f"month{month}" for month in _MONTHS)))


class Figure(NamedTuple):
    """A number or a date, and where it stands; ``value`` is the same for all ways to write it."""

    start: int
    end: int
    value: str


def said(text: str) -> list[str]:
    """The words of a text as :func:`rag.text.sentences.words` has them, but in one notation.

    A month that belongs to a date is ``month`` and its name, so that it is no other word; a currency and per cent are
    words, whatever sign or abbreviation stood for them.
    """
    return words(in_one_notation(text))


def in_one_notation(text: str) -> str:
    """The text with its dates as "31 monthmay 2020", no spaces in its numbers, and words for signs."""
    text = _DATE.sub(lambda match: f" {_date(match)} ", _THOUSANDS.sub("", text))
    for sign, word in _SIGNS:
        text = sign.sub(word, text)
    return text


def figures(text: str) -> Iterator[Figure]:
    """The numbers and dates of a text, in order; a date is one of them."""
    for match in _FIGURE.finditer(text):
        yield Figure(match.start(), match.end(), " ".join(words(in_one_notation(match[0]))))


def _date(match: re.Match[str]) -> str:
    """Day, month and year, as far as they are said; as it stands where nobody can say which is the month."""
    part = {name.rstrip("0123456789"): value for name, value in match.groupdict().items() if value}
    if "one" in part:
        month, day = sorted((int(part["one"]), int(part["other"])))
        if not (1 <= month <= 12 < day <= 31):
            return match[0]
        part |= {"number": str(month), "day": str(day)}
    if "number" in part:
        name = _MONTHS[int(part["number"]) - 1]
    else:
        name = next(known for known in _MONTHS if known.startswith(part["month"].casefold()[:3]))
    day_of_month = str(int(part["day"])) if "day" in part else ""
    return " ".join(filter(None, (day_of_month, f"month{name}", part.get("year", ""))))
