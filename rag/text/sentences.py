"""Sentence segmentation by rules: the spans of sentences and lines in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_END: Final = re.compile(r"[.!?][\"'”’)\]]*(?=\s|$)|\n\n+")
# A full stop after one of these abbreviations, or after an initial, does not end a sentence.
_ABBREVIATION: Final = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|ca|No|Nos|Fig|Dr|Mr|Mrs|Ms|St|Inc|Ltd|Co|Corp|Art|Sec|p|pp|[A-Z])\.$"
)


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end offsets of each sentence, in order, without surrounding white space.

    A blank line ends a sentence too; a single line break does not, since in a PDF it only means that the line was full.
    """
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if match.group()[0] == "." and _ABBREVIATION.search(text[max(start, end - 12) : end]):
            continue
        yield from _stripped(text, start, end)
        start = end
    yield from _stripped(text, start, len(text))


def line_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and end offsets in ``text`` of the non-blank lines of ``text[start:end]``, without surrounding blanks."""
    for match in re.compile(r"[^\n]+").finditer(text, start, end):
        yield from _stripped(text, match.start(), match.end())


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if stripped := piece.strip():
        left = start + len(piece) - len(piece.lstrip())
        yield left, left + len(stripped)
