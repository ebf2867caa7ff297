"""Letters for glyph numbers: text of fonts that do not say which letters their glyphs are.

Without a ToUnicode map, the codes of an Identity-H font are the numbers of its glyphs. Most TrueType fonts keep the
standard order of the Macintosh, which is ASCII less 29 and then Mac OS Roman: "the" is read as "WKH". Other fonts have
fewer or more glyphs before the space, and are ASCII less another number. Pure. The length of a text does not change:
each code is one character.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

_ASCII: Final = "".join(map(chr, range(32, 127)))
_ROMAN: Final = bytes(range(0x80, 0x100)).decode("mac_roman")
# The codes of the space, each with the letters from there on.
_ORDERS: Final[Mapping[str, Mapping[int, str]]] = {
    "\x03": dict(enumerate(_ASCII + _ROMAN, start=3)),
    # Not 2, by which pdfium marks a hyphen.
    **{chr(space): dict(enumerate(_ASCII, start=space)) for space in (1, 4, 5, 6, 7, 8)},
}
# The least that shows what a font has: its spaces, letters and digits.
_FEWEST_SPACES: Final = 2
_FEWEST_LETTERS: Final = 8
# Vowels among the letters of European languages are 33 to 50 %; among the codes of their letters some 20 %.
_FEWEST_VOWELS: Final = 0.28
_MOST_VOWELS: Final = 0.6
_VOWELS: Final = frozenset("aeiouyäöüåæøéèêáàâíìîóòôúùûıAEIOUYÄÖÜÅÆØÉ")
_LONGEST_WORD: Final = 14
# Small letters but "a" are the codes of accents: a text has few of these, and a healthy font many of those.
_MOST_ACCENTS: Final = 0.15
# Codes that no text has, where there are too few letters to tell by their vowels.
_FEWEST_CONTROLS: Final = 0.4


def may_be_glyph_numbers(text: str) -> bool:
    """True if a text has the codes of spaces in one of the orders of glyphs; fast, and false for nearly all texts."""
    return any(space in text for space in _ORDERS)


def letters_of_glyphs(codes: str) -> str | None:
    """The text that a font's glyph numbers stand for; None where they are no glyph numbers, or of an unknown order."""
    for space, letters in _ORDERS.items():
        if codes.count(space) < _FEWEST_SPACES:
            continue
        text = codes.translate(letters)
        if _is_text(codes, text):
            return text
    return None


def _is_text(codes: str, text: str) -> bool:
    """True if a text is likelier than the codes that it was made from."""
    letters = [letter for letter in text if letter.isalpha()]
    digits = sum(map(str.isdecimal, text))
    if len(letters) + digits < _FEWEST_LETTERS or len(letters) + digits > _LONGEST_WORD * (text.count(" ") + 1):
        return False
    if sum("b" <= code <= "\xff" for code in codes) > _MOST_ACCENTS * len(codes):
        return False
    if len(letters) < _FEWEST_LETTERS:
        return sum(code < " " for code in codes) >= _FEWEST_CONTROLS * len(codes)
    vowels = _vowels(letters)
    return _FEWEST_VOWELS <= vowels <= _MOST_VOWELS and vowels > _vowels([code for code in codes if code.isalpha()])


def _vowels(letters: Sequence[str]) -> float:
    """The share of vowels, 0..1."""
    return sum(letter in _VOWELS for letter in letters) / len(letters) if letters else 0.0
