"""Texts to vectors with any encoder, slowly. The only home of sentence_transformers, transformers and torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import rag.runtime.native  # noqa: F401 - before torch
from rag.errors import ModelUnusable
from rag.models.embedding.interfaces import FloatMatrix


class SentenceTransformerEncoder:
    """A sentence-transformers folder on this machine, in float32 on the CPU."""

    def __init__(self, directory: Path, *, name: str, digest: str, threads: int) -> None:
        """Loads the folder; nothing is looked for on the network.

        Raises:
            ModelUnusable: the folder is not a model that sentence-transformers can load.
        """
        # Imported here, because it takes seconds and commands such as `rag models list` do without.
        import tokenizers
        import torch
        import transformers
        from sentence_transformers import SentenceTransformer

        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(threads)
        try:
            self._model = SentenceTransformer(str(directory), device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelUnusable(f"encoder {name} in {directory} cannot be loaded: {error}") from error
        # A copy to count with: the model's own one may pad and truncate, as this encoder's file says it should.
        self._tokenizer: Any = tokenizers.Tokenizer.from_str(self._model.tokenizer.backend_tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._name = name
        self._digest = digest

    @property
    def identity(self) -> dict[str, str | int | bool]:
        """See :class:`Encoder`."""
        return {
            "name": self._name,
            "sha256": self._digest,
            "dimension": self._model.get_embedding_dimension() or 0,
            "max_tokens": self._model.max_seq_length or 0,
            "normalised": True,
        }

    @property
    def max_tokens(self) -> int:
        """See :class:`Encoder`."""
        return int(self._model.max_seq_length or 0) - int(self._tokenizer.num_special_tokens_to_add(is_pair=False))

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """See :class:`Encoder`. Texts of similar length share a batch."""
        if not texts:
            return np.zeros((0, int(self.identity["dimension"])), dtype=np.float32)
        vectors = self._model.encode(
            list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def count_tokens(self, text: str) -> int:
        """See :class:`Encoder`."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)
