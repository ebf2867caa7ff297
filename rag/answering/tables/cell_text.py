"""Cell classification: quantities, periods and empty marks, and the value of a quantity.

All patterns are matched against a bounded part of a cell, and have no nested repetition.
"""

from __future__ import annotations

import re
from typing import Final

# Longer cells are text.
LONGEST_VALUE: Final = 80

_NUMBER: Final = r"\d{1,3}(?:[,\u00a0\u202f’']\d{3}){1,6}(?:\.\d{1,10})?|\d{1,18}(?:[.,]\d{1,10})?"
_CURRENCY: Final = r"(?:[$€£¥]|US\$|USD|EUR|GBP)"
_QUANTITY: Final = re.compile(
    rf"(?P<open>\()?\s?(?P<sign>[-+−–±<>≤≥~])?\s?{_CURRENCY}?\s?(?P<inner>\()?(?P<late>[-−–])?"
    rf"(?P<number>{_NUMBER})\s?(?P<close>\))?\s?{_CURRENCY}?(?P<unit>[^\d()]{{0,40}})(?P<last>\))?(?:\s?\(\w{{1,2}}\))?"
)
_RANGE: Final = re.compile(
    rf"[~<>≤≥]?\s?{_CURRENCY}?\s?(?:{_NUMBER})\s?[^\d\s()]{{0,10}}\s?(?:-|–|—|to|…)\s?{_CURRENCY}?\s?(?:{_NUMBER})"
    r"(?:\s?[^\d()]{0,40})"
)
_YEAR: Final = r"(?:1[5-9]|20)\d\d"
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
_PERIOD_WORD: Final = re.compile(
    rf"{_YEAR}(?:[-–/](?:{_YEAR}|\d\d))?[,:]?|FY(?:'?\d{{2,4}})?|[QH][1-4](?:[-/ ]?'?\d{{2,4}})?|[1-4]Q(?:'?\d\d)?|"
    rf"{_MONTH},?|"
    r"[0-3]?\d(?:st|nd|rd|th)?,?|three|six|nine|twelve|(?:3|6|9|12)|months?|years?|quarters?|weeks?|half|fiscal|first|"
    r"second|third|fourth|ended|ending|as|of|at|on|to|the|for|and|[-–—/]",
    re.IGNORECASE,
)
_PERIOD_CORE: Final = re.compile(
    rf"{_YEAR}|FY\s?'?\d{{2,4}}|[QH][1-4]\b|[1-4]Q|\b{_MONTH}|\b(?:months?|quarters?|year) ended\b|\bquarter\b",
    re.IGNORECASE,
)
_FULL_YEAR: Final = re.compile(_YEAR)
_EMPTY: Final = re.compile(r"[-–—.…*·]{1,3}|n/?[am]\.?|none|nil|\$?\s?[-–—]", re.IGNORECASE)
_SIGNS: Final = re.compile(r"[$€£¥()%\s]{1,8}|US\$|USD|EUR|GBP")
# Readers keep the number of a note apart from what it is raised behind.
_NOTE: Final = re.compile(r"[ \u00a0][⁰¹²³⁴-⁹]{1,2}$")


def without_note(text: str) -> str:
    """A cell without the raised number of a note at its end, "245 ⁹"; the exponent of "10 m²" is none."""
    return _NOTE.sub("", text)


def is_period(text: str) -> bool:
    """True if a text names a year, date, quarter or length of time and nothing else."""
    words = text[: LONGEST_VALUE + 1].split()
    return (
        0 < len(words) <= 12
        and len(text) <= LONGEST_VALUE
        and bool(_PERIOD_CORE.search(text))
        and all(_PERIOD_WORD.fullmatch(word) for word in words)
    )


def is_year(text: str) -> bool:
    """True if a text is a year."""
    return bool(_FULL_YEAR.fullmatch(text.strip(" ,:")))


def is_quantity(text: str) -> bool:
    """True if a cell is a number, perhaps with a sign, a currency and a short unit; a year or a date is none."""
    # "29," is a day, between a month and a year.
    if len(text) > LONGEST_VALUE or text.endswith(",") or is_period(text) or not (found := _matched(text)):
        return False
    # "2023 edition" is a head, "2023" a period.
    return not (found[0][:1].isdigit() and is_year(found["number"]) and (found["unit"] or "").strip(" %").isalpha())


def is_numeric(text: str) -> bool:
    """True if a cell is a quantity, a range of numbers, or a mark for no value."""
    return is_quantity(text) or is_empty_mark(text) or is_range(text)


def is_range(text: str) -> bool:
    """True if a cell is a range of numbers, such as "3 to 5 days"."""
    return len(text) <= LONGEST_VALUE and bool(_RANGE.fullmatch(text.strip()))


def is_value(text: str) -> bool:
    """True if a cell is a quantity or a range of numbers; periods and marks are none."""
    return is_quantity(text) or (is_range(text) and not is_period(text))


def is_empty_mark(text: str) -> bool:
    """True if a cell is a mark for no value, such as a dash."""
    return bool(_EMPTY.fullmatch(text.strip()))


def is_sign(text: str) -> bool:
    """True if a cell has only currency signs, brackets or per cent signs."""
    return bool(_SIGNS.fullmatch(text))


def value_of(text: str) -> tuple[float, str] | None:
    """The number in a cell and its unit in lower case; brackets make it negative. None where it is no plain number."""
    found = _matched(text) if len(text) <= LONGEST_VALUE else None
    if found is None:
        return None
    number = found["number"]
    if re.fullmatch(r"\d{1,3}(?:[,\u00a0\u202f’']\d{3}){1,6}(?:\.\d{1,10})?", number):
        number = re.sub(r"[,\u00a0\u202f’']", "", number)
    value = float(number.replace(",", "."))
    brackets = (found["open"] and (found["close"] or found["last"])) or (found["inner"] and found["close"])
    if found["sign"] in ("<", ">", "≤", "≥", "±", "~"):
        return None
    negative = bool(brackets) or found["sign"] in ("-", "−", "–") or bool(found["late"])
    return (-value if negative else value), " ".join((found["unit"] or "").casefold().split())


def _matched(text: str) -> re.Match[str] | None:
    found = _QUANTITY.fullmatch(text.strip())
    if not found:
        return None
    opened = sum(bool(found[name]) for name in ("open", "inner"))
    return found if opened == sum(bool(found[name]) for name in ("close", "last")) else None
