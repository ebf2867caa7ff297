"""Garbled-text detection: glyphs without Unicode mapping, wrong letters (mojibake), or lost spaces.

Pure. False positives are worse than misses: tables of numbers, code, formulas and other languages are only unusual. So
each test takes a whole page, needs much evidence, and covers only scripts whose statistics are known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

# Minimum evidence; with less no test applies.
_FEWEST_CHARACTERS: Final = 40
FEWEST_LETTERS: Final = 200
_FEWEST_WORDS: Final = 40
# Control codes instead of letters: no text has them, so that fewer are enough where they are most of it.
_FEWEST_CODES: Final = 6
UNMAPPED: Final = "glyphs without characters"
# Glyphs without a Unicode character, as a share of all. Bullets and logos of icon fonts are far below it.
_MOST_UNMAPPED: Final = 0.2
# Letters and digits, as a share of all characters, runs of one character (rules, dot leaders) counted once.
_FEWEST_ALPHANUMERIC: Final = 0.35
# The longest words of German law have some 60 letters; few have more than 30.
_LONG_WORD: Final = 30
_MOST_RUN_TOGETHER: Final = 0.5
# T h i s: runs of at least so many single letters, as a share of all letters.
_APART: Final = 6
_MOST_APART: Final = 0.5
# Share of words of four letters or more without a vowel: at most 9 % on 1 900 pages of English, where vowels are at
# least 33 % of the letters; code and abbreviations reach 20 % of either. Wrongly mapped letters give more vowelless
# words or fewer vowels. A moderate amount of both is no language either, except in capitals (share or airport codes).
_MOST_VOWELLESS: Final = 0.25
_FEWEST_VOWELS: Final = 0.22
_BOTH: Final = (0.12, 0.28)
# Letters with accents: 30 % in Vietnamese. More is another alphabet's bytes, decoded as a western encoding.
_MOST_ACCENTED: Final = 0.6

# Latin Extended-B has letters that languages mix with plain ones: a few in Vietnamese, Hausa or Pinyin. Fonts without a
# map of their glyphs give them, because such glyphs have numbers there. Fewest of them, least share of all letters, and
# largest share of plain letters beside them.
_FEWEST_RARE: Final = 6
_LEAST_RARE: Final = 0.1
_MOST_PLAIN: Final = 0.3

_RARE: Final = re.compile(r"[\u0180-\u024f]")
_CID: Final = re.compile(r"\(cid:\d+\)")
# Leaders of a table of contents, with spaces between their dots or other signs.
_LEADERS: Final = re.compile(r"([^\w\s]|_)(?:\s\1){2,}")
_REPEATED: Final = re.compile(r"(.)\1{2,}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9]+")
_VOWELS: Final = frozenset("aeiouyæøœıə")
_VOWEL: Final = re.compile(f"[w{''.join(sorted(_VOWELS))}]")
_SINGLE: Final = re.compile(r"(?<!\S)\S(?!\S)")
# Alphabets with spaces between words. Thai, Chinese and others have none. The dot at middle height is a leader.
_SPACED: Final = re.compile(r"[A-Za-z\u00aa-\u00b6\u00b8-\u024f\u0370-\u052f\u1e00-\u1fff]+")
_LATIN: Final = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")


def garbled_reason(text: str, unmapped: int = 0) -> str | None:
    """Reason why the text of a page is garbled; None where it is not.

    Args:
        text: of one page.
        unmapped: number of glyphs that have no character and are not in the text.
    """
    if reason := _glyph_fault(text, unmapped) or _rare_fault(text):
        return reason
    words = _SPACED.findall(text)
    if sum(map(len, words)) < FEWEST_LETTERS:
        return None
    return _spacing_fault(text, words) or _letter_fault(words)


def letters(text: str) -> int:
    """Number of letters and digits in a text."""
    return sum(map(str.isalnum, text))


def _glyph_fault(text: str, unmapped: int) -> str | None:
    """Too many glyphs without a character, or too few letters and digits."""
    plain = sum(map(len, _PLAIN.findall(text)))
    if plain >= (1 - _MOST_UNMAPPED) * (sum(map(len, text.split())) + unmapped):
        return None  # nearly all pages end here; the rest is slow
    codes = unmapped
    text, marked = _CID.subn("", text)
    unmapped += marked
    text = _REPEATED.sub(r"\1", _LEADERS.sub(r"\1", text))
    printed = [character for character in text if not character.isspace()]
    total = len(printed) + unmapped
    if total < _FEWEST_CHARACTERS:
        return UNMAPPED if codes >= _FEWEST_CODES and 2 * codes > total else None
    categories = [unicodedata.category(character) for character in printed]
    unmapped += sum(
        category in ("Co", "Cn", "Cs", "Cc") or character == "\ufffd"
        for category, character in zip(categories, printed, strict=True)
    )
    if unmapped > _MOST_UNMAPPED * total:
        return UNMAPPED
    alphanumeric = sum(category[0] in "LNM" for category in categories)
    if total >= FEWEST_LETTERS and alphanumeric < _FEWEST_ALPHANUMERIC * total:
        return "signs instead of letters"
    return None


def _rare_fault(text: str) -> str | None:
    """Letters that are rare everywhere, and hardly any plain ones; little text is enough to tell."""
    rare = len(_RARE.findall(text))
    if rare < _FEWEST_RARE:
        return None
    plain = sum("a" <= character <= "z" for character in text.lower())
    total = sum(map(str.isalpha, text))
    is_garbled = rare >= _LEAST_RARE * total and plain <= _MOST_PLAIN * total
    return "letters of no language" if is_garbled else None


def _spacing_fault(text: str, words: Sequence[str]) -> str | None:
    """Spaces lost between words, or inserted after each letter."""
    total = sum(map(len, words))
    if sum(len(word) for word in words if len(word) > _LONG_WORD) > _MOST_RUN_TOGETHER * total:
        return "words without spaces"
    if len(_SINGLE.findall(text)) <= _MOST_APART * total:
        return None  # nearly all pages end here; the rest is slow
    apart = run = 0
    for token in [*text.split(), ""]:
        if len(token) == 1 and _SPACED.fullmatch(token):
            run += 1
            continue
        apart += run if run >= _APART else 0
        run = 0
    return "letters apart" if apart > _MOST_APART * total else None


def _letter_fault(words: Sequence[str]) -> str | None:
    """Implausible Latin words: glyphs that are mapped to wrong letters."""
    latin = words if all(map(str.isascii, words)) else [word for word in words if _LATIN.fullmatch(word)]
    count = sum(map(len, latin))
    if count < FEWEST_LETTERS or count < 0.5 * sum(map(len, words)):
        return None
    if count - sum(map(len, _PLAIN.findall(" ".join(latin)))) > _MOST_ACCENTED * count:
        return "accents on most letters"
    long = [word for word in latin if 4 <= len(word) <= _LONG_WORD]
    if len(long) >= _FEWEST_WORDS and _is_unpronounceable(latin, long):
        return "words that cannot be spoken"
    return None


def _is_unpronounceable(words: Sequence[str], long: Sequence[str]) -> bool:
    text = unicodedata.normalize("NFD", "".join(words))
    bases = sum(map(str.isalpha, text))
    vowels = sum(map(text.lower().count, _VOWELS)) / bases
    vowelless = sum(not _has_vowel(word) for word in long) / len(long)
    small = sum(map(str.islower, text)) > 0.5 * bases
    both = small and vowelless > _BOTH[0] and vowels < _BOTH[1]
    return both or vowelless > _MOST_VOWELLESS or vowels < _FEWEST_VOWELS


def _has_vowel(word: str) -> bool:
    """True if a word has a vowel; w is one in Welsh."""
    letters = word.lower() if word.isascii() else unicodedata.normalize("NFD", word.lower())
    return _VOWEL.search(letters) is not None
