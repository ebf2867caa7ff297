"""Watermarks: slanted words that repeat or are large, and large words at one place of most pages. Pure.

They are no part of the text that they lie over, and no headings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final, NamedTuple

from ingest.pdf.lines import Line, PageLines

# A slanted line is a watermark if it is there so often, or so many times as large as most lines of its page.
_LEAST_TIMES: Final = 3
_LARGE: Final = 2.0
# So are upright lines of this size, at the same place in points, on at least so many pages and this share of them.
_LARGER: Final = 1.5
_PLACE: Final = 4.0
_LEAST_PAGES: Final = 3
_SHARE: Final = 0.6


class StampedPage(NamedTuple):
    """Lines of a page without its watermarks, and those, each text once."""

    lines: Sequence[Line]
    stamps: Sequence[Line]


def without_stamps(pages: Sequence[PageLines]) -> list[StampedPage]:
    """The pages of a document with their watermarks apart."""
    if not any(_may_be(line, usual) for (_, lines), usual in zip(pages, _usual(pages), strict=True) for line in lines):
        return [StampedPage(lines, ()) for _, lines in pages]
    usual = _usual(pages)
    slanted = Counter(line.text for _, lines in pages for line in lines if line.slanted)
    places = Counter(
        key
        for (_, lines), size in zip(pages, usual, strict=True)
        for key in {_key(line) for line in lines if line.size >= _LARGER * size}
    )
    least = max(_LEAST_PAGES, _SHARE * len(pages))

    def is_stamp(line: Line, size: float) -> bool:
        if line.slanted:
            return slanted[line.text] >= _LEAST_TIMES or line.size >= _LARGE * size
        return line.size >= _LARGER * size and places[_key(line)] >= least

    return [_parted(lines, size, is_stamp) for (_, lines), size in zip(pages, usual, strict=True)]


def _parted(lines: Sequence[Line], size: float, is_stamp: Callable[[Line, float], bool]) -> StampedPage:
    marked = [is_stamp(line, size) for line in lines]
    stamps = {line.text: line for line, mark in zip(lines, marked, strict=True) if mark}
    kept = [line for line, mark in zip(lines, marked, strict=True) if not mark]
    # A page of nothing else, such as a cover, keeps its words.
    return StampedPage(kept, list(stamps.values())) if kept else StampedPage(lines, ())


def _usual(pages: Sequence[PageLines]) -> list[float]:
    """Median font size of the lines of each page."""
    return [median([line.size for line in lines if not line.slanted] or [0.0]) for _, lines in pages]


def _may_be(line: Line, size: float) -> bool:
    return line.slanted or line.size >= _LARGER * size


def _key(line: Line) -> tuple[str, int, int]:
    return line.text, round(line.box.x0 / _PLACE), round(line.box.y0 / _PLACE)
