"""Watermarks: slanted words that repeat or are large, large words at one place of most pages or over text, and tiles.

Pure. They are no part of the text that they lie over, and no headings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import Final, NamedTuple, TypeAlias

from ingest.pdf.lines import Line, PageLines, box_around

# Words that a line repeats.
_Phrase: TypeAlias = tuple[str, ...]

# A slanted line is a watermark if it is there so often, or so many times as large as most lines of its page.
_LEAST_TIMES: Final = 3
_LARGE: Final = 2.0
# So are upright lines of this size, at the same place in points, on at least so many pages and this share of them.
_LARGER: Final = 1.5
_PLACE: Final = 4.0
_LEAST_PAGES: Final = 3
_SHARE: Final = 0.6
# Large words that are on no page for their own sake.
_MARK: Final = re.compile(
    r"\W{0,4}(?:strictly )?(?:confidential|draft|copy|sample|specimen|void|duplicate|internal use only|do not copy"
    r"|not for (?:distribution|circulation|release)|entwurf|kopie|muster|vertraulich|confidentiel|brouillon|copie"
    r"|confidencial|borrador|copia|riservato|bozza)\W{0,4}",
    re.IGNORECASE,
)
# Upright tiles: at most so many words, repeated so often on a page, in so many lines alike; letters of all words.
_MOST_WORDS: Final = 8
_LEAST_TILES: Final = 12
_LEAST_ALIKE: Final = 4
_LEAST_LETTERS: Final = 6
# Large words lie over text if they have so many letters, and so many lines run through them, each over this share of
# the narrower one.
_LETTERS_OVER_TEXT: Final = 4
_LINES_UNDER: Final = 2
_UNDER: Final = 0.5


class StampedPage(NamedTuple):
    """Lines of a page without its watermarks, and those, each text once."""

    lines: Sequence[Line]
    stamps: Sequence[Line]


def without_stamps(pages: Sequence[PageLines]) -> list[StampedPage]:
    """The pages of a document with their watermarks apart."""
    if not any(
        _are_repeated(lines) or any(_may_be(line, usual) for line in lines)
        for (_, lines), usual in zip(pages, _usual(pages), strict=True)
    ):
        return [StampedPage(lines, ()) for _, lines in pages]
    usual = _usual(pages)
    slanted = Counter(line.text for _, lines in pages for line in lines if line.slanted)
    on_each = Counter(key for _, lines in pages for key in {_key(line) for line in lines if line.slanted})
    places = Counter(
        key
        for (_, lines), size in zip(pages, usual, strict=True)
        for key in {_key(line) for line in lines if line.size >= _LARGER * size}
    )
    least = max(_LEAST_PAGES, _SHARE * len(pages))

    def is_stamp(line: Line, size: float, lines: Sequence[Line]) -> bool:
        if line.slanted:
            repeated = slanted[line.text] >= _LEAST_TIMES or 1 < len(pages) == on_each[_key(line)]
            return repeated or line.size >= _LARGE * size
        return line.size >= _LARGER * size and (
            places[_key(line)] >= least or _MARK.fullmatch(line.text) is not None or _lies_over(line, lines)
        )

    return [_parted(lines, size, is_stamp) for (_, lines), size in zip(pages, usual, strict=True)]


def _lies_over(line: Line, lines: Sequence[Line]) -> bool:
    """True if other lines run through a line, as no print of its own does."""
    if sum(map(str.isalpha, line.text)) < _LETTERS_OVER_TEXT:
        return False
    left, top, right, bottom = line.box
    through = 0
    for box in (other.box for other in lines if other is not line):
        shared = min(right, box.x1) - max(left, box.x0)
        through += top < (box.y0 + box.y1) / 2 < bottom and shared >= _UNDER * min(right - left, box.x1 - box.x0)
    return through >= _LINES_UNDER


def _parted(lines: Sequence[Line], size: float, is_stamp: Callable[[Line, float, Sequence[Line]], bool]) -> StampedPage:
    tile = _tile(lines)
    marked = [is_stamp(line, size, lines) or (tile is not None and _phrase(line) == tile) for line in lines]
    stamps = {line.text: line for line, mark in zip(lines, marked, strict=True) if mark}
    kept = [line for line, mark in zip(lines, marked, strict=True) if not mark]
    # A page of nothing else, such as a cover, keeps its words.
    if not kept:
        return StampedPage(lines, ())
    if tile is not None:
        first = next(line for line, mark in zip(lines, marked, strict=True) if mark and _phrase(line) == tile)
        stamps = {text: line for text, line in stamps.items() if _phrase(line) != tile}
        stamps[" ".join(tile)] = replace(first, pieces=first.pieces[: len(tile)])
    # The edge of the page may cut some of them off.
    whole = [line for text, line in stamps.items() if not any(text in other and text != other for other in stamps)]
    return StampedPage(kept, whole)


def _tile(lines: Sequence[Line]) -> _Phrase | None:
    """The words that are repeated all over a page, from the left of its other text on; None where none are."""
    if not _are_repeated(lines):
        return None
    phrases = [_phrase(line) for line in lines]
    times: Counter[_Phrase] = Counter()
    for line, phrase in zip(lines, phrases, strict=True):
        times[phrase] += len(line.pieces) // len(phrase)
    phrase, count = times.most_common(1)[0]
    if count < _LEAST_TILES or sum(map(len, phrase)) < _LEAST_LETTERS or phrases.count(phrase) < _LEAST_ALIKE:
        return None
    tiles = box_around([line.box for line, one in zip(lines, phrases, strict=True) if one == phrase])
    others = [line.box for line, one in zip(lines, phrases, strict=True) if one != phrase]
    if not others:
        return None
    text = box_around(others)
    shared = min(tiles.y1, text.y1) - max(tiles.y0, text.y0)
    return phrase if tiles.x0 <= text.x0 and shared >= _SHARE * (text.y1 - text.y0) else None


def _are_repeated(lines: Sequence[Line]) -> bool:
    """Quick test whether several lines of a page are alike; of most pages none are."""
    return len(lines) > _LEAST_ALIKE and max(Counter(line.text for line in lines).values()) >= _LEAST_ALIKE


def _phrase(line: Line) -> _Phrase:
    """The words that a line repeats; all of them where it repeats none."""
    words = tuple(piece.text for piece in line.pieces)
    periods = range(1, min(_MOST_WORDS, len(words) // 2) + 1)
    return next((words[:period] for period in periods if words[period:] == words[:-period]), words)


def _usual(pages: Sequence[PageLines]) -> list[float]:
    """Median font size of the lines of each page."""
    return [median([line.size for line in lines if not line.slanted] or [0.0]) for _, lines in pages]


def _may_be(line: Line, size: float) -> bool:
    return line.slanted or line.size >= _LARGER * size


def _key(line: Line) -> tuple[str, int, int]:
    return line.text, round(line.box.x0 / _PLACE), round(line.box.y0 / _PLACE)
