"""What an encoder and a reranker are, whoever plays the part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

FloatMatrix: TypeAlias = npt.NDArray[np.float32]
FloatVector: TypeAlias = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into vectors of length 1, so that an inner product is a cosine."""

    @property
    def identity(self) -> dict[str, str | int | bool]:
        """Name, digest, dimension, maximum length in tokens, normalisation: what an index must agree on."""

    @property
    def max_tokens(self) -> int:
        """Longest text in tokens, without the special ones; what is beyond it would be cut silently."""

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """One row for each text; with no text it only loads what it needs.

        *Shape:* ``(len(texts), dimension)``, rows of length 1.
        """

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, without the special ones."""


class Reranker(Protocol):
    """Judges how well a passage answers a question, reading both together."""

    def relevance(self, question: str, texts: Sequence[str]) -> FloatVector:
        """A probability for each text. *Shape:* ``(len(texts),)``, in 0..1."""


def logit(probability: float) -> float:
    """The inverse of the logistic function, finite for 0 and 1."""
    bounded = min(max(probability, 1e-7), 1 - 1e-7)
    return math.log(bounded / (1 - bounded))
