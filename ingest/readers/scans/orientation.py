"""Orientation and script of a scanned page (Tesseract's OSD), and pages that lie on their side. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from rag.domain.values import Box, Page, Word

# Languages by the script that they are written in, the most frequent first; as Tesseract names both.
SCRIPTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Latin": tuple("eng deu fra spa ita por nld pol tur vie ron swe ces dan fin hun nor cat hrv slk ind".split()),
    "Cyrillic": ("rus", "ukr", "bul", "srp", "bel"),
    "Arabic": ("ara", "fas", "urd"),
    "Han": ("chi_sim", "chi_tra"),
    "HanS": ("chi_sim",),
    "HanT": ("chi_tra",),
    "Japanese": ("jpn",),
    "Hangul": ("kor",),
    "Korean": ("kor",),
    "Greek": ("ell",),
    "Hebrew": ("heb",),
    "Devanagari": ("hin", "mar", "nep"),
    "Thai": ("tha",),
    "Bengali": ("ben",),
    "Tamil": ("tam",),
    "Telugu": ("tel",),
    "Gujarati": ("guj",),
    "Georgian": ("kat",),
    "Armenian": ("hye",),
}
_FALLBACK: Final = "Latin"
# Languages that a page is recognized in at a time: each takes as long again.
_MOST: Final = 3
# Below it Tesseract guesses.
_LEAST_CONFIDENCE: Final = 1.0
_FIELD: Final = re.compile(r"^(Rotate|Orientation confidence|Script): *(\S+)", re.MULTILINE)
_QUARTER: Final = 90
_HALF: Final = 180


class Orientation(NamedTuple):
    """Orientation and script of a scanned page.

    Attributes:
        degrees: by which it has to be turned clockwise to be upright: 0, 90, 180 or 270.
        script: as Tesseract names it.
    """

    degrees: int = 0
    script: str = _FALLBACK


def orientation_of(output: str) -> Orientation:
    """Parses what Tesseract prints of a page; upright Latin where it does not tell."""
    fields = dict(_FIELD.findall(output))
    rotate, confidence = fields.get("Rotate", ""), fields.get("Orientation confidence", "0")
    is_sure = re.fullmatch(r"[\d.]{1,12}", confidence) is not None and float(confidence) >= _LEAST_CONFIDENCE
    degrees = int(rotate) if is_sure and rotate in ("90", "180", "270") else 0
    return Orientation(degrees, fields.get("Script", _FALLBACK))


def languages_for(script: str, installed: Collection[str]) -> tuple[str, ...]:
    """The installed languages in which a page of a script is recognized; empty where none of them is installed."""
    return tuple(language for language in SCRIPTS.get(script, ()) if language in installed)[:_MOST]


def packages_for(languages: Collection[str]) -> str:
    """The Debian packages with Tesseract's data for languages: "tesseract-ocr-chi-sim"."""
    return " ".join(f"tesseract-ocr-{language.replace('_', '-').lower()}" for language in languages)


def turned(data: bytes, width: int, height: int, degrees: int) -> tuple[bytes, int, int]:
    """Grey pixels, row by row, turned clockwise by a multiple of 90 degrees; with their width and height."""
    pixels = np.rot90(np.frombuffer(data, np.uint8).reshape(height, width), k=-(degrees // _QUARTER))
    return np.ascontiguousarray(pixels).tobytes(), pixels.shape[1], pixels.shape[0]


def turned_size(size: tuple[float, float], degrees: int) -> tuple[float, float]:
    """Width and height of a page that was turned."""
    return size if degrees % _HALF == 0 else (size[1], size[0])


def turned_back(page: Page, degrees: int) -> Page:
    """A page whose text was recognized in a turned picture, with its words where they are on the page as displayed."""
    if not degrees:
        return page
    width, height = turned_size((page.width, page.height), degrees)
    words = tuple(Word(word.start, word.end, _box(word.box, degrees, width, height)) for word in page.words)
    return replace(page, width=width, height=height, words=words)


def _box(box: Box, degrees: int, width: float, height: float) -> Box:
    """A box of the turned page on the page as displayed, which is ``width`` wide and ``height`` high."""
    if degrees == _QUARTER:
        return Box(box.y0, height - box.x1, box.y1, height - box.x0)
    if degrees == _HALF:
        return Box(width - box.x1, height - box.y1, width - box.x0, height - box.y0)
    return Box(width - box.y1, box.x0, width - box.y0, box.x1)
