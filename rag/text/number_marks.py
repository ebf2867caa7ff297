"""Footnote marks in a page's text: the number in front of a footnote, and behind the words that refer to it.

As the reader of PDFs leaves them, a mark is a number of its own behind a word, "hours, 3 by which", and stands right
before the first word of its note, "3A sounding hour is".
"""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Final

_REFERENCE: Final = re.compile(r"(?<=[^\W\d_][.,;:!?)”\"’])\s(\d{1,2})(?=\s)")
# Not "3M": a capital and a small letter, or a word of one letter.
_NOTE: Final = re.compile(r"^(\d{1,2})(?=[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]|[AI] )", re.MULTILINE)
_MARK: Final = re.compile(r"(\d{1,2})\s?(?=[A-ZÀ-ÖØ-Þ])")


def footnote_marks(text: str) -> frozenset[str]:
    """The numbers that mark a footnote on a page: both the note and a reference to it are there."""
    notes = {match[1] for match in _NOTE.finditer(text)}
    return frozenset(notes.intersection(_REFERENCE.findall(text))) if notes else frozenset()


def start_after_mark(text: str, start: int, marks: Set[str]) -> int:
    """The offset of the first word of a sentence that begins at ``start``, behind a footnote mark in front of it."""
    mark = _MARK.match(text, start)
    return mark.end() if mark and mark[1] in marks else start
