"""Whether a text can be text: a PDF may map its glyphs to nothing, to wrong letters, or lose all spaces.

Pure. It must never take for garbage what is only unusual: tables of numbers, code, formulas, other languages. So each
test looks at a whole page, asks for a lot of evidence, and judges only scripts of which it knows enough.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

# Fewer signs are no evidence.
_FEWEST_CHARACTERS: Final = 40
_FEWEST_LETTERS: Final = 200
_FEWEST_WORDS: Final = 40
# Glyphs without a character, as a share of what is printed. Bullets and logos of icon fonts are far below it.
_MOST_UNMAPPED: Final = 0.2
# Letters and digits, as a share of what is printed, runs of one sign (rules, dot leaders) counted once.
_FEWEST_ALPHANUMERIC: Final = 0.35
# The longest words of German law have some 60 letters; few have more than 30.
_LONG_WORD: Final = 30
_MOST_RUN_TOGETHER: Final = 0.5
# T h i s: runs of at least so many single letters, as a share of all letters.
_APART: Final = 6
_MOST_APART: Final = 0.5
# Words of four letters and more without any vowel: 9 % at most on 1 900 pages of English, where vowels are never less
# than 33 % of the letters; code and abbreviations come to 20 % of either. Mistaken letters give more of the one or less
# of the other. Little of both is no language either, but in capitals it may be codes of shares or airports.
_MOST_VOWELLESS: Final = 0.25
_FEWEST_VOWELS: Final = 0.22
_BOTH: Final = (0.12, 0.28)
# Letters with accents: 30 % in Vietnamese. More is another alphabet's bytes, read as western ones.
_MOST_ACCENTED: Final = 0.6

_CID: Final = re.compile(r"\(cid:\d+\)")
_REPEATED: Final = re.compile(r"(.)\1{2,}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9]+")
_VOWELS: Final = frozenset("aeiouyæøœıə")
# Alphabets with spaces between words. Thai, Chinese and others have none.
_SPACED: Final = re.compile(r"[A-Za-z\u00aa-\u024f\u0370-\u052f\u1e00-\u1fff]+")
_LATIN: Final = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")


def garbled_reason(text: str) -> str | None:
    """Why the text of a page cannot be what is printed on it; None where it can be.

    Args:
        text: of one page.
    """
    if complained := _of_glyphs(text):
        return complained
    words = _SPACED.findall(text)
    if sum(map(len, words)) < _FEWEST_LETTERS:
        return None
    return _of_spaces(text, words) or _of_letters(words)


def letters(text: str) -> int:
    """How many letters and digits it has: how much there is to find in it."""
    return sum(map(str.isalnum, text))


def _of_glyphs(text: str) -> str | None:
    """Too many glyphs that no character is known for, or that are neither letters nor digits."""
    plain = sum(map(len, _PLAIN.findall(text)))
    if plain >= (1 - _MOST_UNMAPPED) * sum(map(len, text.split())):
        return None  # so it is with nearly all pages, and the rest takes its time
    text, unmapped = _CID.subn("", text)
    printed = [character for character in _REPEATED.sub(r"\1", text) if not character.isspace()]
    total = len(printed) + unmapped
    if total < _FEWEST_CHARACTERS:
        return None
    categories = [unicodedata.category(character) for character in printed]
    unmapped += sum(
        category in ("Co", "Cn", "Cs", "Cc") or character == "\ufffd"
        for category, character in zip(categories, printed, strict=True)
    )
    if unmapped > _MOST_UNMAPPED * total:
        return "glyphs without characters"
    alphanumeric = sum(category[0] in "LNM" for category in categories)
    if total >= _FEWEST_LETTERS and alphanumeric < _FEWEST_ALPHANUMERIC * total:
        return "signs instead of letters"
    return None


def _of_spaces(text: str, words: Sequence[str]) -> str | None:
    """All spaces lost, or one after each letter."""
    total = sum(map(len, words))
    if sum(len(word) for word in words if len(word) > _LONG_WORD) > _MOST_RUN_TOGETHER * total:
        return "words without spaces"
    apart = run = 0
    for token in [*text.split(), ""]:
        if len(token) == 1 and _SPACED.fullmatch(token):
            run += 1
            continue
        apart += run if run >= _APART else 0
        run = 0
    return "letters apart" if apart > _MOST_APART * total else None


def _of_letters(words: Sequence[str]) -> str | None:
    """Latin letters that no language puts together: glyphs that are mapped to wrong ones."""
    latin = [word for word in words if _LATIN.fullmatch(word)]
    count = sum(map(len, latin))
    if count < _FEWEST_LETTERS or count < 0.5 * sum(map(len, words)):
        return None
    if count - sum(map(len, _PLAIN.findall(" ".join(latin)))) > _MOST_ACCENTED * count:
        return "accents on most letters"
    long = [word for word in latin if 4 <= len(word) <= _LONG_WORD]
    if len(long) >= _FEWEST_WORDS and _is_unspeakable(latin, long):
        return "words that cannot be spoken"
    return None


def _is_unspeakable(words: Sequence[str], long: Sequence[str]) -> bool:
    text = unicodedata.normalize("NFD", "".join(words))
    bases = sum(map(str.isalpha, text))
    vowels = sum(map(text.lower().count, _VOWELS)) / bases
    vowelless = sum(not _has_vowel(word) for word in long) / len(long)
    small = sum(map(str.islower, text)) > 0.5 * bases
    both = small and vowelless > _BOTH[0] and vowels < _BOTH[1]
    return both or vowelless > _MOST_VOWELLESS or vowels < _FEWEST_VOWELS


def _has_vowel(word: str) -> bool:
    """Whether it has one; w is one in Welsh."""
    letters = unicodedata.normalize("NFD", word.lower())
    return "w" in letters or not _VOWELS.isdisjoint(letters)
