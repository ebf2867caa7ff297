"""Remarks on figures: pictures, and captions of charts, whose contents are not in the text. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from ingest.pdf.lines import Line, PageLines
from ingest.readers.source import Remark
from rag.domain.values import Box

# A caption: a number, and then a sign or a word with a capital; not "Figure 3 shows".
_CAPTION: Final = re.compile(
    r"(?:fig(?:ure|\.)?|chart|exhibit|diagram|graph|plate|scheme|photo|map|abb(?:ildung|\.)?|figura)\s?"
    r"(?P<number>[A-Z]?\d{1,3}(?:[.-]\d{1,3})?)\s?(?:[.:–—|-]|$|(?=[A-Z]))",
    re.IGNORECASE,
)
_UPPER: Final = re.compile(r"[A-ZÀ-Þ]")
_LONGEST_CAPTION: Final = 100
# Most captions that are told of a document, and characters of a line that are looked at.
_MOST_CAPTIONS: Final = 40
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
            remarks.append(Remark(number, "figure", caption if told <= _MOST_CAPTIONS else ""))
        if len(pictures) > len(captions) or (number in drawn and not captions and not figures.get(number)):
            remarks.append(Remark(number, "figure"))
    return list(dict.fromkeys(remarks))


def _captions(lines: Sequence[Line]) -> Iterator[str]:
    for line in lines:
        text = line.text
        match = _CAPTION.match(text[:_HEAD])
        if match and _is_caption(match[0], text[match.end() :].lstrip()):
            yield text[:_LONGEST_CAPTION].replace(": ", " – ").strip()


def _is_caption(head: str, rest: str) -> bool:
    return not rest or head[-1] in ":|–—" or bool(_UPPER.match(rest))


def _place(box: Box) -> tuple[int, ...]:
    return tuple(round(side / _PLACE) for side in box)
