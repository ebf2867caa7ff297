"""Decoding strategies over the model's logits: sampling a text, scoring yes against no, or prefill only."""

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
    """Turns the logits of one sequence into its next token. For the engine's thread."""

    def begin(self, cached_tokens: int) -> None:
        """Called once, before the prompt is computed, but for ``cached_tokens`` that are in the KV cache."""

    def advance(self, logits: Logits) -> int | None:
        """The next token, to be decoded; None where the sequence ends.

        Args:
            logits: over the vocabulary; the method may change them.
        """


class Sampler:
    """Samples a text token by token: greedy at temperature 0, else by a seeded random generator."""

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
            emit: called with each item that :meth:`LanguageModel.generate` yields.
            prompt_tokens: of the prompt, for the usage.
            max_tokens: most tokens of the text.
            vocabulary_mask: the tokens that may be sampled; None for all. With a mask sampling is always greedy.
            banned_first_token: the token that may not come first; its probability is the refusal probability.
            temperature: 0 for the likeliest token each time.
            seed: of the random generator.
        """
        self._vocabulary = vocabulary
        self._emit = emit
        self._prompt_tokens = prompt_tokens
        self._cached_tokens = 0
        self._max_tokens = max_tokens
        self._vocabulary_mask = vocabulary_mask
        self._banned_first_token = banned_first_token
        self._temperature = temperature
        self._random = np.random.default_rng(seed)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._count = 0

    def begin(self, cached_tokens: int) -> None:
        """See :class:`DecodingStrategy`."""
        self._cached_tokens = cached_tokens

    def advance(self, logits: Logits) -> int | None:
        """See :class:`DecodingStrategy`."""
        if self._banned_first_token is not None:
            self._emit(RefusalProbability(float(_softmax(logits)[self._banned_first_token])))
            logits[self._banned_first_token] = -np.inf
            self._banned_first_token = None
        token, probability = self._sample(logits)
        if token in self._vocabulary.ends:
            self._finish("stop", probability)
            return None
        self._count += 1
        self._emit_text(self._decoder.decode(self._vocabulary.piece(token)), probability)
        if self._count >= self._max_tokens:
            self._finish("length", 1.0)
            return None
        return token

    def _sample(self, logits: Logits) -> tuple[int, float]:
        """The next token, and its probability over the whole vocabulary at temperature 1."""
        if self._vocabulary_mask is not None:
            token = int(self._vocabulary_mask[logits[self._vocabulary_mask].argmax()])
        elif self._temperature > 0:
            cumulated = _softmax(logits / self._temperature).astype(np.float64).cumsum()
            token = int(cumulated.searchsorted(self._random.random() * cumulated[-1], side="right"))
        else:
            token = int(logits.argmax())
        return token, float(_softmax(logits)[token])

    def _finish(self, reason: Literal["stop", "length"], probability: float) -> None:
        self._emit_text(self._decoder.decode(b"", final=True), probability)
        self._emit(Finish(reason, Usage(self._prompt_tokens, self._cached_tokens, self._count)))

    def _emit_text(self, text: str, probability: float) -> None:
        if text:
            self._emit(Token(text, probability))


class PrefillOnly:
    """Generates nothing: the prompt is computed so that it is cached."""

    def begin(self, cached_tokens: int) -> None:
        """See :class:`DecodingStrategy`."""

    def advance(self, logits: Logits) -> None:
        """See :class:`DecodingStrategy`."""


class Scorer:
    """Scores words against others by the logits of their first tokens; generates nothing."""

    def __init__(
        self, vocabulary: Vocabulary, emit: Callable[[float], None], yes: Sequence[str], no: Sequence[str]
    ) -> None:
        """``emit`` gets the probability of beginning with one of ``yes`` rather than with one of ``no``, 0..1."""
        self._emit = emit
        self._yes, self._no = (sorted({vocabulary.tokens(word)[0] for word in words}) for words in (yes, no))

    def begin(self, cached_tokens: int) -> None:
        """See :class:`DecodingStrategy`."""

    def advance(self, logits: Logits) -> None:
        """See :class:`DecodingStrategy`."""
        # From logits, for the probabilities of both can underflow.
        yes, no = (float(np.logaddexp.reduce(logits[words].astype(np.float64))) for words in (self._yes, self._no))
        self._emit(float(1 / (1 + np.exp(no - yes))))


def _softmax(logits: Logits) -> Logits:
    shifted = np.exp(logits - logits.max())
    return np.asarray(shifted / shifted.sum())
