"""Benchmark of a model under a tuning: prefill and decode speed on this machine, in a few seconds.

It times what a question costs: prefill of a prompt's passages and of the few tokens of a self-check, and decode of an
answer, alone and in a batch with three others. The tokens are random: the time does not depend on them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import llama_cpp as llama

from rag.errors import ModelUnusable
from rag.models.llm.engine.llama_library import can_repack, open_library
from rag.models.llm.tuning.parameters import Tuning
from rag.models.llm.tuning.search import LEAST_GAIN, Phase, SearchDimension, search

_Pointer: TypeAlias = Any  # an opaque one of llama.cpp

# Tokens of a typical answer: prefill of its prompt, prefill of a self-check, and decode.
_PROMPT_TOKENS: Final = 250
_CHECK_TOKENS: Final = 30
_DECODED_TOKENS: Final = 40
# Tokens of prefill that are timed; a prompt's second half takes as long as its first. Fewer where a model is slow.
_MAX_PREFILL: Final = 128
_MIN_PREFILL: Final = 32
_PREFILL_SECONDS: Final = 0.7
_STEPS: Final = 4
_SEQUENCES: Final = 4
_CONTEXT: Final = 512


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens per second: prefill, decode of one sequence, and decode of four sequences in a batch."""

    reading: float
    writing: float
    writing_four: float

    @property
    def answer_seconds(self) -> float:
        """Seconds of a typical answer, half of it written alone and half beside three others."""
        written = _DECODED_TOKENS * (1 / self.writing + 1 / self.writing_four) / 2
        return (_PROMPT_TOKENS + _CHECK_TOKENS) / self.reading + written


@dataclass(frozen=True, slots=True)
class Measurement:
    """Result of the autotuning benchmark.

    Attributes:
        tuning: the fastest.
        speed: under it.
        default_speed: under the default; the same where that is the fastest.
        seconds: that measuring took.
    """

    tuning: Tuning
    speed: Speed
    default_speed: Speed
    seconds: float


def measure(
    file: Path, *, default: Tuning, dimensions: Sequence[SearchDimension], gpu_layers: int = 0, seconds: float = 25
) -> Measurement:
    """Finds the fastest tuning of a model on this machine, in ``seconds`` and a few more to end what was begun.

    Args:
        file: the weights.
        default: used where nothing is clearly faster.
        dimensions: the parameters to search.
        gpu_layers: how many layers an accelerator computes; -1 for all.
        seconds: after which nothing more is tried.

    Raises:
        ModelUnusable: llama.cpp cannot load or run the file.
    """
    begun = monotonic()
    with Bench(file, gpu_layers) as bench:
        tuning = search(default, dimensions, bench.seconds, lambda: monotonic() - begun > seconds)
        default_speed = bench.speed(default)
        speed = default_speed if tuning == default else bench.speed(tuning)
    if not is_faster(speed, default_speed):
        tuning, speed = default, default_speed
    return Measurement(tuning, speed, default_speed, monotonic() - begun)


def is_faster(speed: Speed, default: Speed) -> bool:
    """True where a typical answer takes clearly less time than under the default.

    Where a virtual machine loses a processor for a while, a search finds one thread faster than two, which it is not
    any more when both are measured at its end.
    """
    return speed.answer_seconds <= (1 - LEAST_GAIN) * default.answer_seconds


class Bench:
    """A model, loaded as each tuning needs it; freed at the end of the context manager."""

    def __init__(self, file: Path, gpu_layers: int) -> None:
        open_library()
        self._file = file
        self._gpu_layers = gpu_layers
        self._models: dict[bool, _Pointer] = {}
        # Contexts of the last two tunings, which are compared with each other.
        self._contexts: dict[tuple[bool, bool, int], _Context] = {}
        self._length = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for context in self._contexts.values():
            context.close()
        for model in self._models.values():
            llama.llama_model_free(model)

    def seconds(self, tuning: Tuning, phase: Phase) -> float:
        """Seconds of a phase of a typical answer."""
        context = self._context(tuning)
        total = 0.0
        if phase != "decode":
            long, short = context.time_prefill()
            total += long * _PROMPT_TOKENS + short * _CHECK_TOKENS
        if phase != "prefill":
            alone, among_four = context.time_decode()
            total += _DECODED_TOKENS * (alone + among_four) / 2
        return total

    def speed(self, tuning: Tuning) -> Speed:
        """Speed under a tuning."""
        context = self._context(tuning)
        long, _ = context.time_prefill()
        alone, among_four = context.time_decode()
        return Speed(1 / long, 1 / alone, 1 / among_four)

    def _context(self, tuning: Tuning) -> _Context:
        key = (tuning.repack, tuning.flash_attention, tuning.micro_batch)
        if key not in self._contexts:
            context = _Context(self._model(repack=tuning.repack), tuning, self._length)
            self._contexts[key] = context
            # Each context times the same number of tokens.
            self._length = context.length
        context = self._contexts[key]
        context.set_threads(tuning)
        return context

    def _model(self, *, repack: bool) -> _Pointer:
        if repack not in self._models:
            parameters = llama.llama_model_default_params()
            parameters.use_extra_bufts = repack and can_repack()
            parameters.n_gpu_layers = self._gpu_layers
            model = llama.llama_model_load_from_file(str(self._file).encode(), parameters)
            if not model:
                raise ModelUnusable(f"llama.cpp cannot load {self._file}; check it: python -m rag models verify")
            self._models[repack] = model
        return self._models[repack]


class _Context:
    """A context with room for four short sequences. ``length`` is how many tokens it reads; 0: as many as it can."""

    def __init__(self, model: _Pointer, tuning: Tuning, length: int) -> None:
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = _CONTEXT
        parameters.n_batch = 512
        parameters.n_ubatch = tuning.micro_batch
        parameters.n_seq_max = parameters.n_outputs_max = _SEQUENCES
        parameters.kv_unified = True
        parameters.flash_attn_type = (
            llama.LLAMA_FLASH_ATTN_TYPE_ENABLED if tuning.flash_attention else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        self._context = llama.llama_init_from_model(model, parameters)
        if not self._context:
            raise ModelUnusable("llama.cpp cannot make a context to measure in: memory may be short")
        self._memory = llama.llama_get_memory(self._context)
        self._batch = llama.llama_batch_init(_CONTEXT, 0, 1)
        vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
        chance = random.Random(0)  # noqa: S311 - tokens of a benchmark
        self._tokens = [chance.randrange(vocabulary) for _ in range(_CONTEXT)]
        self._held = 0
        self.set_threads(tuning)
        self._decode([(position, 0) for position in range(_MIN_PREFILL)])  # the first run pages the weights in
        self.length = length or self._affordable()

    def _affordable(self) -> int:
        self._clear()
        needed = self._decode([(position, 0) for position in range(_MIN_PREFILL)]) / _MIN_PREFILL
        return max(_MIN_PREFILL, min(_MAX_PREFILL, int(_PREFILL_SECONDS / needed)))

    def set_threads(self, tuning: Tuning) -> None:
        llama.llama_set_n_threads(self._context, tuning.threads, tuning.batch_threads)

    def time_prefill(self) -> tuple[float, float]:
        """Seconds for each token of a long prefill, and of a short one."""
        self._clear()
        long = self._decode([(position, 0) for position in range(self.length)])
        short = self._decode([(self.length + position, 0) for position in range(_CHECK_TOKENS)])
        self._held = self.length + _CHECK_TOKENS
        return long / self.length, short / _CHECK_TOKENS

    def time_decode(self) -> tuple[float, float]:
        """Seconds for each token of one sequence, and of four in a batch."""
        held = self._prepare()
        alone = [self._decode([(held + step, 0)]) for step in range(_STEPS)]
        for sequence in range(1, _SEQUENCES):
            llama.llama_memory_seq_cp(self._memory, 0, sequence, 0, -1)
        ahead = held + _STEPS
        rows = [[(ahead + step, sequence) for sequence in range(_SEQUENCES)] for step in range(_STEPS)]
        together = [self._decode(row) for row in rows]
        return sorted(alone)[_STEPS // 2], sorted(together)[_STEPS // 2] / _SEQUENCES

    def _prepare(self) -> int:
        """Leaves one sequence in the context, with its prompt computed; returns its length."""
        for sequence in range(_SEQUENCES):
            kept = self._held if sequence == 0 else 0
            if not llama.llama_memory_seq_rm(self._memory, sequence, kept, -1):
                self._held = 0  # a recurrent state cannot be cut
        if not self._held:
            self.time_prefill()
        return self._held

    def _clear(self) -> None:
        llama.llama_memory_clear(self._memory, False)  # noqa: FBT003
        self._held = 0

    def _decode(self, rows: Sequence[tuple[int, int]]) -> float:
        """Computes tokens, given as position and sequence id, with logits for the last of each sequence only.

        Returns the seconds that it took.
        """
        batch = self._batch
        batch.n_tokens = len(rows)
        for number, (position, sequence) in enumerate(rows):
            batch.token[number] = self._tokens[position]
            batch.pos[number] = position
            batch.n_seq_id[number] = 1
            batch.seq_id[number][0] = sequence
            batch.logits[number] = number == len(rows) - 1 or rows[number + 1][1] != sequence
        begun = perf_counter()
        status = llama.llama_decode(self._context, batch)
        llama.llama_synchronize(self._context)
        if status != 0:
            raise ModelUnusable(f"llama.cpp failed to run the model (llama_decode returned {status})")
        return perf_counter() - begun

    def close(self) -> None:
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._context)
