"""Fakes for tests: a text encoder, a reranker and a language model that need no weights.

They implement the same interfaces as the real ones, so a whole :class:`rag.Answerer` or HTTP service runs on them.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from rag.answering.confidence import ConfidenceModel, Logistic
from rag.domain.probability import log_odds
from rag.domain.values import Usage
from rag.errors import PromptTooLong
from rag.models.embedding.interfaces import FloatMatrix, FloatVector
from rag.models.llm.language_model import Finish, Generated, Message, Prompt, RefusalProbability, Token
from rag.runtime.cancellation import Cancellation
from rag.text.words import words

# The model is asked where the reranker finds a passage more likely than not to answer; what it says is given unless it
# would rather have declined. Not what was fitted: that changes with each fit.
PLAIN_CONFIDENCE_MODEL = ConfidenceModel(
    prefilter=Logistic(0.0, {"relevance": 1.0}),
    answerable=Logistic(0.0, {"refusal_probability": -1.0}),
    correct=Logistic(0.0, {"self_check": 1.0}),
    prefilter_threshold=0.5,
    thresholds=(0.5, 0.5),
    yes_bias=0.0,
)


class BagOfWordsEncoder:
    """A text is the direction of its words: each stem has a place, found by its checksum."""

    def __init__(self, dimension: int = 256, name: str = "bag-of-words") -> None:
        self._dimension = dimension
        self._name = name
        self.encoded: list[str] = []

    @property
    def identity(self) -> dict[str, str | int | bool]:
        """See :class:`rag.models.embedding.interfaces.Encoder`."""
        return {
            "name": self._name,
            "sha256": "0" * 64,
            "dimension": self._dimension,
            "max_tokens": 256,
            "normalised": True,
        }

    @property
    def max_tokens(self) -> int:
        """See :class:`rag.models.embedding.interfaces.Encoder`."""
        return 254

    @property
    def cosine_scale(self) -> float:
        """See :class:`rag.models.embedding.interfaces.Encoder`."""
        return 1.0

    def encode_questions(self, questions: Sequence[str]) -> FloatMatrix:
        """See :class:`rag.models.embedding.interfaces.Encoder`."""
        return self.encode(questions)

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """See :class:`rag.models.embedding.interfaces.Encoder`."""
        self.encoded += texts
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words(text) or ["nothing"]:
                vectors[row, zlib.crc32(word.encode()) % self._dimension] += 1.0
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def count_tokens(self, text: str) -> int:
        """See :class:`rag.models.embedding.interfaces.Encoder`."""
        return len(text.split())


class OverlapReranker:
    """Reranker: the probability of relevance is the share of the question's words that the text has."""

    def logits(self, question: str, texts: Sequence[str]) -> FloatVector:
        """See :class:`rag.models.embedding.interfaces.Reranker`."""
        asked = set(words(question))
        shares = (len(asked & set(words(text))) / max(len(asked), 1) for text in texts)
        return np.array([log_odds(share, nearest=1e-7) for share in shares], dtype=np.float32)


# A service may be asked for hours.
_MOST_REMEMBERED: Final = 1_000


@dataclass
class ScriptedModel:
    """Says what it was told to say, word by word, and remembers what it was asked, the last thousand times.

    Attributes:
        replies: one for each generation; when they are used up, the last one again.
        assent: the probability of its yes, when it is asked for yes or no.
        seconds_to_read, seconds_per_token, seconds_to_assent: how slow it pretends to be; it stops at once when
            cancelled.
        wordings: the words that each generation was held to.
        choices: the words that each chance was asked of.
    """

    replies: list[str]
    seconds_to_read: float = 0.0
    seconds_per_token: float = 0.0
    seconds_to_assent: float = 0.0
    context_tokens: int = 2048
    name: str = "scripted"
    assent: float = 0.9
    chats: list[list[Message]] = field(default_factory=list)
    wordings: list[str | None] = field(default_factory=list)
    choices: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    generated_tokens: int = 0
    cancelled: int = 0
    closed: bool = False

    def count_tokens(self, text: str) -> int:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        return len(text.split())

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        self.chats.append(list(messages))
        del self.chats[:-_MOST_REMEMBERED]
        return Prompt(tuple(_token(word) for message in messages for word in message.text.split()))

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        cancelled: Cancellation,
        vocabulary: str | None = None,
        refusal: str | None = None,
    ) -> Iterator[Generated]:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        self._check_room(prompt.length + max_tokens)
        self.wordings.append(vocabulary)
        del self.wordings[:-_MOST_REMEMBERED]
        with self._counting(cancelled):
            yield from self._say(prompt.length, max_tokens, cancelled, refusal)

    def _say(
        self, prompt_tokens: int, max_tokens: int, cancelled: Cancellation, refusal: str | None
    ) -> Iterator[Generated]:
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        _sleep(self.seconds_to_read, cancelled)
        if refusal is not None:
            # What comes after the refusal in its script is what it says when it may not refuse.
            yield RefusalProbability(float(reply.startswith(refusal)))
            reply = reply.removeprefix(refusal)
        pieces = [piece + " " for piece in reply.split()]
        for piece in pieces[:max_tokens]:
            _sleep(self.seconds_per_token, cancelled)
            self.generated_tokens += 1
            yield Token(piece)
        usage = Usage(prompt_tokens, 0, min(len(pieces), max_tokens))
        yield Finish("length" if len(pieces) > max_tokens else "stop", usage)

    def chance(self, prompt: Prompt, yes: Sequence[str], no: Sequence[str], cancelled: Cancellation) -> float:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        self._check_room(prompt.length)
        self.choices.append((tuple(yes), tuple(no)))
        del self.choices[:-_MOST_REMEMBERED]
        with self._counting(cancelled):
            _sleep(self.seconds_to_assent, cancelled)
        return self.assent

    def _check_room(self, tokens: int) -> None:
        if tokens > self.context_tokens:
            raise PromptTooLong("too long")

    @contextmanager
    def _counting(self, cancelled: Cancellation) -> Iterator[None]:
        try:
            yield
        finally:
            self.cancelled += cancelled._cancelled

    def close(self) -> None:
        """See :class:`rag.models.llm.language_model.LanguageModel`."""
        self.closed = True


def _token(word: str) -> int:
    return zlib.crc32(word.encode()) % 2**31


def _sleep(seconds: float, cancelled: Cancellation) -> None:
    end = time.monotonic() + seconds
    while True:
        cancelled.check()
        if (left := end - time.monotonic()) <= 0:
            return
        time.sleep(min(left, 0.005))
