"""Which passages say the same: copies, reprints, two exports of one text. Each is one piece of evidence.

It must never swallow what tells two versions apart: "$45" and "$35", "weekly" and "monthly", "covered" and "not
covered" are different evidence, however long the text around them. So nothing may be put in the place of anything
else: one text must have all words of the other in their order, and only a few plain ones besides.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from rag.text.words import NEGATIONS

# The shorter has at least this share of the longer's words.
_SHARED: Final = 0.9
# Without these a word is the same. Signs of numbers, brackets and symbols are not among them: (5), <5 and $5 are not 5.
_MARKS: Final = ".,;:!?\"'“”‘’„…•·*|"
_RESTRICTIONS: Final = NEGATIONS | frozenset("except excluding only unless until".split())


class Shingles:
    """The words of a text, without case, punctuation and line breaks."""

    def __init__(self, text: str) -> None:
        written = [word for piece in text.split() if (word := piece.strip(_MARKS))]
        self._words = tuple(word.casefold() for word in written)
        self._telling = {word.casefold() for word in written if _is_telling(word)}

    def is_near_duplicate_of(self, other: Shingles) -> bool:
        """Whether one has the other's words in order and at most a few more: no number, name or negation."""
        if self._words == other._words:
            return True
        shorter, longer = sorted((self, other), key=lambda shingles: len(shingles._words))
        if len(shorter._words) < _SHARED * len(longer._words):
            return False
        rest = iter(longer._words)
        # `in` reads on in the iterator, to the first that is equal.
        if not all(word in rest for word in shorter._words):
            return False
        return longer._telling.isdisjoint(Counter(longer._words) - Counter(shorter._words))


def _is_telling(word: str) -> bool:
    return word[0].isupper() or not word.isalpha() or word.casefold() in _RESTRICTIONS
