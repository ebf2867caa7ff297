"""Disguised spelling undone: accents, letters of other scripts that look Latin, digits, spaced letters."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Letters that look like Latin ones (Unicode TR 39, confusables; the common ones of Cyrillic and Greek).
_LOOKALIKES: Final = str.maketrans(
    "авекмнорстухіјѕԁԛԝАВЕКМНОРСТУХІЈЅαεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "abekmhopctyxijsdqwABEKMHOPCTYXIJSaeiknoptuxABEZHIKMNOPTYX",
)
_DIGITS: Final = str.maketrans("01345789@$", "oieastbgas")
# Words with letters and digits or signs that stand for letters.
_MIXED: Final = re.compile(r"[\w@$]+")
_SPACED: Final = re.compile(r"(?<!\w)[^\W\d_](?:[ .*_-]{1,3}[^\W\d_](?!\w)){7,}")
_NO_LETTER: Final = re.compile(r"[\W_]+")


def plain_spelling(text: str) -> str:
    """The text in one line and in compatibility form, without accents, with Latin letters for those that look so."""
    line = " ".join(text.split())
    if line.isascii():
        return line
    apart = unicodedata.normalize("NFKD", line)
    return "".join(one for one in apart if not unicodedata.combining(one)).translate(_LOOKALIKES)


def with_letters_for_digits(text: str) -> str:
    """The text with letters for the digits in words that have both: "1gn0re" becomes "ignore"."""
    return _MIXED.sub(lambda word: word[0].translate(_DIGITS) if _is_mixed(word[0]) else word[0], text)


def spaced_out(text: str) -> list[str]:
    """The runs of at least eight single letters, joined: "I g n o r e  a l l" becomes "Ignoreall"."""
    return [_NO_LETTER.sub("", run[0]) for run in _SPACED.finditer(text)]


def _is_mixed(word: str) -> bool:
    return any(map(str.isalpha, word)) and not word.isalpha()
