"""Answers repeat their evidence: guessing what is written next from the prompt, and whether checking a guess pays.

Prompt lookup (Saxena, 2023): what followed the last few tokens where they stood before is likely to follow again. The
model checks several guessed tokens in one step, which takes longer than a step of one: on a CPU, much longer. So a
guess is checked only as far as it gains time, by what steps have taken here and how often guesses were right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

# Tokens that are compared with what stood before: longer matches are not told apart.
LONGEST_MATCH: Final = 4
MOST_GUESSED: Final = 7
# How often a guess is right by the length of its match, before any was made; each counts like this many that were.
_FIRST_GUESS: Final = (0.0, 0.3, 0.6, 0.8, 0.9)
_FIRST_GUESS_WEIGHT: Final = 8.0
# Older guesses count less, so that other documents are learned.
_FORGETTING: Final = 0.995
# Each further token of a step against the first, before it was measured.
_FURTHER_TOKEN: Final = 0.55
_NEWEST: Final = 0.2


@dataclass(frozen=True, slots=True)
class Guess:
    """Tokens that may come next, after a match of so many tokens."""

    tokens: Sequence[int]
    matched: int


class Copier:
    """Guesses the continuation of one sequence."""

    def __init__(self, prompt: Sequence[int]) -> None:
        """Of what is written after a prompt."""
        self._prompt = np.array(prompt, dtype=np.int64)

    def guess(self, written: Sequence[int]) -> Guess | None:
        """What followed where the last tokens of ``written`` (at least one) stood in the prompt; None if they did not.

        The longest match is taken; of several, the last.
        """
        (places,) = np.nonzero(self._prompt[:-1] == written[-1])
        if not len(places):
            return None
        matched = 1
        for back in range(1, min(len(written), LONGEST_MATCH)):
            longer = places[(places >= back) & (self._prompt[places - back] == written[-1 - back])]
            if not len(longer):
                break
            places, matched = longer, back + 1
        start = int(places[-1]) + 1
        return Guess(self._prompt[start : start + MOST_GUESSED].tolist(), matched)


class Payoff:
    """How many guessed tokens are worth checking, learned from all sequences."""

    def __init__(self) -> None:
        self._right = [share * _FIRST_GUESS_WEIGHT for share in _FIRST_GUESS]
        self._made = [_FIRST_GUESS_WEIGHT] * len(_FIRST_GUESS)
        self._seconds: dict[int, float] = {}

    def worth(self, guess: Guess) -> int:
        """How many of the tokens are to be checked in one step, so that most are written in a second; 0 for none."""
        best, best_rate, chance, expected = 0, 1 / self._step(1), 1.0, 1.0
        for count in range(1, len(guess.tokens) + 1):
            chance *= self._chance(guess.matched + count - 1)
            expected += chance
            rate = expected / self._step(1 + count)
            if rate > best_rate:
                best, best_rate = count, rate
        return best

    def learn(self, guess: Guess, token: int) -> None:
        """What came next in truth, whether the guess was checked or not."""
        self._right[guess.matched] = self._right[guess.matched] * _FORGETTING + (guess.tokens[0] == token)
        self._made[guess.matched] = self._made[guess.matched] * _FORGETTING + 1

    def measure(self, tokens: int, seconds: float) -> None:
        """What a step took that computed logits for each of its tokens."""
        before = self._seconds.get(tokens, seconds)
        self._seconds[tokens] = before + _NEWEST * (seconds - before)

    def _chance(self, matched: int) -> float:
        matched = min(matched, LONGEST_MATCH)
        return self._right[matched] / self._made[matched]

    def _step(self, tokens: int) -> float:
        """Seconds, or what stands for them before the first was measured."""
        one = self._seconds.get(1, 1.0)
        return self._seconds.get(tokens, one * (1 + _FURTHER_TOKEN * (tokens - 1)))
