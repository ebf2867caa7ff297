"""Near-duplicate detection of passages: copies, reprints and two exports of one text count as one piece of evidence.

Two versions that differ in substance must stay apart: "$45" and "$35", "weekly" and "monthly", "covered" and "not
covered" are different evidence, however long the text around them. So no word may be substituted: one text must have
all words of the other in their order, and only a few plain words more.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from rag.text.words import NEGATIONS

# The shorter text has at least this share of the longer one's number of words.
_SHARED: Final = 0.9
# Stripped from words. Signs of numbers, brackets and symbols are not among them: (5), <5 and $5 are not 5.
_PUNCTUATION: Final = ".,;:!?\"'“”‘’„…•·*|"
_RESTRICTIONS: Final = NEGATIONS | frozenset("except excluding only unless until".split())


class Shingles:
    """The words of a text in order, without case, punctuation and line breaks."""

    def __init__(self, text: str) -> None:
        written = [word for piece in text.split() if (word := piece.strip(_PUNCTUATION))]
        self._words = tuple(word.casefold() for word in written)
        self._significant = {word.casefold() for word in written if _is_significant(word)}

    def is_near_duplicate_of(self, other: Shingles) -> bool:
        """True if one text has the other's words in order and only a few more, none a number, name or restriction."""
        if self._words == other._words:
            return True
        shorter, longer = sorted((self, other), key=lambda shingles: len(shingles._words))
        if len(shorter._words) < _SHARED * len(longer._words):
            return False
        rest = iter(longer._words)
        # `in` advances the iterator to the first equal word, so this tests for a subsequence.
        if not all(word in rest for word in shorter._words):
            return False
        return longer._significant.isdisjoint(Counter(longer._words) - Counter(shorter._words))


def _is_significant(word: str) -> bool:
    """True if an additional word changes the meaning: a name, a number or symbol, a negation or restriction."""
    return word[0].isupper() or not word.isalpha() or word.casefold() in _RESTRICTIONS
