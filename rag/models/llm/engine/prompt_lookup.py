"""Answers repeat their evidence: guessing what is written next from the prompt, and whether checking a guess pays.

Prompt lookup (Saxena, 2023): what followed the last few tokens where they stood before is likely to follow again. The
model checks several guessed tokens in one step, which takes longer than a step of one: on a CPU, much longer. So a
guess is checked only as far as it gains time, by what steps took when the machine was measured and how often this
answer's guesses were right. Neither depends on what else happens, so that the same prompt takes the same steps: the
shape of a step decides the last digits of what it computes.
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
_FIRST_GUESS_WEIGHT: Final = 4.0


@dataclass(frozen=True, slots=True)
class Continuation:
    """Tokens that may come next, after a match of so many tokens."""

    tokens: Sequence[int]
    matched: int


class PromptLookup:
    """Guesses the continuation of one sequence, and learns how often that is right."""

    def __init__(self, prompt: Sequence[int], further_token: float) -> None:
        """Nothing was guessed yet.

        Args:
            prompt: what is written follows it.
            further_token: what each further token of a step costs, in steps of one token; above 0.
        """
        self._prompt = np.array(prompt, dtype=np.int64)
        self._further_token = further_token
        self._right = [share * _FIRST_GUESS_WEIGHT for share in _FIRST_GUESS]
        self._made = [_FIRST_GUESS_WEIGHT] * len(_FIRST_GUESS)
        self._guess: Continuation | None = None

    def draft(self, written: Sequence[int]) -> Sequence[int]:
        """What is likely to follow the last of ``written`` (at least one), as far as it is worth checking."""
        self._guess = self.guess(written)
        return self._guess.tokens[: self.worth(self._guess)] if self._guess else []

    def learn(self, token: int) -> None:
        """What came next in truth, after a :meth:`draft`, whether any of it was checked or not; then does nothing."""
        if self._guess:
            self._right[self._guess.matched] += self._guess.tokens[0] == token
            self._made[self._guess.matched] += 1
        self._guess = None

    def guess(self, written: Sequence[int]) -> Continuation | None:
        """What followed where the last tokens of ``written`` stood in the prompt; None if they did not.

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
        return Continuation(self._prompt[start : start + MOST_GUESSED].tolist(), matched)

    def worth(self, guess: Continuation) -> int:
        """How many of the tokens are to be checked in one step, so that most are written in a second; 0 for none."""
        best, best_rate, chance, expected = 0, 1.0, 1.0, 1.0
        for count in range(1, len(guess.tokens) + 1):
            chance *= self.chance(guess.matched + count - 1)
            expected += chance
            rate = expected / (1 + self._further_token * count)
            if rate > best_rate:
                best, best_rate = count, rate
        return best

    def chance(self, matched: int) -> float:
        """How likely a guess after a match of so many tokens is right, 0..1."""
        matched = min(matched, LONGEST_MATCH)
        return self._right[matched] / self._made[matched]
