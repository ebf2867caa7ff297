"""BERT text encoder: tokenizers and :class:`BertNetwork` in OpenVINO, without torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

import numpy as np

from rag.errors import ModelUnusable
from rag.models.embedding.bert_config import BertConfig
from rag.models.embedding.bert_network import BertNetwork, TokenIds
from rag.models.embedding.bert_parts import BertParts
from rag.models.embedding.interfaces import FloatMatrix

# Texts that are tokenized at a time: the tokenizer's output takes much more memory than the texts.
_SLAB: Final = 1024


class BertEncoder:
    """BERT encoder with mean pooling, on the CPU. Thread-safe.

    The network is loaded by the first :meth:`encode`, even of no text: what is used before, such as by an ingest with
    nothing new, needs the tokenizer at most.
    """

    def __init__(self, config: BertConfig, parts: BertParts, *, name: str, digest: str, threads: int) -> None:
        """Takes the tokenizer over.

        Raises:
            ModelUnusable: the tokenizer is not that of the network.
        """
        tokenizer = parts.tokenizer
        # The file may set padding and truncation; both are done here.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        empty = tokenizer.encode("")
        if len(empty.ids) != 2 or tokenizer.get_vocab_size() > config.vocabulary:
            raise ModelUnusable(f"{config.tokenizer} is not the tokenizer of the encoder in {config.directory}")
        self._first, self._last = empty.ids
        self._config = config
        self._parts = parts
        self._name = name
        self._digest = digest
        self._threads = threads
        self._network: BertNetwork | None = None
        self._loading = threading.Lock()

    @property
    def identity(self) -> dict[str, str | int | bool]:
        """See :class:`Encoder`. Equal to that of the same folder in sentence-transformers, as the vectors are."""
        return {
            "name": self._name,
            "sha256": self._digest,
            "dimension": self._config.dimension,
            "max_tokens": self._config.max_length,
            "normalised": True,
        }

    @property
    def max_tokens(self) -> int:
        """See :class:`Encoder`."""
        return self._config.max_length - 2 - max(len(self._parts.question_prefix), len(self._parts.passage_prefix))

    @property
    def cosine_scale(self) -> float:
        """See :class:`Encoder`."""
        return self._parts.cosine_scale

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """See :class:`Encoder`. Faster with hundreds of texts: those of similar length share a batch.

        Raises:
            ModelUnusable: the weights cannot be loaded.
        """
        return self._encoded(texts, self._parts.passage_prefix)

    def encode_questions(self, questions: Sequence[str]) -> FloatMatrix:
        """See :class:`Encoder`; raises as :meth:`encode`."""
        return self._encoded(questions, self._parts.question_prefix)

    def count_tokens(self, text: str) -> int:
        """See :class:`Encoder`."""
        return len(self._parts.tokenizer.encode(text, add_special_tokens=False).ids)

    def _encoded(self, texts: Sequence[str], prefix: tuple[int, ...]) -> FloatMatrix:
        network = self._loaded()
        found = np.empty((len(texts), self._config.dimension), dtype=np.float32)
        for start in range(0, len(texts), _SLAB):
            tokens = self._tokens(texts[start : start + _SLAB], prefix)
            found[start : start + _SLAB] = network.vectors(tokens)
        return found

    def _tokens(self, texts: Sequence[str], prefix: tuple[int, ...]) -> list[TokenIds]:
        inner = self._parts.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        most = self.max_tokens
        return [np.array([self._first, *prefix, *one.ids[:most], self._last], dtype=np.int32) for one in inner]

    def _loaded(self) -> BertNetwork:
        with self._loading:
            if self._network is None:
                self._network = BertNetwork(self._config, self._parts.weights(), threads=self._threads)
            return self._network
