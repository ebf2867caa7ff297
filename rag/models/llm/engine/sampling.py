"""What is done with the model's logits: the text of an answer, or a yes against a no."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import numpy as np

from rag.domain.values import Usage
from rag.models.llm.engine.context import Logits
from rag.models.llm.engine.vocabulary import TokenIds, Vocabulary
from rag.models.llm.language_model import Finish, Generated, RefusalProbability, Token


class DecodingStrategy(Protocol):
    """Decides how a sequence goes on. For the engine's thread."""

    def begin(self, cached_tokens: int) -> None:
        """Its prompt is being read, except for this many tokens, which were known."""

    def advance(self, logits: Logits) -> int | None:
        """The token that comes next, to be read in its turn; None where the sequence ends.

        Args:
            logits: over the vocabulary; may be changed.
        """


class Sampler:
    """Writes a text, token by token, greedily or by a seeded draw."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        emit: Callable[[Generated], None],
        *,
        prompt_tokens: int,
        max_tokens: int,
        vocabulary_mask: TokenIds | None = None,
        banned_first_token: int | None = None,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Before the first token.

        Args:
            vocabulary: of the model.
            emit: is told what :meth:`LanguageModel.generate` yields.
            prompt_tokens: of the prompt, for the usage.
            max_tokens: most tokens of the text.
            allowed: the tokens that may be said; None for all.
            barred: the token that may not be the first.
            temperature: 0 for the likeliest token each time. What is ``vocabulary_mask`` is always chosen so.
            seed: of the draws.
        """
        self._vocabulary = vocabulary
        self._emit = emit
        self._prompt_tokens = prompt_tokens
        self._cached_tokens = 0
        self._max_tokens = max_tokens
        self._allowed = vocabulary_mask
        self._barred = banned_first_token
        self._temperature = temperature
        self._random = np.random.default_rng(seed)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._count = 0

    def begin(self, cached_tokens: int) -> None:
        """See :class:`DecodingStrategy`."""
        self._cached_tokens = cached_tokens

    def advance(self, logits: Logits) -> int | None:
        """See :class:`DecodingStrategy`."""
        if self._barred is not None:
            self._emit(RefusalProbability(float(_softmax(logits)[self._barred])))
            logits[self._barred] = -np.inf
            self._barred = None
        token, probability = self._choose(logits)
        if token in self._vocabulary.ends:
            self._finish("stop", probability)
            return None
        self._count += 1
        self._say(self._decoder.decode(self._vocabulary.piece(token)), probability)
        if self._count >= self._max_tokens:
            self._finish("length", 1.0)
            return None
        return token

    def _choose(self, logits: Logits) -> tuple[int, float]:
        """The next token, and the probability that the model gives it among all."""
        if self._allowed is not None:
            token = int(self._allowed[logits[self._allowed].argmax()])
        elif self._temperature > 0:
            cumulated = _softmax(logits / self._temperature).astype(np.float64).cumsum()
            token = int(cumulated.searchsorted(self._random.random() * cumulated[-1], side="right"))
        else:
            token = int(logits.argmax())
        return token, float(_softmax(logits)[token])

    def _finish(self, reason: Literal["stop", "length"], probability: float) -> None:
        self._say(self._decoder.decode(b"", final=True), probability)
        self._emit(Finish(reason, Usage(self._prompt_tokens, self._cached_tokens, self._count)))

    def _say(self, text: str, probability: float) -> None:
        if text:
            self._emit(Token(text, probability))


class PrefillOnly:
    """Writes nothing: the prompt is only to be read."""

    def begin(self, cached_tokens: int) -> None:
        """See :class:`DecodingStrategy`."""

    def advance(self, logits: Logits) -> None:
        """See :class:`DecodingStrategy`."""


class Scorer:
    """Writes nothing, but weighs words against others."""

    def __init__(
        self, vocabulary: Vocabulary, emit: Callable[[float], None], yes: Sequence[str], no: Sequence[str]
    ) -> None:
        """The probability of beginning with one of ``yes`` rather than one of ``no`` is told to ``emit``."""
        self._emit = emit
        self._yes, self._no = (sorted({vocabulary.tokens(word)[0] for word in words}) for words in (yes, no))

    def begin(self, cached_tokens: int) -> None:
        """See :class:`DecodingStrategy`."""

    def advance(self, logits: Logits) -> None:
        """See :class:`DecodingStrategy`."""
        # Of logits, for the probabilities of both can be nothing in the digits of a float.
        yes, no = (float(np.logaddexp.reduce(logits[words].astype(np.float64))) for words in (self._yes, self._no))
        self._emit(float(1 / (1 + np.exp(no - yes))))


def _softmax(logits: Logits) -> Logits:
    shifted = np.exp(logits - logits.max())
    return np.asarray(shifted / shifted.sum())
