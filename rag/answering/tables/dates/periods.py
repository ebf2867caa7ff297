"""Periods in column heads, labels and questions: years, quarters, lengths of time and dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from rag.text.dates import MONTH_NAMES, month_number, with_quarters
from rag.text.words import light_stem

# Year, month and day; 0 where it is missing.
Moment: TypeAlias = tuple[int, int, int]

_YEAR: Final = re.compile(r"(?<![\d.,])(?:FY\s?)?((?:19|20)\d\d)(?![\d.,]?\d)", re.IGNORECASE)
_QUARTER: Final = re.compile(r"(?<![a-z\d])(?:Q([1-4])|([1-4])Q)(?!\d{3})", re.IGNORECASE)
_LENGTHS: Final = (
    (3, re.compile(r"\b(?:three|3)[- ]months?\b|\bquarter(?:ly)?\b", re.IGNORECASE)),
    (6, re.compile(r"\b(?:six|6)[- ]months?\b|\bhalf[- ]years?\b|\bfirst half\b", re.IGNORECASE)),
    (9, re.compile(r"\b(?:nine|9)[- ]months?\b", re.IGNORECASE)),
    (12, re.compile(r"\b(?:twelve|12)[- ]months?\b|\byears? end(?:ed|ing)\b|\bfull[- ]year\b", re.IGNORECASE)),
)
_MONTH: Final = "|".join(f"{month}|{month[:3]}" for month in MONTH_NAMES) + "|sept"
_DATE: Final = re.compile(rf"(?<![a-z])(?P<month>{_MONTH})\b\.?\s{{0,2}}(?P<day>[0-3]?\d(?!\d))?", re.IGNORECASE)
_LONGEST: Final = 2_000
# Words of periods, which a question need not repeat.
WORDS: Final = frozenset(
    light_stem(word)
    for word in (
        "three six nine twelve month months quarter quarters year years ended ending end fiscal period week weeks "
        "3 6 9 12 q1 q2 q3 q4 " + " ".join(MONTH_NAMES)
    ).split()
) | {"q1", "q2", "q3", "q4"}


# Of them, those of lengths of time.
LENGTHS: Final = WORDS - {light_stem(month) for month in MONTH_NAMES} - {"q1", "q2", "q3", "q4"}


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods that a text names.

    Attributes:
        years: four digits each.
        quarters: 1..4.
        lengths: in months: 3, 6, 9 or 12; a quarter is 3.
        months: 1..12.
        latest: the latest date; zeros where there is none.
    """

    years: frozenset[int] = frozenset()
    quarters: frozenset[int] = frozenset()
    lengths: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    latest: Moment = (0, 0, 0)

    @classmethod
    def of(cls, text: str) -> Periods:
        """The periods in a text."""
        text = with_quarters(text[:_LONGEST])
        years = frozenset(int(year) for year in _YEAR.findall(text))
        quarters = frozenset(int(one or other) for one, other in _QUARTER.findall(text))
        lengths = {months for months, pattern in _LENGTHS if pattern.search(text)}
        dates = [(month_number(match["month"]), int(match["day"] or 0)) for match in _DATE.finditer(text)]
        latest = max(((year, *date) for year in years for date in dates or [(0, 0)]), default=(0, 0, 0))
        return cls(
            years,
            quarters,
            frozenset(lengths | ({3} if quarters else set())),
            frozenset(month for month, _ in dates),
            latest,
        )

    def contradicts(self, other: Periods) -> bool:
        """True if both name years, quarters, lengths or months, and none in common."""
        return any(
            mine and theirs and mine.isdisjoint(theirs)
            for mine, theirs in (
                (self.years, other.years),
                (self.quarters, other.quarters),
                (self.lengths, other.lengths),
                (self.months, other.months),
            )
        )

    @property
    def is_named(self) -> bool:
        """True if any period is named."""
        return bool(self.years or self.quarters or self.lengths or self.months)
