"""Lines from right to left that are drawn in several parts: joined in the order in which they are read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from ingest.pdf.lines import Line, Piece
from ingest.pdf.right_to_left.letter_order import runs_right_to_left

# Share of the height that parts of one line have in common; largest gap, and overlap, between them, in font sizes.
_SHARED: Final = 0.7
_GAP: Final = 1.0
_OVERLAP: Final = 0.2
# The mark at the end of a sentence is to the left of its last number.
_MARK_FIRST: Final = re.compile(r"([.,:;!?،؛؟]{1,3})(\d[\d/-]{0,20})")


def joined_right_to_left(lines: Iterable[Line]) -> list[Line]:
    """The lines with the parts of each that runs from right to left joined, the right one first."""
    joined: list[Line] = []
    for line in lines:
        if not runs_right_to_left(line.text):
            joined.append(line)
            continue
        line = replace(line, pieces=[_with_mark_last(piece) for piece in line.pieces])
        before = joined[-1] if joined else None
        if before is not None and runs_right_to_left(before.text) and _is_one(before, line):
            right, left = (before, line) if before.box.x0 > line.box.x0 else (line, before)
            joined[-1] = replace(left, pieces=[*right.pieces, *left.pieces])
        else:
            joined.append(line)
    return joined


def _with_mark_last(piece: Piece) -> Piece:
    match = _MARK_FIRST.fullmatch(piece.text)
    return piece._replace(text=match[2] + match[1]) if match else piece


def _is_one(one: Line, other: Line) -> bool:
    """True for two parts of a line, side by side."""
    if one.slanted or other.slanted:
        return False
    shared = min(one.box.y1, other.box.y1) - max(one.box.y0, other.box.y0)
    lower = min(one.box.y1 - one.box.y0, other.box.y1 - other.box.y0)
    gap = max(one.box.x0, other.box.x0) - min(one.box.x1, other.box.x1)
    size = max(one.size, other.size)
    return shared >= _SHARED * lower and -_OVERLAP * size <= gap <= _GAP * size
