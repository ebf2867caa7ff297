"""Prompt-lookup decoding: draft tokens copied from the prompt, verified by the model several in a step (Saxena, 2023).

Answers repeat their evidence: what followed the last few tokens where they stood in the prompt is likely to follow
again. Verifying several draft tokens in one step takes longer than a step of one: on a CPU, much longer. So a draft is
only as long as it gains time, by what steps took when the machine was measured and how many of this answer's draft
tokens were accepted. Neither depends on other load, so that the same prompt takes the same steps: the shape of a step
decides the last digits of what it computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

# Longest n-gram that is looked up: longer matches are not told apart.
LONGEST_MATCH: Final = 4
MAX_DRAFT_TOKENS: Final = 7
# Acceptance rate by the length of the match, before any was seen; each counts like this many draft tokens.
_PRIOR_RATES: Final = (0.0, 0.3, 0.6, 0.8, 0.9)
_PRIOR_WEIGHT: Final = 4.0


@dataclass(frozen=True, slots=True)
class Continuation:
    """Tokens that may come next, found after an n-gram match of ``matched`` tokens."""

    tokens: Sequence[int]
    matched: int


class PromptLookup:
    """Drafts the continuation of one sequence, and keeps its acceptance rates."""

    def __init__(self, prompt: Sequence[int], further_token: float) -> None:
        """Before the first draft.

        Args:
            prompt: of the sequence.
            further_token: what each further token of a step costs, in steps of one token; above 0.
        """
        self._prompt = np.array(prompt, dtype=np.int64)
        self._further_token = further_token
        self._accepted = [rate * _PRIOR_WEIGHT for rate in _PRIOR_RATES]
        self._drafted = [_PRIOR_WEIGHT] * len(_PRIOR_RATES)
        self._continuation: Continuation | None = None

    def draft(self, generated: Sequence[int]) -> Sequence[int]:
        """Draft tokens after the last of ``generated`` (at least one), as many as are worth verifying."""
        self._continuation = self.lookup(generated)
        return self._continuation.tokens[: self.draft_length(self._continuation)] if self._continuation else []

    def learn(self, token: int) -> None:
        """Updates the acceptance rate by the token that came next, once after each :meth:`draft`.

        It counts whether the first token of the continuation was verified or not.
        """
        if self._continuation:
            self._accepted[self._continuation.matched] += self._continuation.tokens[0] == token
            self._drafted[self._continuation.matched] += 1
        self._continuation = None

    def lookup(self, generated: Sequence[int]) -> Continuation | None:
        """The tokens after the longest match of the last of ``generated`` in the prompt; None without a match.

        Of several matches of that length, the last.
        """
        (places,) = np.nonzero(self._prompt[:-1] == generated[-1])
        if not len(places):
            return None
        matched = 1
        for back in range(1, min(len(generated), LONGEST_MATCH)):
            longer = places[(places >= back) & (self._prompt[places - back] == generated[-1 - back])]
            if not len(longer):
                break
            places, matched = longer, back + 1
        start = int(places[-1]) + 1
        return Continuation(self._prompt[start : start + MAX_DRAFT_TOKENS].tolist(), matched)

    def draft_length(self, continuation: Continuation) -> int:
        """Number of the tokens to verify in one step for the most tokens per second; 0 for none."""
        best, best_rate, chance, expected = 0, 1.0, 1.0, 1.0
        for count in range(1, len(continuation.tokens) + 1):
            chance *= self.acceptance_rate(continuation.matched + count - 1)
            expected += chance
            rate = expected / (1 + self._further_token * count)
            if rate > best_rate:
                best, best_rate = count, rate
        return best

    def acceptance_rate(self, matched: int) -> float:
        """Probability that a draft token after a match of so many tokens is accepted, 0..1."""
        matched = min(matched, LONGEST_MATCH)
        return self._accepted[matched] / self._drafted[matched]
