"""Spelling index: the words of a vocabulary within an edit distance of a word. The only home of rapidfuzz."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

# Characters; longer words, such as web addresses, are not compared.
LONGEST: Final = 24

_Codes: TypeAlias = npt.NDArray[np.uint32]
_Counts: TypeAlias = npt.NDArray[np.int64]


class SpellingIndex:
    """Index of words by first letter, length and letters, so that few of them are compared."""

    def __init__(self, words: Sequence[str]) -> None:
        """Builds the index; takes 100 bytes and about a microsecond for each word, and keeps ``words``."""
        self._words = words
        self._codes = _codes(words)
        self._lengths: _Counts = np.fromiter(map(len, words), np.int64, len(words))
        self._letters = _letters(self._codes)

    def near(self, word: str, edits: int) -> list[int]:
        """Positions of the words within ``edits`` of ``word``, nearest first; ties keep their order.

        The distance is that of Damerau and Levenshtein in its restricted form (optimal string alignment): insertions,
        deletions, substitutions and transpositions of neighbours, no substring edited twice. Of words equally near,
        those made of the same letters come first: letters are doubled or swapped more often than others are inserted.
        The first letter must be one of the first two of ``word``, since it is seldom mistyped.
        """
        return self._ranked(word, edits, ending=0)

    def near_prefix(self, word: str, edits: int, ending: int) -> list[int]:
        """The same for the prefixes of ``word`` that lack at most its last ``ending`` letters, as stems do."""
        return self._ranked(word, edits, ending)

    def _ranked(self, word: str, edits: int, ending: int) -> list[int]:
        if not 0 < len(word) <= LONGEST:
            return []
        first_letters = [ord(letter) for letter in word[:2]]
        possible = np.flatnonzero(
            np.isin(self._codes[:, 0], first_letters)
            & (self._lengths >= len(word) - ending - edits)
            & (self._lengths <= min(len(word) + edits, LONGEST))
        )
        (letters,) = _letters(_codes([word]))
        missing = np.bitwise_count(self._letters[possible] & ~letters)
        surplus = np.bitwise_count(letters & ~self._letters[possible])
        # One edit removes at most one surplus letter and adds at most one missing letter.
        kept = (missing <= edits) & (surplus <= edits + ending)
        candidates, different = possible[kept], (missing + surplus)[kept]
        lengths = self._lengths[candidates]
        distances = _distances(word, [self._words[n] for n in candidates], edits, ending)
        # Two letters missing at the end of a stem count as one edit.
        lacking = np.maximum(len(word) - lengths, 0) / 2 if ending else np.zeros(len(lengths))
        order = np.lexsort((different, distances + lacking))
        return [int(candidates[n]) for n in order if distances[n] <= edits]


def _codes(words: Sequence[str]) -> _Codes:
    """The characters of each word, padded with 0. *Shape:* ``(words, LONGEST)``."""
    return np.array(words, dtype=f"<U{LONGEST}").view("<u4").reshape(len(words), LONGEST)


def _letters(codes: _Codes) -> _Codes:
    """Bit set of each word's letters; code points that are equal modulo 32 share a bit. *Shape:* ``(words,)``."""
    bits = np.where(codes > 0, np.uint32(1) << (codes & np.uint32(31)), np.uint32(0))
    letters: _Codes = np.bitwise_or.reduce(bits, axis=1)
    return letters


def _distances(word: str, others: Sequence[str], most: int, ending: int) -> _Counts:
    """Edit distances up to ``most``, and ``most + 1`` for words farther away. *Shape:* ``(others,)``.

    Each is that of the nearest prefix of ``word`` that lacks at most its last ``ending`` letters.
    """
    prefixes = [word[:length] for length in range(max(len(word) - ending, 1), len(word) + 1)]
    table = cdist(prefixes, others, scorer=OSA.distance, score_cutoff=most, dtype=np.int64)
    nearest: _Counts = table.min(axis=0)
    return nearest
