"""Order of the letters of words that run from right to left: Hebrew, Arabic, Persian and others. Pure.

pdfium turns such words round by rules, and some once too often: where each glyph is drawn by itself, as Skia does. The
places of the letters tell, for each is to the left of the one before it. The parts of an address among them,
"org.example@help", it turns round, too: there each character is to the right of the one before it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Floats: TypeAlias = NDArray[np.float64]

# Letters with their marks and joiners, without digits and punctuation, which have an order of their own.
_LETTERS: Final = (
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u05d0-\u05ea\u05ef-\u05f4"
    "\u0610-\u061a\u0620-\u065f\u066e-\u06d3\u06d5-\u06ef\u06fa-\u06ff\u0710-\u074f\u0750-\u07bf\u08a0-\u08ff"
    "\ufb1d-\ufb4f\ufb50-\ufdff\ufe70-\ufefc\u200c\u200d"
)
_WORD: Final = re.compile(f"[{_LETTERS}]{{2,64}}")
# Latin letters with signs between them.
_ADDRESS: Final = re.compile(r"(?<![!-~])(?=[!-~]{0,64}[A-Za-z])(?=[!-~]{0,64}[@./:])[!-~]{3,128}(?![!-~])")
_LETTER: Final = re.compile("[\u05d0-\u05ea\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\u0710-\u07bf\ufb1d-\ufefc]")
# The letters of ligatures: those that Unicode has as one character (Arabic Presentation Forms), and one of fonts.
_FORMS: Final = (unicodedata.normalize("NFKC", chr(code)) for code in (*range(0xFBEA, 0xFDFC), *range(0xFEF5, 0xFEFD)))
_LIGATURES: Final = frozenset(["لله", *(form for form in _FORMS if len(form) > 1 and form.isalpha())])
# In points: letters whose middles are nearer to each other are in no order.
_NEAR: Final = 0.2


def has_right_to_left(text: str) -> bool:
    """True if a text has letters of a script that runs from right to left."""
    return not text.isascii() and _LETTER.search(text) is not None


def runs_right_to_left(text: str) -> bool:
    """True if more letters of a text belong to scripts that run from right to left than to others."""
    count = len(_LETTER.findall(text))
    return count > 0 and 2 * count > sum(map(str.isalpha, text))


def letters_in_order(text: str, boxes: Callable[[Sequence[int]], _Floats]) -> list[int] | None:
    """The indexes of a text's characters with the letters of each turned word in order; None where all are.

    Args:
        text: of a page.
        boxes: gives left, top, right, bottom of characters by their indexes. *Shape:* ``(indexes, 4)``.
    """
    if not has_right_to_left(text):
        return None
    words = [match.span() for pattern in (_WORD, _ADDRESS) for match in pattern.finditer(text)]
    places = boxes([index for start, end in words for index in range(start, end)])
    middles = np.nan_to_num((places[:, 0] + places[:, 2]) / 2)
    order: list[int] | None = None
    done = 0
    for start, end in words:
        word, places_of_word = text[start:end], middles[done : done + end - start]
        turned = _from_left(places_of_word) if word.isascii() else _turned(word, places_of_word)
        done += end - start
        if turned is not None:
            order = order or list(range(len(text)))
            order[start:end] = [start + place for place in turned]
    return order


def _from_left(middles: _Floats) -> list[int] | None:
    """Positions of the characters of an address from left to right; None where they are in that order."""
    if not (np.diff(middles) < -_NEAR).any():
        return None
    return [int(place) for place in np.argsort(middles, kind="stable")]


def glyphs_in_order(text: str, boxes: Callable[[Sequence[int]], _Floats]) -> str:
    """The text with the letters of each ligature in order, and each mark after the letter whose glyph it shares.

    pdfium gives the letters of one glyph in the order of the file, and turns some whole words round.

    Args:
        text: of a page.
        boxes: gives left, top, right, bottom of characters by their indexes. *Shape:* ``(indexes, 4)``.
    """
    words = [] if text.isascii() else [match.span() for match in _WORD.finditer(text)]
    if not words:
        return text
    indexes = [index for start, end in words for index in range(start, end)]
    places = boxes(indexes)
    shared = np.append((places[1:] == places[:-1]).all(axis=1), False)
    letters = list(text)
    done = 0
    for start, end in words:
        together = shared[done : done + end - start - 1].tolist()
        done += end - start
        first = start
        for index, same in enumerate([*together, False], start=start + 1):
            if not same:
                letters[first:index] = _glyph(text[first:index])
                first = index
    return "".join(letters)


def _glyph(letters: str) -> str:
    """The letters of one glyph in order."""
    if len(letters) == 1 or letters in _LIGATURES:
        return letters
    other = letters[::-1]
    begins_with_mark = unicodedata.combining(letters[0]) and not unicodedata.combining(other[0])
    return other if other in _LIGATURES or begins_with_mark else letters


def _turned(word: str, middles: _Floats) -> list[int] | None:
    """Positions of the letters of a word from right to left; None where they are in that order."""
    is_mark = np.array([unicodedata.combining(letter) > 0 or letter in "\u200c\u200d" for letter in word])
    letters = np.flatnonzero(~is_mark)
    steps = np.diff(middles[letters])
    if (steps > _NEAR).sum() <= (steps < -_NEAR).sum():
        return None
    # Each mark follows the letter that it is drawn over.
    over = middles.copy()
    for mark in np.flatnonzero(is_mark).tolist():
        over[mark] = middles[letters[np.abs(middles[letters] - middles[mark]).argmin()]]
    return [int(place) for place in np.lexsort((is_mark, -over))]
