"""BERT text encoder: tokenizers and :class:`BertNetwork` in OpenVINO, without torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from rag.errors import ModelUnusable
from rag.models.embedding.bert_config import BertConfig
from rag.models.embedding.bert_network import BertNetwork, TokenIds
from rag.models.embedding.interfaces import FloatMatrix

# Texts that are tokenized at a time: the tokenizer's output takes much more memory than the texts.
_SLAB: Final = 1024


class BertEncoder:
    """BERT encoder with mean pooling, on the CPU. Thread-safe.

    The network is loaded by the first :meth:`encode`, even of no text: what is used before, such as by an ingest with
    nothing new, needs the tokenizer at most.
    """

    def __init__(self, config: BertConfig, *, name: str, digest: str, threads: int) -> None:
        """Loads the tokenizer.

        Raises:
            ModelUnusable: the tokenizer cannot be loaded, or is not that of the network.
        """
        # Imported here, because commands such as `rag models list` do without.
        import tokenizers

        try:
            tokenizer: Any = tokenizers.Tokenizer.from_file(str(config.tokenizer))
        except Exception as error:  # tokenizers raises nothing narrower
            raise ModelUnusable(f"{config.tokenizer} cannot be loaded: {error}") from error
        # The file may set padding and truncation; both are done here.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        empty = tokenizer.encode("")
        if len(empty.ids) != 2 or tokenizer.get_vocab_size() > config.vocabulary:
            raise ModelUnusable(f"{config.tokenizer} is not the tokenizer of the encoder in {config.directory}")
        self._tokenizer = tokenizer
        self._first, self._last = empty.ids
        self._config = config
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
        return self._config.max_length - 2

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """See :class:`Encoder`. Faster with hundreds of texts: those of similar length share a batch.

        Raises:
            ModelUnusable: the weights cannot be loaded.
        """
        network = self._loaded()
        found = np.empty((len(texts), self._config.dimension), dtype=np.float32)
        for start in range(0, len(texts), _SLAB):
            tokens = self._tokens(texts[start : start + _SLAB])
            found[start : start + _SLAB] = network.vectors(tokens)
        return found

    def count_tokens(self, text: str) -> int:
        """See :class:`Encoder`."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _tokens(self, texts: Sequence[str]) -> list[TokenIds]:
        inner = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [np.array([self._first, *one.ids[: self.max_tokens], self._last], dtype=np.int32) for one in inner]

    def _loaded(self) -> BertNetwork:
        with self._loading:
            if self._network is None:
                self._network = BertNetwork(self._config, threads=self._threads)
            return self._network
