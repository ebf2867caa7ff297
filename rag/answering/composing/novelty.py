"""Novelty of units: how much of each the answer does not say yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

from rag.answering.usefulness.rarity import Rarity
from rag.text.normalization import normalized_words


class Novelty:
    """Shares of texts that are not said yet, by the rarity of their words.

    What one group of texts says is not said for another: of two things that are compared both may have a property.
    """

    def __init__(self, texts: Sequence[str], groups: Sequence[Hashable]) -> None:
        """Takes the texts, and the group of each."""
        self._own = [frozenset(normalized_words(text)) for text in texts]
        self._groups = groups
        self._rarity = Rarity(self._own)
        self._said: defaultdict[Hashable, set[str]] = defaultdict(set)

    def say(self, places: Iterable[int]) -> None:
        """Counts the texts at some positions as said."""
        for place in places:
            self._said[self._groups[place]] |= self._own[place]

    def of(self, place: int) -> float:
        """The share, 0..1, of the words of a text that its group does not say yet, weighted by their rarity."""
        said = self._said[self._groups[place]]
        return self._rarity.share(self._own[place], lambda word: word not in said)
