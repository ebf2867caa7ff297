"""Decoding speed of bare llama.cpp: as llama-bench measures it, but after a prompt of the same length as ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

import llama_cpp as llama

from rag.errors import ModelUnusable

_BATCH: Final = 512


class BareContext:
    """A model and a context of its own."""

    def __init__(self, file: Path, *, context_tokens: int, threads: int) -> None:
        """Loads the weights."""
        llama.llama_backend_init()
        self._model = llama.llama_model_load_from_file(str(file).encode(), llama.llama_model_default_params())
        if not self._model:
            raise ModelUnusable(f"llama.cpp cannot load {file}")
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = context_tokens
        parameters.n_batch = parameters.n_ubatch = _BATCH
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_ENABLED
        self._context = llama.llama_init_from_model(self._model, parameters)
        if not self._context:
            raise ModelUnusable(f"no memory for a context of {context_tokens} tokens")

    def rate(self, prompt: Sequence[int], following: Sequence[int]) -> float:
        """Tokens per second at which ``following`` is decoded one by one after the prompt, which does not count."""
        llama.llama_memory_clear(llama.llama_get_memory(self._context), True)  # noqa: FBT003
        for start in range(0, len(prompt), _BATCH):
            self._decode(prompt[start : start + _BATCH])
        start_time = perf_counter()
        for token in following:
            self._decode([token])
        return len(following) / (perf_counter() - start_time)

    def _decode(self, tokens: Sequence[int]) -> None:
        array = (llama.llama_token * len(tokens))(*tokens)
        status = llama.llama_decode(self._context, llama.llama_batch_get_one(array, len(tokens)))
        llama.llama_synchronize(self._context)
        if status != 0:
            raise ModelUnusable(f"llama_decode returned {status}")

    def close(self) -> None:
        """Frees the model."""
        llama.llama_free(self._context)
        llama.llama_model_free(self._model)
