"""llama.cpp context: the KV cache and batched decoding. For one thread, except for :meth:`Context.interrupt`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from mmap import mmap
from typing import Any, Final, TypeAlias

import llama_cpp as llama
import numpy as np
import numpy.typing as npt

from rag.errors import ModelUnusable
from rag.models.llm.engine.vocabulary import Pointer
from rag.models.llm.tuning.parameters import Tuning

Logits: TypeAlias = npt.NDArray[np.float32]
# A mapping for each copy: malloc would keep what is freed between others, half as much again.
Saved: TypeAlias = mmap

_ABORTED: Final = 2
# Most sequence ids of llama.cpp: LLAMA_MAX_SEQ in src/llama-cparams.h.
MOST_SEQUENCES: Final = 256


class Interrupted(Exception):
    """A step was interrupted; what it had computed is discarded."""


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """Tokens of one sequence in the batch of a step.

    Attributes:
        sequence_id: of the sequence.
        start: position of the first token.
        tokens: at least one.
        logits: for how many of the last tokens logits are computed.
    """

    sequence_id: int
    start: int
    tokens: Sequence[int]
    logits: int


class Context:
    """KV cache of several sequences in one pool of cells, which sequences can share, and the model over it.

    Attributes:
        cells: of the pool; one holds the keys and values of a token.
        sequences: sequence ids are from 0 to this, exclusive.
    """

    def __init__(self, model: Pointer, tuning: Tuning, *, cells: int, sequences: int, vocabulary_size: int) -> None:
        """Reserves the memory.

        Raises:
            ModelUnusable: there is not enough.
        """
        self._abort = _AbortFlag()
        self._vocabulary_size = vocabulary_size
        self.sequences = min(sequences, MOST_SEQUENCES)
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = cells
        parameters.n_batch = parameters.n_ubatch = tuning.micro_batch
        parameters.n_seq_max = self.sequences
        # In one pool, sharing a cell with another sequence only adds an id to it; else it would be a copy.
        parameters.kv_unified = True
        parameters.n_threads = tuning.threads
        parameters.n_threads_batch = tuning.batch_threads
        # Without it, the cells of other sequences are multiplied too, and masked afterwards.
        parameters.flash_attn_type = (
            llama.LLAMA_FLASH_ATTN_TYPE_AUTO if tuning.flash_attention else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        parameters.abort_callback = self._abort.callback
        parameters.abort_callback_data = self._abort.data
        self._context = llama.llama_init_from_model(model, parameters)
        if not self._context:
            raise ModelUnusable(f"no memory for a context of {cells} tokens; lower RAG_CONTEXT_TOKENS")
        self._memory = llama.llama_get_memory(self._context)
        self.cells = int(llama.llama_n_ctx(self._context))
        self._batch = _Batch(tuning.micro_batch)

    def step(self, batch: Sequence[BatchEntry]) -> list[list[Logits]]:
        """Computes the tokens of a batch, at most a micro batch of them.

        Returns:
            For each entry, the logits over the vocabulary of what comes after each of its last ``logits`` tokens. They
            are llama.cpp's memory until the next step.

        Raises:
            Interrupted: :meth:`interrupt` was called; all sequences are as they were.
            ModelUnusable: llama.cpp failed; all sequences are as they were.
        """
        status = llama.llama_decode(self._context, self._batch.filled(batch))
        if status == 0:
            llama.llama_synchronize(self._context)
            return self._logits(batch)
        for entry in batch:
            self.forget(entry.sequence_id, entry.start)
        if status == _ABORTED:
            raise Interrupted
        raise ModelUnusable(f"llama.cpp failed to run the model (llama_decode returned {status})")

    def _logits(self, batch: Sequence[BatchEntry]) -> list[list[Logits]]:
        found: list[list[Logits]] = []
        end = 0
        for entry in batch:
            end += len(entry.tokens)
            found.append([self._logits_of(index) for index in range(end - entry.logits, end)])
        return found

    def _logits_of(self, index: int) -> Logits:
        pointer = llama.llama_get_logits_ith(self._context, index)
        return np.ctypeslib.as_array(pointer, shape=(self._vocabulary_size,))

    def interrupt(self) -> None:
        """Aborts the running step, or the next one; from any thread."""
        self._abort.set()

    def resume(self) -> None:
        """Clears :meth:`interrupt`."""
        self._abort.clear()

    def share(self, source: int, target: int, start: int, end: int) -> None:
        """Shares the cells of positions ``start`` to ``end``, exclusive, with another sequence. Nothing is copied."""
        llama.llama_memory_seq_cp(self._memory, source, target, start, end)

    def forget(self, sequence_id: int, start: int = 0) -> None:
        """Removes a sequence's cells from position ``start`` on; those that no other sequence shares are free again."""
        llama.llama_memory_seq_rm(self._memory, sequence_id, start, -1)

    def save(self, sequence_id: int) -> Saved:
        """Copies a sequence's keys and values to memory outside of the pool."""
        size = llama.llama_state_seq_get_size(self._context, sequence_id)
        saved = mmap(-1, size)
        llama.llama_state_seq_get_data(self._context, _start_of(saved), size, sequence_id)
        return saved

    def restore(self, saved: Saved, sequence_id: int) -> bool:
        """Copies saved keys and values back, at their positions; False where the pool has no room."""
        return bool(llama.llama_state_seq_set_data(self._context, _start_of(saved), len(saved), sequence_id))

    def close(self) -> None:
        """Frees the memory; no method may be called afterwards."""
        llama.llama_free(self._context)


def _start_of(saved: Saved) -> Any:  # noqa: ANN401 - ctypes has no public type for a reference
    return ctypes.byref(ctypes.c_uint8.from_buffer(saved))


class _Batch:
    """A ``llama_batch`` over numpy arrays, so that it is filled without a loop over tokens."""

    def __init__(self, capacity: int) -> None:
        self._tokens = np.zeros(capacity, np.int32)
        self._positions = np.zeros(capacity, np.int32)
        self._sequences = np.zeros(capacity, np.int32)
        self._wants_logits = np.zeros(capacity, np.int8)
        # llama.cpp wants a count and an array of sequence ids for each token; here there is one id each.
        self._ones = np.ones(capacity, np.int32)
        addresses = self._sequences.ctypes.data + np.arange(capacity, dtype=np.uint64) * self._sequences.itemsize
        self._addresses = addresses.astype(np.uint64)

    def filled(self, batch: Sequence[BatchEntry]) -> llama.llama_batch:
        """Holds the entries, one after the other."""
        end = 0
        for entry in batch:
            start, end = end, end + len(entry.tokens)
            self._tokens[start:end] = entry.tokens
            self._positions[start:end] = np.arange(entry.start, entry.start + len(entry.tokens))
            self._sequences[start:end] = entry.sequence_id
            self._wants_logits[start:end] = 0
            self._wants_logits[end - entry.logits : end] = 1
        fields = dict(llama.llama_batch._fields_)
        return llama.llama_batch(
            n_tokens=end,
            token=self._tokens.ctypes.data_as(fields["token"]),
            embd=None,
            pos=self._positions.ctypes.data_as(fields["pos"]),
            n_seq_id=self._ones.ctypes.data_as(fields["n_seq_id"]),
            seq_id=self._addresses.ctypes.data_as(fields["seq_id"]),
            logits=self._wants_logits.ctypes.data_as(fields["logits"]),
        )


class _AbortFlag:
    """Abort callback of llama.cpp, without Python in it.

    llama.cpp calls it before each operation. A callback in Python would need the interpreter's lock each time,
    so this one is libc's ``strlen`` over a buffer of two bytes: 0 for an empty string, 1 once the first byte is set.
    """

    def __init__(self) -> None:
        self._bytes = ctypes.create_string_buffer(2)
        self.callback = ctypes.cast(ctypes.CDLL(None).strlen, llama.ggml_abort_callback)
        self.data = ctypes.cast(self._bytes, ctypes.c_void_p)

    def set(self) -> None:
        self._bytes[0] = b"\1"

    def clear(self) -> None:
        self._bytes[0] = b"\0"
