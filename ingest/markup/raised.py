"""Raised characters (superscripts) in plain text: kept apart from what is before them, or written as an exponent.

Pure. Without this, 245 with the mark of a footnote 9 would be read as 2459, and ten to the power of -6 as 10-6.
"""

from __future__ import annotations

import re
from typing import Final

# A raised number is an exponent after ten, a single letter, a unit of length, or a closing bracket; not after degrees.
_BASE: Final = re.compile(r"(?:(?<![\d.,])10|(?<![^\W\d_])(?<!°)(?:[^\W\d_]|[kcdmµμn]m|ft|yd)|[)\]])$")
_UNSIGNED: Final = re.compile(r"\d+(?:[.,]\d+)?$|[nxk]$")
_SIGNED: Final = re.compile(r"[-+−–±]\s?(?:\d+(?:[.,]\d+)?|[nxk])$")
_MINUS: Final = re.compile("[−–]")
_OPENING: Final = frozenset("([{/\\-–'\"“‘«")
# Raised letters that mark notes: after numbers that are no ordinals, of two digits, or with a part or a sign; and after
# words that are no abbreviations.
_NOTE_LETTERS: Final = re.compile(r"[a-df-m](?:,\s?[a-df-m])*\)?")
_WORD: Final = re.compile(r"[^\W\d_]{4}[.,;:]?$")
_NUMBER: Final = re.compile(r"(?:\d[\d.,]|[\d.,]\d|\d[%°)])$")
# Characters before it that decide.
CONTEXT: Final = 12


def raised(before: str, text: str, *, note: bool = False) -> str:
    """Plain text for raised text, by the text before it.

    Args:
        before: at least the last :data:`CONTEXT` characters of the line.
        text: that is raised.
        note: whether it is known to be the mark of a note.

    Returns:
        "^-6" for an exponent; other numbers and marks after a space; letters as they are, as in "1st", but for one that
        marks a note.
    """
    bare, last = text.strip(), before[-1:]
    if not bare or not last or last.isspace() or last in _OPENING:
        return text
    if not note and _is_exponent(before[-CONTEXT:], bare):
        return f"^{_MINUS.sub('-', bare)}"
    is_mark = note or is_note_letter(before, bare) or (_NOTE_LETTERS.fullmatch(bare) and _WORD.search(before))
    if text[0].isspace() or (bare.isalpha() and not is_mark):
        return text
    return f" {text}"


def after_raised(written: str, text: str) -> str:
    """The text that follows raised text, with a space before a digit that would lengthen a raised number.

    A note begins with its mark, which may stand right before a number: ¹245 units are not 1245.
    """
    return f" {text}" if written[-1:].isdigit() and text[:1].isdigit() else text


def is_note_letter(before: str, bare: str) -> bool:
    """True if a raised letter after a number is the mark of a note, and no ending of an ordinal number, as in 2e.

    There may be several, and a bracket may close them, as in "71 a,b)".
    """
    return _NOTE_LETTERS.fullmatch(bare) is not None and _NUMBER.search(before[-CONTEXT:]) is not None


def _is_exponent(before: str, bare: str) -> bool:
    if _SIGNED.match(bare):
        return before[-1].isalnum() or before[-1] in ")]"
    return bool(_UNSIGNED.match(bare) and _BASE.search(before))
