"""Drop caps: a large first letter of a paragraph is put before the word that it begins. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ingest.pdf.lines import Line, box_around
from rag.domain.values import Box

# In font sizes of the paragraph: the least size of the letter, and the largest gap after it.
_LARGE: Final = 1.6
_GAP: Final = 1.5
# Most letters of a page that are looked at.
_MOST: Final = 40
# Words of one letter.
_WORDS: Final = frozenset("AIÀOÅÖ")


def with_drop_caps(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines with each drop cap at the start of the line beside it."""
    caps = [position for position, line in enumerate(lines) if _is_letter(line)][:_MOST]
    if not caps:
        return lines
    joined: list[Line | None] = list(lines)
    for position in caps:
        place = _place_beside(lines[position], position, joined)
        if place is not None and (line := joined[place]) is not None:
            joined[place], joined[position] = _with_letter(lines[position], line), None
    return [line for line in joined if line is not None]


def _place_beside(cap: Line, position: int, lines: Sequence[Line | None]) -> int | None:
    """Position of the line that a letter begins: the next one, or else the uppermost; a file may draw it anywhere."""
    found = [place for place, line in enumerate(lines) if line is not None and place != position and _begins(cap, line)]
    if position + 1 in found:
        return position + 1
    return min(found, key=lambda place: line.top if (line := lines[place]) else 0.0, default=None)


def _is_letter(line: Line) -> bool:
    return len(line.pieces) == 1 and len(line.pieces[0].text) == 1 and line.pieces[0].text.isupper()


def _begins(cap: Line, line: Line) -> bool:
    """True if a line is beside the upper part of a large letter, right after it."""
    if not _is_letter(cap):
        return False
    letter, first = cap.pieces[0], line.pieces[0]
    middle = (first.box.y0 + first.box.y1) / 2
    return (
        letter.size >= _LARGE * first.size
        and letter.box.y0 <= middle <= letter.box.y1
        and -first.size / 2 <= first.box.x0 - letter.box.x1 <= _GAP * first.size
        and first.text[0].isalpha()
    )


def _with_letter(cap: Line, line: Line) -> Line:
    letter, first = cap.pieces[0], line.pieces[0]
    box = Box(letter.box.x0, first.box.y0, letter.box.x1, first.box.y1)
    if letter.text in _WORDS and first.box.x0 - letter.box.x1 > first.size / 4:
        return replace(line, pieces=[first._replace(text=letter.text, box=box), *line.pieces])
    whole = first._replace(text=letter.text + first.text, box=box_around([box, first.box]))
    return replace(line, pieces=[whole, *line.pieces[1:]])
