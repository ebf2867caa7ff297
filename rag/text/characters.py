"""Which characters a person sees: all readers keep these, and no others."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Cc, Cf: controls, zero-width, bidirectional and tag characters, with which text hides from people.
# Cs, Cn: halves of characters, which neither SQLite nor JSON would take, and what is no character at all.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Cn"})
_ORDINARY: Final = re.compile(r"[ -~\n]*")
_BLANKS: Final = re.compile(r"[^\S\n]+")
_LINE_ENDS: Final = re.compile(r"\r\n?|[\x85\u2028\u2029]")


@lru_cache(maxsize=100_000)
def is_visible(character: str) -> bool:
    """Whether a character is printed or is a space; variation selectors only say how another one looks."""
    return unicodedata.category(character) not in _UNSEEN and not "\ufe00" <= character <= "\ufe0f"


def clean(text: str) -> str:
    """The text without what is not seen; line ends become newlines, tabs and other blanks become spaces."""
    text = _LINE_ENDS.sub("\n", text)
    if _ORDINARY.fullmatch(text):
        return text
    spaced = _BLANKS.sub(lambda blanks: " " * len(blanks.group().expandtabs(4)), text)
    return "".join(character for character in spaced if character == "\n" or is_visible(character))


def printable(text: str) -> str:
    """The text without what a terminal would obey, or what breaks a line: in its place the replacement character."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def one_line(text: str) -> str:
    """The same, with each run of blanks and line ends as one space."""
    return printable(" ".join(text.split()))


def readable(text: str) -> str:
    """The text that somebody typed. Bytes that are no UTF-8 come as lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
