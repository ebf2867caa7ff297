"""Paragraphs after lists: lines that stand left of the text of a list item, and so are no part of it.

Where the space between paragraphs is that between lines, only the indentation tells that a list has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ingest.pdf.lines import Line
from rag.text.structure.lists import marker_length

# In font sizes: positions of one margin differ by less.
_TOLERANCE: Final = 0.4
_STOPS: Final = (".", "!", "?", ":", ";", ".”", '."', ".)")


def outdented(lines: Sequence[Line], breaks: Sequence[bool]) -> list[int]:
    """The positions of lines that begin a paragraph because the list item above them is indented.

    Such a line begins with a capital, after a sentence that has ended, and left of the marker of the item; or left of
    its text where an item of that list has a second line that is in line with its text.

    Args:
        lines: of a page, in reading order.
        breaks: for each line, whether it begins a paragraph for another reason.
    """
    found = []
    item: _Indent | None = None
    for position, line in enumerate(lines):
        if (begun := _Indent.of(line)) is not None:
            hangs = item is not None and item.hangs and begun.is_like(item)
            item = _Indent(begun.marker, begun.text, begun.tolerance, hangs=hangs)
        elif item is None or breaks[position]:
            item = None
        elif abs(line.box.x0 - item.text) <= item.tolerance:
            item = _Indent(item.marker, item.text, item.tolerance, hangs=True)
        elif _begins(lines[position - 1], line) and item.is_left(line):
            found.append(position)
            item = None
    return found


@dataclass(frozen=True, slots=True)
class _Indent:
    """Left edges, in points, of the marker and the text of a list item; ``hangs`` if its later lines stand there."""

    marker: float
    text: float
    tolerance: float
    hangs: bool = False

    @classmethod
    def of(cls, line: Line) -> _Indent | None:
        """That of an item that begins in a line; None for a line without a marker, or with nothing after it."""
        length = marker_length(line.text)
        start = 0
        for piece in line.pieces:
            if length and start >= length:
                return cls(line.pieces[0].box.x0, piece.box.x0, _TOLERANCE * line.size)
            start += len(piece.text) + 1
        return None

    def is_like(self, other: _Indent) -> bool:
        """True for an item of the same list, as far as its indentation tells."""
        return abs(self.text - other.text) <= self.tolerance

    def is_left(self, line: Line) -> bool:
        """True for a line that is left of what belongs to the item."""
        edge = self.text if self.hangs else self.marker
        return line.box.x0 < edge - self.tolerance


def _begins(above: Line, line: Line) -> bool:
    return above.text.endswith(_STOPS) and line.text[0].isupper()
