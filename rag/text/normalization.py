"""Text normalization: one form each for dates, thousands separators, currencies and percentages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from rag.text.dates import DATE, normalized_date
from rag.text.languages.local_forms import in_common_form
from rag.text.words import MONTH_WORDS, words

_THOUSANDS: Final = re.compile(r"(?<=\d)[\u00a0\u2009\u202f'’](?=\d{3}(?!\d))")
# A full hour: "22:00" is "22 Uhr", and "8:00 a.m." is "8 a.m.".
_FULL_HOUR: Final = re.compile(r"(?<![\d.,:/])(\d{1,2}):00(?![\d:])")
_SIGNS: Final = (
    (re.compile(r"(?<!R)\$|\bUSD\b|\bUS dollars?\b"), " dollar "),
    (re.compile(r"€|\bEUR\b"), " euro "),
    (re.compile(r"£|\bGBP\b"), " pound "),
    (re.compile(r"%|\b(?:per|por|pour) (?:cent|ciento|cento)\b|\bpercentage\b"), " percent "),
)
_FIGURE: Final = re.compile(rf"{DATE.pattern}|(?<![\w.,])[-−]?\d(?:[\d.,:/]*\d)?", re.IGNORECASE)

CURRENCIES: Final = frozenset(words("dollar euro pound"))
MONTHS: Final = frozenset(words(" ".join(MONTH_WORDS)))


class Figure(NamedTuple):
    """A number or date in a text, with its offsets; ``value`` is normalized, equal for all ways to write it."""

    start: int
    end: int
    value: str


def normalized_words(text: str, language: str | None = None) -> list[str]:
    """The words of a normalized text in a language, as :func:`rag.text.words.words` has them.

    The month of a date becomes ``month`` and its name, so that it equals no other word; currencies and per cent become
    words, whichever sign or abbreviation was used.
    """
    return words(normalize(text, language), language)


def normalize(text: str, language: str | None = None) -> str:
    """The text with dates as "31 monthmay 2020", full hours and numbers in one form, and words for signs."""
    text = in_common_form(text, language)
    text = _FULL_HOUR.sub(r"\1", _THOUSANDS.sub("", text))
    text = DATE.sub(lambda match: f" {normalized_date(match)} ", text)
    for sign, word in _SIGNS:
        text = sign.sub(word, text)
    return text


def figures(text: str) -> Iterator[Figure]:
    """The numbers and dates of a text, in order; a whole date is one figure."""
    for match in _FIGURE.finditer(text):
        yield Figure(match.start(), match.end(), " ".join(words(normalize(match[0]))))
