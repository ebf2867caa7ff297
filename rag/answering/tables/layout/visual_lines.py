"""Visual lines: the words of a page's text by line, from their boxes, and the cells between wide gaps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
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
    """Words at one height that follow one another in the text, or a row of cells with several lines.

    Attributes:
        pieces: the words, from left to right, cell by cell.
        wrapped: whether a cell has several lines.
    """

    pieces: Sequence[LinePiece]
    wrapped: bool = False

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
    text = pieces[0].text
    for before, piece in pairwise(pieces):
        # A word that is broken within a cell of several lines is two pieces without a space between them.
        text += f" {piece.text}" if piece.start > before.end else piece.text
    return LineCell(text, pieces[0].start, pieces[-1].end, around([piece.box for piece in pieces]))


def visual_lines(text: str, words: Sequence[Word]) -> list[VisualLine]:
    """The lines of a page, in the order of its text; words must be in that order too, and within it.

    A line of the text is one, also where cells have several lines; but not where a broken word joins two.
    """
    lines: list[VisualLine] = []
    for line in _text_lines(text, words):
        steps = [(before, after) for before, after in pairwise(line) if not before.box.is_beside(after.box)]
        wrapped = any(after.start > before.end for before, after in steps)
        start = 0
        for place in range(1, len(line) + 1):
            if place == len(line) or not (wrapped or line[place - 1].box.is_beside(line[place].box)):
                lines.append(VisualLine(_with_signs(line[start:place], text), wrapped))
                start = place
    return lines


def _text_lines(text: str, words: Sequence[Word]) -> list[list[LinePiece]]:
    lines: list[list[LinePiece]] = []
    for word in words:
        if 0 <= word.start < word.end <= len(text):
            piece = LinePiece(text[word.start : word.end], *word)
            if lines and "\n" not in text[lines[-1][-1].end : word.start]:
                lines[-1].append(piece)
            else:
                lines.append([piece])
    return lines


def _with_signs(pieces: Sequence[LinePiece], text: str) -> list[LinePiece]:
    """Pieces with the signs of a number joined to it."""
    joined: list[LinePiece] = []
    for piece in pieces:
        if joined and _is_one_number(joined[-1].text, piece.text):
            last = joined[-1]
            number = " ".join(text[last.start : piece.end].split())
            joined[-1] = LinePiece(number, last.start, piece.end, last.box.around(piece.box))
        else:
            joined.append(piece)
    return joined


def _is_one_number(before: str, after: str) -> bool:
    return (before in _CURRENCY and after[0] in _NUMERIC_START) or (after in _CLOSING and before[-1].isdigit())
