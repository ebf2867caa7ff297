"""Texts to vectors, and pairs to relevance. The only home of sentence_transformers, onnxruntime and tokenizers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

import rag.native  # noqa: F401 - before onnxruntime and torch
from rag.errors import ModelUnusable

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
        """One row for each text. *Shape:* ``(len(texts), dimension)``, rows of length 1."""

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, without the special ones."""


class Reranker(Protocol):
    """Judges how well a passage answers a question, reading both together."""

    def relevance(self, question: str, texts: Sequence[str]) -> FloatVector:
        """A probability for each text. *Shape:* ``(len(texts),)``, in 0..1."""


def token_counter(tokenizer: Path) -> Callable[[str], int]:
    """Counts tokens as the encoder with this ``tokenizer.json`` does, without the special ones; loads nothing else."""
    import tokenizers

    counting: Any = tokenizers.Tokenizer.from_file(str(tokenizer))
    # An encoder's file may say that texts are to be padded and cut.
    counting.no_truncation()
    counting.no_padding()
    return lambda text: len(counting.encode(text, add_special_tokens=False).ids)


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


class OnnxReranker:
    """A cross-encoder in ONNX Runtime on the CPU, one logit per pair."""

    def __init__(self, model: Path, tokenizer: Path, *, threads: int, max_tokens: int = 512) -> None:
        """Loads model and tokenizer.

        Raises:
            ModelUnusable: ONNX Runtime or the tokenizer refuses the file.
        """
        import onnxruntime
        import tokenizers

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that spin between two calls would take the cores from llama.cpp.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            self._tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer))
        except Exception as error:
            raise ModelUnusable(f"reranker {model} cannot be loaded: {error}") from error
        # A question may be longer than a passage: whichever is longer is cut. It is judged by its beginning.
        self._tokenizer.enable_truncation(max_tokens, strategy="longest_first")
        self._tokenizer.enable_padding()
        self._inputs = {put.name for put in self._session.get_inputs()}

    def relevance(self, question: str, texts: Sequence[str]) -> FloatVector:
        """See :class:`Reranker`. One batch for each eight texts, the longest first, to pad little."""
        logits = np.zeros(len(texts), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda position: -len(texts[position]))
        for start in range(0, len(order), 8):
            batch = order[start : start + 8]
            logits[batch] = self._logits(question, [texts[position] for position in batch])
        return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float32)

    def _logits(self, question: str, texts: Sequence[str]) -> FloatVector:
        pairs = self._tokenizer.encode_batch([(question, text) for text in texts])
        columns = {
            "input_ids": [pair.ids for pair in pairs],
            "attention_mask": [pair.attention_mask for pair in pairs],
            "token_type_ids": [pair.type_ids for pair in pairs],
        }
        feed = {name: np.asarray(rows, dtype=np.int64) for name, rows in columns.items() if name in self._inputs}
        return np.asarray(self._session.run(None, feed)[0], dtype=np.float32).reshape(-1)


def logit(probability: float) -> float:
    """The inverse of the logistic function, finite for 0 and 1."""
    bounded = min(max(probability, 1e-7), 1 - 1e-7)
    return math.log(bounded / (1 - bounded))
