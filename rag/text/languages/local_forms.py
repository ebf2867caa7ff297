"""Numbers and dates as a language writes them, in the forms that the rules for English read.

"1.234,56" and "1 234,56 €" are 1234.56, "31. Mai 2020" and "31.05.2020" are dates, and so is "2020年5月31日" in any
language. Digits of full width, Arabic and Devanagari ones are those of ASCII.
"""

from __future__ import annotations

import re
from typing import Final

from rag.text.dates import MONTH_NAMES
from rag.text.languages.table import Language, language_table

# A number with a point or a comma, but no part of a date, a version or a list: "1.2.3", "10.1007/978".
_NUMBER: Final = re.compile(r"(?<![\w.,:/])(\d{1,3}(?:\.\d{3})+|\d+)(,\d+)?(?![\d/]|[.,:]\d)")
_DAY: Final = r"(?<![\w.,/])([0-3]?\d)"
_NUMERIC: Final = re.compile(rf"{_DAY}([./-])([01]?\d)\2((?:1[5-9]|20)\d\d)(?![\w/]|[.-]\d)")
# "31. Mai 2020", "1er mai", "31 de mayo de 2020"; a word that is no month leaves it as it is.
_NAMED: Final = re.compile(
    rf"{_DAY}(?:\.|º|°|er|\xaa)?\s+(?:(?:de|di|من|den)\s+)?([^\W\d_]{{3,12}})\.?"
    r"(?:,?\s+(?:(?:de|del|do|di)\s+)?((?:1[5-9]|20)\d\d)(?![\d%]|[.,]\d))?(?![^\W\d_])"
)
_MONTH_AND_YEAR: Final = re.compile(
    r"(?<![^\W_])([^\W\d_]{3,12})\.?\s+(?:(?:de|del|do|di)\s+)?((?:1[5-9]|20)\d\d)(?![\d%]|[.,]\d)"
)
# In Devanagari a vowel sign is no letter, so that words are looked for with their signs.
_SIGNED_NAMED: Final = re.compile(rf"{_DAY}\s+([\u0900-\u097f]{{2,12}})(?:,?\s+((?:1[5-9]|20)\d\d)(?!\d))?")
_EAST_ASIAN: Final = re.compile(
    r"(?:((?:1[5-9]|20)\d\d)\s?[年년]\s?)?(1[0-2]|0?[1-9])\s?[月월](?:\s?(3[01]|[12]\d|0?[1-9])\s?[日号號일])?"
)


# Digits and signs of other scripts: of full width, Arabic, Persian and Devanagari.
_OTHER_DIGITS: Final = ("０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९")
_COMMON: Final = str.maketrans(
    {digit: str(value) for digits in _OTHER_DIGITS for value, digit in enumerate(digits)}
    | dict(zip("．，％／－٫٬٪", ".,%/-.,%", strict=True))
)
# "1,23,456": a hundred and twenty-three thousand in India.
_INDIAN: Final = re.compile(r"(?<![\d.,])\d{1,2}(?:,\d\d)+,\d{3}(?![\d,])")
# "3 600 €": without what follows, two columns of a table would be one number.
_SPACED: Final = re.compile(
    r"(?<![\w.,])(?<!\d )\d{1,3}(?: \d{3}){1,4}(?=(?:,\d\d?)? ?(?:€|\$|£|EUR\b|USD\b|CHF\b|euros?\b|Euro\b))"
)


def in_common_form(text: str, name: str | None) -> str:
    """The text with the numbers and dates of a language as English has them: "31 monthmay 2020"; linear.

    Args:
        text: any; offsets are not kept.
        name: of the language, in English; of one without a table only East Asian dates are read.
    """
    if not text.isascii():
        text = _EAST_ASIAN.sub(_east_asian_date, text.translate(_COMMON))
    text = _INDIAN.sub(_without_commas, text)
    language = language_table(name)
    if language is None or language.name == "English":
        return text
    text = _NUMERIC.sub(_numeric_date, text)
    if language.months:
        for pattern in (_NAMED, _SIGNED_NAMED):
            text = pattern.sub(lambda match: _named_date(match, language), text)
        text = _MONTH_AND_YEAR.sub(lambda match: _month_and_year(match, language), text)
    if not language.decimal_comma:
        return text
    return _NUMBER.sub(_number, _SPACED.sub(lambda match: match[0].replace(" ", ""), text))


def _without_commas(match: re.Match[str]) -> str:
    return match[0].replace(",", "")


def _number(match: re.Match[str]) -> str:
    return match[1].replace(".", "") + (match[2] or "").replace(",", ".")


def _numeric_date(match: re.Match[str]) -> str:
    """The date with its day first, as in all these languages; unchanged where there is no such month or day."""
    day, month = int(match[1]), int(match[3])
    return _date(day, month, match[4]) if 1 <= day <= 31 and 1 <= month <= 12 else match[0]


def _named_date(match: re.Match[str], language: Language) -> str:
    month = language.months.get(match[2].casefold())
    return _date(int(match[1]), month, match[3] or "") if month else match[0]


def _month_and_year(match: re.Match[str], language: Language) -> str:
    month = language.months.get(match[1].casefold())
    return _date(0, month, match[2]) if month else match[0]


def _east_asian_date(match: re.Match[str]) -> str:
    """The date; unchanged without a year and a day: "3月" may be a span of time."""
    if not (match[1] or match[3]):
        return match[0]
    return _date(int(match[3] or 0), int(match[2]), match[1] or "")


def _date(day: int, month: int, year: str) -> str:
    return f" {' '.join(filter(None, (str(day) if day else '', f'month{MONTH_NAMES[month - 1]}', year)))} "
