"""Letters for glyph numbers: text of fonts that do not say which letters their glyphs are.

Without a ToUnicode map, the codes of an Identity-H font are the numbers of its glyphs. Most TrueType fonts keep the
standard order of the Macintosh, which is ASCII less 29 and then Mac OS Roman: "the" is read as "WKH". Other fonts have
fewer or more glyphs before the space, and are ASCII less another number. Fonts of Windows have Cyrillic letters behind
those of the Macintosh, in the order of WGL4. Pure. The length of a text does not change: each code is one character.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

_ASCII: Final = "".join(map(chr, range(32, 127)))
_ROMAN: Final = bytes(range(0x80, 0x100)).decode("mac_roman")
# In the order of WGL4, from its first code: two runs of letters for other languages around those of Russian.
_FIRST_CYRILLIC: Final = 0x22C
_CYRILLIC: Final = "".join(map(chr, [*range(0x401, 0x40D), *range(0x40E, 0x450), *range(0x451, 0x45D), 0x45E, 0x45F]))
_WINDOWS: Final = {**dict(enumerate(_ASCII + _ROMAN, start=3)), **dict(enumerate(_CYRILLIC, start=_FIRST_CYRILLIC))}
# The codes of the space, each with the letters from there on.
_ORDERS: Final[Mapping[str, Mapping[int, str]]] = {
    "\x03": _WINDOWS,
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
# Codes of Cyrillic letters: as characters they are rare ones, or those of phonetic script, which stand among others.
_CYRILLIC_CODES: Final = re.compile("[\u022c-\u0287]")
_CYRILLIC_WORD: Final = re.compile("[\u022c-\u0287]{3}")
_FEWEST_CYRILLIC: Final = 0.6
_CYRILLIC_VOWELS: Final = frozenset("аеёиоуыэюяіїєАЕЁИОУЫЭЮЯІЇЄ")
# A capital behind a small letter.
_CAPITAL_WITHIN: Final = re.compile("[а-џ](?=[Ѐ-Я])")
_MOST_CAPITALS_WITHIN: Final = 0.1
# Codes that no text has, where there are too few letters to tell by their vowels.
_FEWEST_CONTROLS: Final = 0.4


def may_be_glyph_numbers(text: str) -> bool:
    """True if a text has codes of spaces or Cyrillic words in an order of glyphs; fast, false for nearly all texts."""
    return any(space in text for space in _ORDERS) or _CYRILLIC_WORD.search(text) is not None


def letters_of_glyphs(codes: str) -> str | None:
    """The text that a font's glyph numbers stand for; None where they are no glyph numbers, or of an unknown order."""
    if _is_cyrillic(codes):
        return codes.translate(_WINDOWS)
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


def _is_cyrillic(codes: str) -> bool:
    """True if most codes of a font are those of Cyrillic letters, which make words."""
    found = "".join(_CYRILLIC_CODES.findall(codes))
    if len(found) < max(_FEWEST_LETTERS, _FEWEST_CYRILLIC * len(codes)):
        return False
    text = found.translate(_WINDOWS)
    vowels = sum(letter in _CYRILLIC_VOWELS for letter in text) / len(text)
    within = len(_CAPITAL_WITHIN.findall(codes.translate(_WINDOWS)))
    return _FEWEST_VOWELS <= vowels <= _MOST_VOWELS and within <= _MOST_CAPITALS_WITHIN * len(text)


def _vowels(letters: Sequence[str]) -> float:
    """The share of vowels, 0..1."""
    return sum(letter in _VOWELS or letter in _CYRILLIC_VOWELS for letter in letters) / len(letters) if letters else 0.0
