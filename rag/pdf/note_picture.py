"""A note of a reviewer, drawn beside its mark as a viewer shows it when it is opened."""

from __future__ import annotations

import textwrap
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from rag.pdf.annotations import Annotation

# In points: font size, width of the box, and distance of the text from its edge.
_SIZE: Final = 9.0
_WIDTH: Final = 220.0
_MARGIN: Final = 5.0
_LINE: Final = 1.3
# Letters in a line of this width, and most lines.
_LETTERS: Final = 46
_MOST_LINES: Final = 16
_PAPER, _EDGE, _INK = (255, 250, 205), (190, 160, 60), (30, 30, 30)


def draw_note(picture: Image.Image, note: Annotation, scale: float) -> None:
    """Draws a note into the picture of its page.

    Args:
        picture: RGB; changed.
        note: to draw.
        scale: pixels per point.
    """
    lines = _lines(note)
    width, height = _WIDTH * scale, (len(lines) * _LINE * _SIZE + 2 * _MARGIN) * scale
    left = max(min(note.box.x0 * scale, picture.width - width), 0.0)
    below = note.box.y1 * scale
    # Below the mark, or above it where there is no room.
    top = below if below + height <= picture.height else max(note.box.y0 * scale - height, 0.0)
    draw = ImageDraw.Draw(picture)
    draw.rectangle([left, top, left + width, top + height], fill=_PAPER, outline=_EDGE)
    font = ImageFont.load_default(_SIZE * scale)
    for number, line in enumerate(lines):
        at = left + _MARGIN * scale, top + (_MARGIN + number * _LINE * _SIZE) * scale
        draw.text(at, line, fill=_INK, font=font)


def _lines(note: Annotation) -> list[str]:
    text = " ".join(note.text[: _LETTERS * (_MOST_LINES + 1)].split())
    return textwrap.wrap(
        f"{note.author}: {text}" if note.author else text, _LETTERS, max_lines=_MOST_LINES, placeholder=" …"
    )
