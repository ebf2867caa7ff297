"""Words with boxes, lines and cells of a page: values shared by the text layer and OCR."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from rag.domain.values import Box

# A wide gap between words, in font sizes: more than a space of a justified line, less than a gutter.
_WIDE: Final = 0.8
# Signs that belong to the number after or before them, however far apart a table sets them.
_BEFORE_A_NUMBER: Final = frozenset("$€£¥")
_AFTER_A_NUMBER: Final = frozenset([")", "%", ")%", "%)"])


class Piece(NamedTuple):
    """A word, or the part of a hyphenated word in this line; ``size`` is the font size in points."""

    text: str
    box: Box
    size: float
    bold: bool


@dataclass(frozen=True)
class Line:
    """A line of a page.

    Attributes:
        hyphenated: whether its last word continues in the next line.
        slanted: whether its letters are neither upright nor turned by a right angle.
        seams: positions of pieces that the next piece goes on: words broken within a cell of several lines.
        begins: whether a paragraph begins with it, wherever it stands: that of a note or a text box.
    """

    pieces: Sequence[Piece] = ()
    hyphenated: bool = False
    begins: bool = False
    slanted: bool = False
    seams: frozenset[int] = frozenset()

    @cached_property
    def text(self) -> str:
        """The words, joined by single spaces."""
        if not self.seams:
            return " ".join([piece[0] for piece in self.pieces])
        return "".join(
            [piece[0] if place in self.seams else f"{piece[0]} " for place, piece in enumerate(self.pieces)]
        )[:-1]

    @cached_property
    def letters(self) -> Mapping[float, int]:
        """Number of letters by font size."""
        letters: dict[float, int] = {}
        for text, _, size, _ in self.pieces:
            letters[size] = letters.get(size, 0) + len(text)
        return letters

    @cached_property
    def size(self) -> float:
        """Font size of most letters, in points."""
        return max(self.letters, key=self.letters.__getitem__)

    @cached_property
    def bold(self) -> bool:
        """True if all words are bold."""
        return all(piece.bold for piece in self.pieces)

    @cached_property
    def box(self) -> Box:
        """Bounding box of all words."""
        return box_around([piece[1] for piece in self.pieces])

    @cached_property
    def cells(self) -> Sequence[Cell]:
        """The stretches between wide gaps, from left to right."""
        return _cells(self)

    @property
    def top(self) -> float:
        """Upper edge, in points from the top of the page."""
        return self.box.y0


PageLines: TypeAlias = tuple[tuple[float, float], Sequence[Line]]


class Cell(NamedTuple):
    """A stretch of a line between wide gaps: a cell of a table, the line of a column, or all of it."""

    pieces: Sequence[Piece]
    box: Box

    @property
    def text(self) -> str:
        """The words, joined by single spaces."""
        return " ".join([piece.text for piece in self.pieces])


def box_around(boxes: Iterable[Box]) -> Box:
    """Bounding box of boxes."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def _cells(line: Line) -> Sequence[Cell]:
    pieces = line.pieces
    cuts = [0]
    text, (_, _, right, _), _, _ = pieces[0]
    for position, (after, (x0, _, x1, _), size, _) in enumerate(pieces):
        if x0 - right > _WIDE * size and not _is_one_number(text, after):
            cuts.append(position)
        text, right = after, x1
    if len(cuts) == 1:
        return [Cell(pieces, line.box)]
    parts = [pieces[start:end] for start, end in zip(cuts, [*cuts[1:], len(pieces)], strict=True)]
    return [Cell(part, box_around([piece.box for piece in part])) for part in parts]


def _is_one_number(before: str, after: str) -> bool:
    return (before in _BEFORE_A_NUMBER and after[:1] in "0123456789(—–-.") or after in _AFTER_A_NUMBER
