"""Remarks on figures: pictures, and captions of charts, whose contents are not in the text. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ingest.pdf.lines import Line, PageLines
from ingest.readers.blocks import Block
from ingest.readers.source import LONGEST_CAPTION, MOST_CAPTIONS, Remark
from rag.domain.values import Box

# A caption: a number, and then a sign or a word with a capital; not "Figure 3 shows".
_CAPTION: Final = re.compile(
    r"(?:fig(?:ure|\.)?|chart|exhibit|diagram|graph|plate|scheme|photo|map|abb(?:ildung|\.)?|figura)\s?"
    r"(?P<number>[A-Z]?\d{1,3}(?:[.-]\d{1,3})?)\s?(?:[.:–—|-]|$|(?=[A-Z]))",
    re.IGNORECASE,
)
_UPPER: Final = re.compile(r"[A-ZÀ-Þ]")
# Characters of a line that are looked at.
_HEAD: Final = 40
# A picture at the same place, in points, on so many pages is a logo.
_PLACE: Final = 3.0
_LOGO: Final = 3


def figure_remarks(
    pages: Sequence[PageLines], figures: Mapping[int, Sequence[Box]], drawn: Collection[int] = ()
) -> list[Remark]:
    """Remarks on the figures of a document, with their captions.

    Args:
        pages: sizes and lines.
        figures: boxes of pictures without words, by page number.
        drawn: numbers of pages with little text that show much more: a drawing, or letters drawn as outlines.
    """
    places = Counter(_place(box) for boxes in figures.values() for box in set(boxes))
    remarks: list[Remark] = []
    told = 0
    for number, (_, lines) in enumerate(pages, start=1):
        pictures = [box for box in figures.get(number, ()) if places[_place(box)] < _LOGO]
        captions = list(_captions(lines))
        for caption in captions:
            told += 1
            remarks.append(Remark(number, "figure", caption if told <= MOST_CAPTIONS else ""))
        if len(pictures) > len(captions) or (number in drawn and not captions and not figures.get(number)):
            remarks.append(Remark(number, "figure"))
    return list(dict.fromkeys(remarks))


def _captions(lines: Sequence[Line]) -> Iterator[str]:
    yield from filter(None, (caption_of(line.text) for line in lines))


def caption_of(text: str) -> str:
    """The caption that a line or paragraph is, shortened; empty for another one."""
    match = _CAPTION.match(text[:_HEAD])
    if not match:
        return ""
    rest = text[match.end() :].lstrip()
    is_caption = not rest or match[0][-1] in ":|–—" or bool(_UPPER.match(rest))
    return text[:LONGEST_CAPTION].replace(": ", " – ").strip() if is_caption else ""


def with_captions(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks, each picture with the caption below it, or else above it."""
    before = ""
    held: Block | None = None
    for block in blocks:
        if held is not None:
            yield _captioned(held, caption_of(block.text) or before)
            before = caption_of(held.text) if held.text else before
        held = block
    if held is not None:
        yield _captioned(held, before)


def _captioned(block: Block, caption: str) -> Block:
    if not (block.figures and caption):
        return block
    *others, _ = block.figures
    return replace(block, figures=(*others, caption))


def _place(box: Box) -> tuple[int, ...]:
    return tuple(round(side / _PLACE) for side in box)
