"""Numbers that stand in front of a sentence and are no part of it: those of footnotes and of paragraphs.

As the reader of PDFs leaves them, the mark of a footnote is a number of its own behind a word, "hours, 3 by which", and
stands right before the first word of its note, "3A sounding hour is". Policies and laws number their paragraphs: "5.65
If visitors ...".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Final

_REFERENCE: Final = re.compile(r"(?<=[^\W\d_][.,;:!?)”\"’])\s(\d{1,2})(?=\s)")
# Not "3M": a capital and a small letter, or a word of one letter.
_NOTE: Final = re.compile(r"^(\d{1,2})(?=[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]|[AI] )", re.MULTILINE)
_PARAGRAPH: Final = re.compile(r"^(\d{1,2}(?:\.\d{1,3}){0,2}\.)(\d{1,3})\.?(?=[ \t]+\S)", re.MULTILINE)
# The number of a heading.
_SECTION: Final = re.compile(r"^(\d{1,2}(?:\.\d{1,3}){0,2})\.?(?=[ \t]+[A-ZÀ-ÖØ-Þ])", re.MULTILINE)
_LINE_START: Final = re.compile(r"\n[ \t]*+")
_MARK: Final = re.compile(r"(\d{1,2}(?:\.\d{1,3}){0,3})(?:\.[ \t]+|\s?)(?=[A-ZÀ-ÖØ-Þ“\"‘(])")


def number_marks(text: str) -> frozenset[str]:
    """The numbers of a page's footnotes and paragraphs.

    Of a footnote, both the note and a reference to it are there; of a paragraph, the number before or after it is, too,
    or that of its section is in front of the first one.
    """
    notes = {match[1] for match in _NOTE.finditer(text)}
    paragraphs = {(match[1], int(match[2])) for match in _PARAGRAPH.finditer(text)}
    sections = {f"{match[1]}." for match in _SECTION.finditer(text)} if paragraphs else set()
    numbered = {
        f"{above}{number}"
        for above, number in paragraphs
        if not paragraphs.isdisjoint({(above, number - 1), (above, number + 1)}) or (number == 1 and above in sections)
    }
    return frozenset(notes.intersection(_REFERENCE.findall(text)) if notes else ()) | frozenset(numbered)


def start_after_mark(text: str, start: int, marks: Set[str]) -> int:
    """The offset of the first word of a sentence that begins at ``start``, behind one of ``marks`` in front of it."""
    mark = _MARK.match(text, start)
    return mark.end() if mark and mark[1] in marks else start


def paragraphs_with_marks(text: str, start: int, end: int, marks: Set[str]) -> Iterator[tuple[int, int]]:
    """The parts of ``text[start:end]`` that lines which begin with one of ``marks`` divide it into, as offsets.

    "The Professional will:", in front of such a line, is no sentence that goes on in it.
    """
    if marks:
        for line in _LINE_START.finditer(text, start + 1, end):
            mark = _MARK.match(text, line.end())
            if mark and mark[1] in marks:
                yield start, line.end()
                start = line.end()
    yield start, end
