"""Visual lines: the words of a page's text by line, from their boxes, and the cells between wide gaps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Final, NamedTuple, TypeAlias

from rag.domain.values import Box, Word

# Gap between cells, in heights of a word's box, which is a little more than the font size.
_WIDE: Final = 0.7
_CURRENCY: Final = frozenset(["$", "€", "£", "¥", "US$", "-$", "($"])
_CLOSING: Final = frozenset([")", "%", ")%", "%)"])
_NUMERIC_START: Final = frozenset("0123456789(—–-.")
_BULLET: Final = re.compile(r"[^\w\s$€£()]{1,2}|\(?(?:[\divxlc]{1,4}|[a-z])[.)]", re.IGNORECASE)


class LineCell(NamedTuple):
    """A stretch of a line between wide gaps."""

    text: str
    start: int
    end: int
    box: Box


class LinePiece(NamedTuple):
    """A word, or a number with the signs that belong to it."""

    text: str
    start: int
    end: int
    box: Box


class Fragment(NamedTuple):
    """A stretch of a line in columns ``first`` to ``last`` of a table, both included."""

    cell: LineCell
    first: int
    last: int

    @property
    def middle(self) -> float:
        """Height of its middle on the page."""
        return (self.cell.box.y0 + self.cell.box.y1) / 2


Level: TypeAlias = list[Fragment]


@dataclass(frozen=True)
class VisualLine:
    """Words at one height that follow one another in the text."""

    pieces: Sequence[LinePiece]

    @cached_property
    def box(self) -> Box:
        """Bounding box of its words."""
        return around([piece.box for piece in self.pieces])

    @cached_property
    def height(self) -> float:
        """Height of its words, in points."""
        return max(median(piece.box.y1 - piece.box.y0 for piece in self.pieces), 1.0)

    @cached_property
    def cells(self) -> Sequence[LineCell]:
        """The stretches between gaps that are wider than those between words."""
        return cells_of(self.pieces, _WIDE * self.height)

    @cached_property
    def text(self) -> str:
        """The words, joined by single spaces."""
        return " ".join(piece.text for piece in self.pieces)

    @property
    def start(self) -> int:
        """Offset of its first character."""
        return self.pieces[0].start

    @property
    def end(self) -> int:
        """Offset after its last character."""
        return self.pieces[-1].end

    @property
    def middle(self) -> float:
        """Height of its middle on the page."""
        return (self.box.y0 + self.box.y1) / 2

    @cached_property
    def tabular(self) -> bool:
        """True for several cells that are more than a list marker and its item."""
        cells = self.cells
        return len(cells) > 1 and not (len(cells) == 2 and _BULLET.fullmatch(cells[0].text))


def around(boxes: Sequence[Box]) -> Box:
    """Bounding box of boxes."""
    return Box(
        min(box.x0 for box in boxes),
        min(box.y0 for box in boxes),
        max(box.x1 for box in boxes),
        max(box.y1 for box in boxes),
    )


def cells_of(pieces: Sequence[LinePiece], gap: float) -> list[LineCell]:
    """Pieces joined to cells where they are at most ``gap`` points apart."""
    runs: list[list[LinePiece]] = []
    for piece in pieces:
        if runs and piece.box.x0 - runs[-1][-1].box.x1 <= gap:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [cell_of(run) for run in runs]


def cell_of(pieces: Sequence[LinePiece]) -> LineCell:
    """One cell of all pieces."""
    text = " ".join(piece.text for piece in pieces)
    return LineCell(text, pieces[0].start, pieces[-1].end, around([piece.box for piece in pieces]))


def visual_lines(text: str, words: Sequence[Word]) -> list[VisualLine]:
    """The lines of a page, in the order of its text; words must be in that order too, and within it."""
    lines: list[list[LinePiece]] = []
    before: Word | None = None
    for word in words:
        if not 0 <= word.start < word.end <= len(text):
            continue
        piece = LinePiece(text[word.start : word.end], *word)
        broken = before is None or "\n" in text[before.end : word.start] or not before.box.is_beside(word.box)
        if broken:
            lines.append([piece])
        elif _is_one_number(lines[-1][-1].text, piece.text):
            last = lines[-1][-1]
            joined = text[last.start : piece.end]
            lines[-1][-1] = LinePiece(" ".join(joined.split()), last.start, piece.end, last.box.around(piece.box))
        else:
            lines[-1].append(piece)
        before = word
    return [VisualLine(pieces) for pieces in lines]


def _is_one_number(before: str, after: str) -> bool:
    return (before in _CURRENCY and after[0] in _NUMERIC_START) or (after in _CLOSING and before[-1].isdigit())
