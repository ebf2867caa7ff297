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


# "word) 2024(." is "word (2024).": brackets are written as they look, and the second one opens on the left.
_CLOSES: Final = re.compile(r"([^()\s]+)\)")
_OPENS: Final = re.compile(r"([^()\s]+)\(([.,:;!?،؛؟]{0,3})")
# Words in a bracket.
_MOST_IN_BRACKETS: Final = 12
# "ל25-" is "ל-25": a prefix of Hebrew, with its hyphen.
_PREFIXED: Final = re.compile(r"([\u05d0-\u05ea]{1,4})(\d[\d.,:/]{0,20})-")


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
    return [_with_signs_in_order(line) if runs_right_to_left(line.text) else line for line in joined]


def _with_signs_in_order(line: Line) -> Line:
    """The line with brackets and hyphens where they are read."""
    pieces = [piece._replace(text=_PREFIXED.sub(r"\1-\2", piece.text)) for piece in line.pieces]
    for place, piece in enumerate(pieces):
        if not (closed := _CLOSES.fullmatch(piece.text)):
            continue
        after = range(place + 1, min(len(pieces), place + 1 + _MOST_IN_BRACKETS))
        end = next((other for other in after if "(" in pieces[other].text or ")" in pieces[other].text), None)
        opened = _OPENS.fullmatch(pieces[end].text) if end else None
        if end and opened:
            pieces[place] = piece._replace(text=closed[1])
            pieces[end] = pieces[end]._replace(text=f"{opened[1]}){opened[2]}")
            pieces[place + 1] = pieces[place + 1]._replace(text=f"({pieces[place + 1].text}")
    return replace(line, pieces=pieces)


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
