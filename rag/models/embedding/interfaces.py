"""Interfaces of text encoders (bi-encoders) and rerankers (cross-encoders)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

FloatMatrix: TypeAlias = npt.NDArray[np.float32]
FloatVector: TypeAlias = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Text encoder: embeds texts as vectors of length 1, so that an inner product is a cosine similarity."""

    @property
    def identity(self) -> dict[str, str | int | bool]:
        """Name, digest, dimension, maximum length in tokens, normalisation: must be equal for ingest and search."""

    @property
    def max_tokens(self) -> int:
        """Longest text in tokens, without the special ones; the rest would be cut off silently."""

    @property
    def cosine_scale(self) -> float:
        """Factor by which cosines of question and passage weigh in the ranking: 1 for those that it was fitted to."""

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Embeds passages; with none it only loads the network.

        *Shape:* ``(len(texts), dimension)``, rows of length 1.
        """

    def encode_questions(self, questions: Sequence[str]) -> FloatMatrix:
        """Embeds questions, to be compared with passages: some encoders tell the two apart by a prefix.

        *Shape:* ``(len(questions), dimension)``, rows of length 1.
        """

    def count_tokens(self, text: str) -> int:
        """Number of tokens of a text, without the special ones."""


class Reranker(Protocol):
    """Cross-encoder: scores how well a passage answers a question, from both together."""

    def logits(self, question: str, texts: Sequence[str]) -> FloatVector:
        """Log-odds that each text answers the question. *Shape:* ``(len(texts),)``."""
