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
# Words of one letter.
_WORDS: Final = frozenset("AIÀOÅÖ")


def with_drop_caps(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines with each drop cap at the start of the line beside it."""
    if not any(map(_is_letter, lines)):
        return lines
    joined: list[Line] = []
    for line in lines:
        if joined and _begins(joined[-1], line):
            joined[-1] = _with_letter(joined[-1], line)
        else:
            joined.append(line)
    return joined


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
