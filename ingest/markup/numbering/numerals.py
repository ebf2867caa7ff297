"""Numerals as lists write them: letters and Roman numerals. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

_ROMAN_SIGNS: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LARGEST_ROMAN: Final = 4000
_LETTERS: Final = 26


def roman(value: int) -> str:
    """Roman numeral in lower case; digits for a number that has none."""
    if not 0 < value < _LARGEST_ROMAN:
        return str(value)
    text = ""
    for size, sign in _ROMAN_SIGNS:
        text += sign * (value // size)
        value %= size
    return text


def letters(value: int) -> str:
    """The letter with a number, in lower case, and after z two letters: aa, ab; digits for a number that has none."""
    if not 0 < value < _LARGEST_ROMAN:
        return str(value)
    text = ""
    while value:
        value, rest = divmod(value - 1, _LETTERS)
        text = chr(ord("a") + rest) + text
    return text


def repeated_letters(value: int) -> str:
    """As :func:`letters`, with the same letter twice after z, as Word counts: aa, bb."""
    if not 0 < value < _LARGEST_ROMAN:
        return str(value)
    times, rest = divmod(value - 1, _LETTERS)
    return chr(ord("a") + rest) * (times + 1)


# The types of a list of HTML.
HTML_NUMERALS: Final[Mapping[str, Callable[[int], str]]] = {
    "1": str,
    "a": letters,
    "A": lambda value: letters(value).upper(),
    "i": roman,
    "I": lambda value: roman(value).upper(),
}
# The formats of a number of Word; others, such as numbers in words, are not known.
WORD_NUMERALS: Final[Mapping[str, Callable[[int], str]]] = {
    "decimal": str,
    "decimalZero": lambda value: f"{value:02}",
    "lowerLetter": repeated_letters,
    "upperLetter": lambda value: repeated_letters(value).upper(),
    "lowerRoman": roman,
    "upperRoman": lambda value: roman(value).upper(),
    "none": lambda _value: "",
}
