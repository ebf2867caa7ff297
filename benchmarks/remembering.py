"""Memoizing reranker, for benchmarks that score the same passages in many variants."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.models.embedding.interfaces import FloatVector, Reranker


class RememberingReranker:
    """Keeps what another says in a file, from run to run."""

    def __init__(self, reranker: Reranker, path: Path) -> None:
        """``path`` may not exist yet; it belongs to this one reranker's weights."""
        self._reranker = reranker
        self._path = path
        self._known: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}

    def logits(self, question: str, texts: Sequence[str]) -> FloatVector:
        """See :class:`rag.models.embedding.Reranker`."""
        keys = [key_of(question, text) for text in texts]
        if new := [position for position, key in enumerate(keys) if key not in self._known]:
            found = self._reranker.logits(question, [texts[position] for position in new])
            self._known |= {keys[position]: float(p) for position, p in zip(new, found, strict=True)}
        return np.array([self._known[key] for key in keys], dtype=np.float32)

    def save(self) -> None:
        """Writes what it knows."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._known))


def key_of(question: str, text: str) -> str:
    """The pair, in few characters."""
    return hashlib.sha256(f"logit\0{question}\0{text}".encode()).hexdigest()[:16]
