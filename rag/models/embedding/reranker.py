"""Cross-encoder reranker in ONNX Runtime, whose only home this is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import rag.runtime.native  # noqa: F401 - before onnxruntime
from rag.errors import ModelUnusable
from rag.models.embedding.interfaces import FloatVector


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
        # A question may be longer than a passage: whichever is longer is cut at its end.
        self._tokenizer.enable_truncation(max_tokens, strategy="longest_first")
        self._tokenizer.enable_padding()
        self._inputs = {put.name for put in self._session.get_inputs()}

    def logits(self, question: str, texts: Sequence[str]) -> FloatVector:
        """See :class:`Reranker`. Batches of eight texts, the longest first, for little padding."""
        logits = np.zeros(len(texts), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda position: -len(texts[position]))
        for start in range(0, len(order), 8):
            batch = order[start : start + 8]
            logits[batch] = self._batch(question, [texts[position] for position in batch])
        return logits

    def _batch(self, question: str, texts: Sequence[str]) -> FloatVector:
        pairs = self._tokenizer.encode_batch([(question, text) for text in texts])
        columns = {
            "input_ids": [pair.ids for pair in pairs],
            "attention_mask": [pair.attention_mask for pair in pairs],
            "token_type_ids": [pair.type_ids for pair in pairs],
        }
        feed = {name: np.asarray(rows, dtype=np.int64) for name, rows in columns.items() if name in self._inputs}
        return np.asarray(self._session.run(None, feed)[0], dtype=np.float32).reshape(-1)
