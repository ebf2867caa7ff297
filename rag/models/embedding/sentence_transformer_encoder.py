"""Text encoder that runs any sentence-transformers folder in torch, slower than :mod:`.bert_encoder`.

The only home of sentence_transformers, transformers and torch, which may not be installed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

import rag.runtime.native  # noqa: F401 - before torch
from rag.errors import ModelUnusable
from rag.models.embedding.interfaces import FloatMatrix

# Longer than any encoder reads; transformers puts 10^30 where a folder states no length.
_NO_LIMIT: Final = 1_000_000


class SentenceTransformerEncoder:
    """A sentence-transformers folder on this machine, in float32 on the CPU. Several threads may use it."""

    def __init__(self, directory: Path, *, name: str, digest: str, threads: int) -> None:
        """Loads the folder; nothing is looked for on the network.

        Raises:
            ModelUnusable: the folder is not a model that sentence-transformers can load, or that is not installed.
        """
        # Imported here, because it takes seconds and commands such as `rag models list` do without.
        import tokenizers

        try:
            import torch
            import transformers
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise ModelUnusable(
                f"encoder {name} needs sentence-transformers, which is not installed ({error}); install "
                "requirements-torch.txt and requirements.txt, or build the image with --build-arg ENCODERS=all"
            ) from error

        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(threads)
        try:
            self._model = SentenceTransformer(str(directory), device="cpu", local_files_only=True)
            # A copy to count with: the model's own one may pad and truncate, as this encoder's file says it should.
            self._tokenizer: Any = tokenizers.Tokenizer.from_str(self._model.tokenizer.backend_tokenizer.to_str())
        except Exception as error:  # whatever the libraries raise for a folder's content
            raise ModelUnusable(f"encoder {name} in {directory} cannot be loaded: {error}") from error
        if not 0 < (self._model.max_seq_length or 0) < _NO_LIMIT:
            raise ModelUnusable(
                f"encoder {name} in {directory} does not say how many tokens it reads; set max_seq_length in its "
                "sentence_bert_config.json"
            )
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._prompts = {name: text for name, text in self._model.prompts.items() if text}
        self._name = name
        self._digest = digest
        # Its tokenizer is set to pad and truncate by each call, and refuses that while another one uses it.
        self._encoding = threading.Lock()

    @property
    def identity(self) -> dict[str, str | int | bool]:
        """See :class:`Encoder`. With the prompts of the folder, if it has some: they shape the vectors."""
        identity: dict[str, str | int | bool] = {
            "name": self._name,
            "sha256": self._digest,
            "dimension": self._model.get_embedding_dimension() or 0,
            "max_tokens": self._model.max_seq_length or 0,
            "normalised": True,
        }
        return identity | ({"prompts": json.dumps(self._prompts, sort_keys=True)} if self._prompts else {})

    @property
    def max_tokens(self) -> int:
        """See :class:`Encoder`."""
        prompt = max(map(self.count_tokens, self._prompts.values()), default=0)
        special = int(self._tokenizer.num_special_tokens_to_add(is_pair=False))
        return int(self._model.max_seq_length or 0) - special - prompt

    @property
    def cosine_scale(self) -> float:
        """See :class:`Encoder`; that of a folder is not known."""
        return 1.0

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """See :class:`Encoder`. Texts of similar length share a batch."""
        return self._encoded(texts, self._model.encode_document)

    def encode_questions(self, questions: Sequence[str]) -> FloatMatrix:
        """See :class:`Encoder`."""
        return self._encoded(questions, self._model.encode_query)

    def count_tokens(self, text: str) -> int:
        """See :class:`Encoder`."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _encoded(self, texts: Sequence[str], encode: Callable[..., Any]) -> FloatMatrix:
        if not texts:
            return np.zeros((0, int(self.identity["dimension"])), dtype=np.float32)
        with self._encoding:
            vectors = encode(
                list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)
