"""Character sanitizing: removes invisible characters from documents, and control characters from terminal output."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Unicode general categories. Cc, Cf: controls, zero-width, bidirectional and tag characters, which can hide text.
# Cs, Cn: lone surrogates, which neither SQLite nor JSON accepts, and unassigned code points.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Cn"})
_PRINTABLE_ASCII: Final = re.compile(r"[ -~\n]*")
_BLANKS: Final = re.compile(r"[^\S\n]+")
_LINE_ENDS: Final = re.compile(r"\r\n?|[\x85\u2028\u2029]")


@lru_cache(maxsize=100_000)
def is_visible(character: str) -> bool:
    """True if a character is printed or is a space; variation selectors only change another character's glyph."""
    return unicodedata.category(character) not in _INVISIBLE and not "\ufe00" <= character <= "\ufe0f"


def clean(text: str) -> str:
    """The text without invisible characters; line ends become newlines, tabs and other blanks become spaces."""
    text = _LINE_ENDS.sub("\n", text)
    if _PRINTABLE_ASCII.fullmatch(text):
        return text
    spaced = _BLANKS.sub(lambda blanks: " " * len(blanks.group().expandtabs(4)), text)
    return "".join(character for character in spaced if character == "\n" or is_visible(character))


def printable(text: str) -> str:
    """The text with U+FFFD for each unprintable character, such as terminal escapes, line breaks and surrogates."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def escaped(text: str) -> str:
    r"""The text with a backslash escape, such as ``\x1b``, for each character that :func:`printable` would replace."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str) -> str:
    """The same as :func:`printable`, with each run of white space collapsed to one space."""
    return printable(" ".join(text.split()))


def readable(text: str) -> str:
    """Text from the command line or a terminal, with U+FFFD for bytes that are not UTF-8.

    Python decodes those bytes as lone surrogates, which no tokenizer accepts.
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
