"""Reading order of pages that are turned to the right: their lines run down the page, from the right edge to the left.

pdfium gives such lines from the left to the right, the last one first. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ingest.pdf.lines import Line

# A line is turned if it is so many times as high as wide; most letters of a turned page are in such lines.
_HIGH: Final = 1.5
_MOST: Final = 0.5


def in_turned_order(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines of a page; those that run down it from right to left, where most of its text does."""
    turned = [_is_turned(line) for line in lines]
    if not any(turned):
        return lines
    letters = [sum(map(len, (piece.text for piece in line.pieces))) for line in lines]
    down = sum(count for line, count in zip(lines, letters, strict=True) if _runs_down(line))
    if down <= _MOST * sum(letters):
        return lines
    # Others, such as an upright page number, stay where they are.
    ordered = iter(sorted((line for line, mark in zip(lines, turned, strict=True) if mark), key=_place))
    return [next(ordered) if mark else line for line, mark in zip(lines, turned, strict=True)]


def _is_turned(line: Line) -> bool:
    box = line.box
    return not line.slanted and box.y1 - box.y0 > _HIGH * (box.x1 - box.x0)


def _runs_down(line: Line) -> bool:
    """True if the words of a line follow each other downwards, at one place across the page."""
    first, last = line.pieces[0].box, line.pieces[-1].box
    return _is_turned(line) and last.y0 >= first.y1 and min(first.x1, last.x1) > max(first.x0, last.x0)


def _place(line: Line) -> tuple[int, float]:
    """Distance from the right edge in lines, and down the page."""
    return -round((line.box.x0 + line.box.x1) / max(line.size, 1.0)), line.box.y0
