"""Continuous batching: one thread that owns the model and runs many sequences at once (Yu et al., Orca, 2022).

Each step computes tokens of several sequences in one batch: one of each sequence that decodes, and a chunk of a prompt.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import Condition, Thread
from time import monotonic
from typing import Final

from rag.errors import Cancelled, ModelUnusable, PromptTooLong
from rag.models.llm.engine.context import BatchEntry, Context, Interrupted, Logits
from rag.models.llm.engine.prefix_cache import PrefixCache
from rag.models.llm.engine.scheduler import (
    BATCH_MULTIPLE,
    MIN_PREFILL_CHUNK,
    ScheduleInput,
    priority_key,
    round_down,
    schedule,
)
from rag.models.llm.engine.sequence import TokenSequence
from rag.runtime.cpu_gate import CpuGate

_log = logging.getLogger(__name__)

# Weight of the newest step in the moving average of seconds per token, and the average before the first step.
_SMOOTHING: Final = 0.2
_INITIAL_SECONDS_PER_TOKEN: Final = 0.006
# Steps of fewer tokens do not count: they say little about the speed of prefill.
_MIN_MEASURED_TOKENS: Final = 32


class Engine:
    """Runs sequences in batches. Its methods may be called from any thread."""

    def __init__(
        self,
        context: Context,
        prefix_cache: PrefixCache,
        *,
        parallel: int,
        micro_batch: int,
        cpu_gate: CpuGate | None = None,
    ) -> None:
        """Starts the thread.

        Args:
            context: is the thread's from now on; sequence ids below ``parallel`` are the engine's.
            prefix_cache: of that context.
            parallel: most sequences at a time.
            micro_batch: most tokens of a step.
            cpu_gate: passed by each step with low priority; None where nothing else wants the CPU.
        """
        self._context = context
        self._prefix_cache = prefix_cache
        self._micro_batch = micro_batch
        self._cpu_gate = cpu_gate or CpuGate()
        self._parallel = parallel
        self._free = list(range(parallel))
        self._cells = context.cells
        self._seconds_per_token = _INITIAL_SECONDS_PER_TOKEN
        self._sequences: list[TokenSequence] = []
        self._changed = Condition()
        self._inbox: list[TokenSequence] = []
        self._stepping: list[TokenSequence] = []
        self._closing = False
        self._thread = Thread(target=self._run, name="generation", daemon=True)
        self._thread.start()

    def submit(self, sequence: TokenSequence) -> None:
        """Queues a sequence; its ``on_end`` is called when it ends. After :meth:`close` it ends at once.

        Raises:
            PromptTooLong: it would not fit the KV cache even alone.
        """
        if sequence.cells > self._cells:
            raise PromptTooLong(f"{sequence.cells} tokens do not fit the {self._cells} cells of the model's memory")
        with self._changed:
            closed = self._closing
            if not closed:
                self._inbox.append(sequence)
                self._changed.notify()
        if closed:
            sequence.on_end(Cancelled("the model was closed"))

    def cancel(self, sequence: TokenSequence) -> None:
        """Ends a sequence within a step, unless it has ended: its cells are free again, the others go on."""
        with self._changed:
            sequence.cancelled = True
            cancelled = sum(sequence.cancelled for sequence in self._stepping)
            # An interrupted step is computed again for the others.
            if cancelled * 2 > len(self._stepping):
                self._context.interrupt()
            self._changed.notify()

    def close(self) -> None:
        """Ends all sequences, and the thread."""
        with self._changed:
            self._closing = True
            for sequence in (*self._sequences, *self._inbox):
                sequence.cancelled = True
            self._context.interrupt()
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._inbox or self._sequences or self._closing)
                self._sequences += self._inbox
                self._inbox.clear()
            try:
                self._drop_cancelled()
                if self._closing:
                    return
                self._step()
            except Exception as error:  # noqa: BLE001 - the boundary of the thread: each sequence must end
                _log.exception("the generation engine failed")
                self._reset(error)

    def _reset(self, error: Exception) -> None:
        """Ends all sequences and empties the KV cache, for it is unknown how far the failed operation had come."""
        for sequence_id in range(self._context.sequences):
            self._context.forget(sequence_id)
        self._prefix_cache.clear()
        self._free = list(range(self._parallel))
        sequences, self._sequences = self._sequences, []
        for sequence in sequences:
            sequence.on_end(error)

    def _drop_cancelled(self) -> None:
        for sequence in [sequence for sequence in self._sequences if sequence.cancelled]:
            self._end(sequence, Cancelled("the caller went away"))

    def _step(self) -> None:
        planned = self._plan()
        if not planned:
            return
        batch = [entry for _, entry in planned]
        with self._changed:
            if any(sequence.cancelled for sequence, _ in planned):
                return
            self._stepping = [sequence for sequence, _ in planned]
            self._context.resume()
        try:
            with self._cpu_gate.low_priority():
                start = monotonic()
                logits = self._context.step(batch)
                seconds = monotonic() - start
        except Interrupted:
            return
        except ModelUnusable as error:
            for sequence, _ in planned:
                self._end(sequence, error)
            return
        finally:
            with self._changed:
                self._stepping = []
        self._measure(batch, seconds)
        for (sequence, entry), each in zip(planned, logits, strict=True):
            self._advance(sequence, entry, each)

    def _plan(self) -> list[tuple[TokenSequence, BatchEntry]]:
        """The batch of the next step; begins waiting sequences that are scheduled for it."""
        sequences = self._eligible()
        inputs = [self._schedule_input(sequence) for sequence in sequences]
        shares = schedule(inputs, seconds_per_token=self._seconds_per_token, max_tokens=self._micro_batch)
        planned: list[tuple[TokenSequence, BatchEntry]] = []
        for sequence, share in zip(sequences, shares, strict=True):
            # A sequence whose cached prefix became shorter is scheduled anew: it has more to compute.
            if share and (sequence.sequence_id is not None or self._begin(sequence)):
                planned.append((sequence, self._batch_entry(sequence, share, alone=len(sequences) == 1)))
        # Whole batch multiples first, so that the others do not shift them.
        return sorted(planned, key=lambda each: len(each[1].tokens) % BATCH_MULTIPLE != 0)

    def _eligible(self) -> list[TokenSequence]:
        """The running sequences, and those that can be begun now."""
        running = [sequence for sequence in self._sequences if sequence.sequence_id is not None]
        waiting = [sequence for sequence in self._sequences if sequence.sequence_id is None]
        waiting.sort(
            key=lambda sequence: (
                not sequence.blocked,
                priority_key(self._schedule_input(sequence), self._seconds_per_token),
            )
        )
        free_ids = len(self._free)
        free_cells = self._cells - sum(sequence.cells for sequence in running)
        for sequence in waiting:
            free_ids -= 1
            free_cells -= sequence.cells
            # Nothing overtakes one that does not fit, now or later, or it might never be begun.
            if free_ids < 0 or free_cells < 0:
                sequence.blocked = sequence.blocked or free_ids >= 0
                break
            running.append(sequence)
        return running

    def _schedule_input(self, sequence: TokenSequence) -> ScheduleInput:
        waited = monotonic() - sequence.since
        if sequence.next is not None:
            return ScheduleInput(1, waited, decoding=True)
        cached = self._cached_length(sequence) if sequence.sequence_id is None else len(sequence.cached)
        return ScheduleInput(len(sequence.prompt) - cached, waited, scoring=not sequence.max_new_tokens)

    def _cached_length(self, sequence: TokenSequence) -> int:
        most = max(len(sequence.prompt) - sequence.min_recompute, 0)
        return round_down(min(self._prefix_cache.cached_length(sequence.prompt), most))

    def _begin(self, sequence: TokenSequence) -> bool:
        """Gives it an id and its cached prefix; False where that is shorter than was scheduled with."""
        sequence.sequence_id = self._free.pop()
        cached_length = self._cached_length(sequence)
        sequence.shareable = self._prefix_cache.attach(sequence.sequence_id, sequence.prompt, cached_length)
        sequence.cached = list(sequence.prompt[: sequence.shareable])
        sequence.strategy.begin(sequence.shareable)
        return sequence.shareable == cached_length

    def _batch_entry(self, sequence: TokenSequence, share: int, *, alone: bool) -> BatchEntry:
        assert sequence.sequence_id is not None  # noqa: S101 - it was begun
        start = len(sequence.cached)
        if sequence.next is not None:
            # Verifying a draft beside other sequences would cost more than it gains.
            draft = self._draft(sequence, sequence.next) if alone else []
            return BatchEntry(sequence.sequence_id, start, [sequence.next, *draft], 1 + len(draft))
        end = min(start + share, len(sequence.prompt))
        return BatchEntry(sequence.sequence_id, start, sequence.prompt[start:end], int(end == len(sequence.prompt)))

    @staticmethod
    def _draft(sequence: TokenSequence, token: int) -> Sequence[int]:
        """Draft tokens after ``token``, as many as are worth verifying."""
        if sequence.prompt_lookup is None:
            return []
        generated = [*sequence.cached[len(sequence.prompt) :], token]
        return sequence.prompt_lookup.draft(generated)[: sequence.max_new_tokens - len(generated)]

    def _advance(self, sequence: TokenSequence, entry: BatchEntry, logits: Sequence[Logits]) -> None:
        if sequence.next is None:
            sequence.cached += entry.tokens
            if entry.start == sequence.shareable and len(entry.tokens) >= MIN_PREFILL_CHUNK:
                sequence.shareable = round_down(len(sequence.cached))
            if not logits:
                return
            self._cache_prefix(sequence, entry.sequence_id)
            self._take_next(sequence, logits[0])
        else:
            self._verify(sequence, entry, logits)
        if sequence.next is None:
            self._end(sequence, sequence.failed)

    def _take_next(self, sequence: TokenSequence, logits: Logits) -> None:
        sequence.next = None
        try:
            sequence.next = sequence.strategy.advance(logits)
        except Exception as error:  # noqa: BLE001 - a strategy's error ends its own sequence and no other
            sequence.failed = error

    def _cache_prefix(self, sequence: TokenSequence, sequence_id: int) -> None:
        # From chunks that were not canonical, another prompt would get other numbers than if it was computed alone. But
        # generated tokens are of use only to prompts that continue from there.
        is_shareable = sequence.shareable >= round_down(len(sequence.prompt))
        tokens = sequence.cached if is_shareable else sequence.cached[: sequence.shareable]
        self._prefix_cache.insert(sequence_id, tokens)

    def _verify(self, sequence: TokenSequence, entry: BatchEntry, logits: Sequence[Logits]) -> None:
        """Accepts draft tokens up to the first that the strategy does not choose; frees the cells of the rest."""
        for position, token in enumerate(entry.tokens):
            sequence.cached.append(token)
            self._take_next(sequence, logits[position])
            if sequence.prompt_lookup and sequence.next is not None:
                sequence.prompt_lookup.learn(sequence.next)
            if sequence.next is None or entry.tokens[position + 1 : position + 2] != [sequence.next]:
                break
        self._context.forget(entry.sequence_id, len(sequence.cached))

    def _end(self, sequence: TokenSequence, error: Exception | None) -> None:
        if sequence.sequence_id is not None:
            self._cache_prefix(sequence, sequence.sequence_id)
            if sequence.pinned:
                self._prefix_cache.pin(sequence.cached)
            self._prefix_cache.release(sequence.sequence_id)
            self._context.forget(sequence.sequence_id)
            self._free.append(sequence.sequence_id)
            sequence.sequence_id = None
        self._sequences.remove(sequence)
        sequence.on_end(error)

    def _measure(self, batch: Sequence[BatchEntry], seconds: float) -> None:
        tokens = sum(len(entry.tokens) for entry in batch)
        if tokens >= _MIN_MEASURED_TOKENS:
            self._seconds_per_token += _SMOOTHING * (seconds / tokens - self._seconds_per_token)
