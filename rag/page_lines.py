"""What is read from a page: words with their places, in lines. Pure values; they do not know where they came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from rag.domain import Box

# Between two words of a line, in letter sizes: more than the space of a justified line, less than that of a gutter.
_WIDE: Final = 0.8
# What belongs to the number after it, or before it, however far away a table sets it.
_BEFORE_A_NUMBER: Final = frozenset("$€£¥")
_AFTER_A_NUMBER: Final = frozenset([")", "%", ")%", "%)"])


class Piece(NamedTuple):
    """A word, or the part of a hyphenated one that stands in this line; ``size`` of its letters in points."""

    text: str
    box: Box
    size: float
    bold: bool


@dataclass(slots=True)
class Line:
    """A line of a page; ``hyphenated`` if its last word goes on in the next one."""

    pieces: list[Piece] = field(default_factory=list)
    hyphenated: bool = False

    @property
    def text(self) -> str:
        """Its words, with single spaces."""
        return " ".join([piece.text for piece in self.pieces])

    @property
    def size(self) -> float:
        """Of most of its letters, in points."""
        if len({piece.size for piece in self.pieces}) == 1:
            return self.pieces[0].size
        letters: dict[float, int] = {}
        for piece in self.pieces:
            letters[piece.size] = letters.get(piece.size, 0) + len(piece.text)
        return max(letters, key=letters.__getitem__)

    @property
    def bold(self) -> bool:
        """Whether all of it is."""
        return all(piece.bold for piece in self.pieces)

    @property
    def top(self) -> float:
        """Its upper edge, in points from the top."""
        return min([piece.box[1] for piece in self.pieces])

    @property
    def box(self) -> Box:
        """Around all of it."""
        return box_around([piece.box for piece in self.pieces])


PageLines: TypeAlias = tuple[tuple[float, float], Sequence[Line]]


class Cell(NamedTuple):
    """A stretch of a line between wide gaps: a cell of a table, the line of a column, or all of it."""

    pieces: Sequence[Piece]
    box: Box

    @property
    def text(self) -> str:
        """Its words, with single spaces."""
        return " ".join([piece.text for piece in self.pieces])


def box_around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def cells_of(line: Line) -> list[Cell]:
    """The line cut at its wide gaps, from left to right."""
    pieces = line.pieces
    cuts = [0]
    for position in range(1, len(pieces)):
        before, after = pieces[position - 1], pieces[position]
        if after.box[0] - before.box[2] > _WIDE * after.size and not _are_one(before.text, after.text):
            cuts.append(position)
    if len(cuts) == 1:
        return [Cell(pieces, line.box)]
    parts = [pieces[start:end] for start, end in zip(cuts, [*cuts[1:], len(pieces)], strict=True)]
    return [Cell(part, box_around([piece.box for piece in part])) for part in parts]


def _are_one(before: str, after: str) -> bool:
    return (before in _BEFORE_A_NUMBER and after[:1] in "0123456789(—–-.") or after in _AFTER_A_NUMBER
