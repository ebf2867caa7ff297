"""Rarity of words among the units of the evidence: inverse document frequency, and shares of texts weighted by it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence


class Rarity:
    """Weights of words, ``log((1 + n) / (1/2 + count))`` where ``count`` of ``n`` texts have the word."""

    def __init__(self, texts: Sequence[Collection[str]]) -> None:
        """Takes the words of each text."""
        counts = Counter(word for words in texts for word in set(words))
        self._weights = {word: math.log((1 + len(texts)) / (0.5 + count)) for word, count in counts.items()}

    def share(self, words: Iterable[str], is_counted: Callable[[str], bool]) -> float:
        """The share, 0..1, of the weight of some words of the texts that the counted ones have; 0 without words."""
        weights = [(self._weights[word], is_counted(word)) for word in words]
        total = sum(weight for weight, _ in weights)
        return sum(weight for weight, counted in weights if counted) / total if total else 0.0
