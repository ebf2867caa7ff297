"""Raised digits in a picture of print, which OCR takes for a part of the number before them, or misreads with it.

A word is cut where no column of pixels has ink. Glyphs at its end that are smaller than those before them and stand
above their feet are raised. Number and raised digits are then recognized again, each by itself and the latter enlarged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ingest.pdf.raised_digits import written_apart

Grey: TypeAlias = NDArray[np.uint8]
# Recognizes a picture with one word in each row; the texts with the rows of pixels in which their middles are.
Recognize: TypeAlias = Callable[[Grey], Sequence[tuple[float, str]]]

# Shares of the height of the tallest glyph: least distance from the feet of the word, and heights, of a raised glyph.
# Signs of degrees and quotation marks are lower.
_RISE: Final = 0.25
_HEIGHTS: Final = (0.47, 0.8)
# A comma or full stop after it, and a dash in it.
_LOW: Final = 0.35
# Least height of digits that can be told apart, in pixels; most pixels of a word, and most words that are looked at.
_LEAST_HEIGHT: Final = 12
_MOST_PIXELS: Final = 200_000
_MOST_WORDS: Final = 100
_LONGEST: Final = 4
_ENLARGED: Final = 2
_MARGIN: Final = 20
_NUMBER: Final = re.compile(r"\S*\d[.,]?[)\]%]?")
_MARK: Final = re.compile(r"[-−–]?\d{1,3}(?:[,.]\d)?")
_ORDINAL: Final = re.compile(r".*\d(?:st|nd|rd|th)\W*", re.IGNORECASE)
_ONES: Final = str.maketrans("lI|!", "1111")


class RaisedRun(NamedTuple):
    """Columns of pixels of a word in which its raised digits are; ``after`` is true for a comma or full stop behind."""

    start: int
    end: int
    after: bool


def raised_run(pixels: Grey) -> RaisedRun | None:
    """The raised glyphs at the end of a word in grey, 0 is black; None without any. *Shape:* ``(height, width)``."""
    if not 0 < pixels.size <= _MOST_PIXELS:
        return None
    ink = pixels < (int(pixels.min()) + int(pixels.max())) / 2
    edges = np.flatnonzero(np.diff(np.pad(ink.any(axis=0), 1).astype(np.int8)))
    glyphs = [(*_rows(ink[:, start:end]), int(start), int(end)) for start, end in edges.reshape(-1, 2)]
    tallest = max((bottom - top for top, bottom, _, _ in glyphs), default=0)
    if len(glyphs) < 2 or tallest < _LEAST_HEIGHT:
        return None
    # The feet are those of glyphs of full height: commas and brackets reach below them.
    feet = float(np.median([bottom for top, bottom, _, _ in glyphs if bottom - top > _HEIGHTS[1] * tallest]))
    last = len(glyphs)
    while last and glyphs[last - 1][0] > feet - _LOW * tallest:
        last -= 1
    first = last
    while first and _is_raised(*glyphs[first - 1][:2], feet, tallest):
        first -= 1
    # A dash before the digits, or one that is as high between numbers, is told by the digits behind it.
    if 0 < first < last and _is_dash(*glyphs[first - 1][:2], feet, tallest):
        first -= 1
    if not 0 < first < last or last - first > _LONGEST:
        return None
    return RaisedRun(glyphs[first][2], glyphs[last - 1][3], last < len(glyphs))


def _is_raised(top: int, bottom: int, feet: float, tallest: int) -> bool:
    least, most = _HEIGHTS
    return feet - bottom >= _RISE * tallest and least * tallest <= bottom - top <= most * tallest


def _is_dash(top: int, bottom: int, feet: float, tallest: int) -> bool:
    # One between numbers stands at the middle of their digits.
    return bottom - top < _LOW * tallest and feet - bottom > tallest / 2


def _rows(ink: NDArray[np.bool_]) -> tuple[int, int]:
    """First row with ink, and the one after the last."""
    rows = np.flatnonzero(ink.any(axis=1))
    return int(rows[0]), int(rows[-1]) + 1


def separated(texts: Sequence[str], pictures: Sequence[Grey], recognize: Recognize) -> dict[int, tuple[list[str], int]]:
    """The words that have raised digits, by their places: one or two texts, and the column where the second begins.

    Args:
        texts: as they were recognized.
        pictures: of each word.
        recognize: called at most twice.
    """
    runs = {
        place: run
        for place, (text, pixels) in enumerate(zip(texts, pictures, strict=True))
        if any(map(str.isdigit, text)) and not _ORDINAL.fullmatch(text) and (run := raised_run(pixels))
    }
    runs = dict(list(runs.items())[:_MOST_WORDS])
    if not runs:
        return {}
    numbers = _recognized([pictures[place][:, : run.start] for place, run in runs.items()], recognize)
    marks = _recognized([_enlarged(pictures[place][:, run.start : run.end]) for place, run in runs.items()], recognize)
    found: dict[int, tuple[list[str], int]] = {}
    for (place, run), number, mark in zip(runs.items(), numbers, marks, strict=True):
        mark = mark.translate(_ONES)
        if _NUMBER.fullmatch(number) and _MARK.fullmatch(mark) and (written := written_apart(number, mark)):
            end = texts[place][-1] if run.after and not texts[place][-1].isalnum() else ""
            parts = [number, written[0] + end] if written[1] else [number + written[0] + end]
            found[place] = parts, run.start if written[1] else 0
    return found


def _enlarged(pixels: Grey) -> Grey:
    return pixels.repeat(_ENLARGED, axis=0).repeat(_ENLARGED, axis=1)


def _recognized(pictures: Sequence[Grey], recognize: Recognize) -> list[str]:
    """The text in each picture; empty where there is none, or it has several words."""
    width = max(picture.shape[1] for picture in pictures) + 2 * _MARGIN
    height = sum(len(picture) + _MARGIN for picture in pictures) + _MARGIN
    paper = max(int(picture.max()) for picture in pictures)
    sheet = np.full((height, width), paper, np.uint8)
    ends, top = [], _MARGIN
    for picture in pictures:
        sheet[top : top + len(picture), _MARGIN : _MARGIN + picture.shape[1]] = picture
        top += len(picture) + _MARGIN
        ends.append(top - _MARGIN / 2)
    texts: list[list[str]] = [[] for _ in pictures]
    for middle, text in recognize(sheet):
        texts[min(int(np.searchsorted(ends, middle)), len(ends) - 1)].append(text)
    return [found[0] if len(found) == 1 else "" for found in texts]
