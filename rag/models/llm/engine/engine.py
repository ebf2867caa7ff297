"""One thread that owns the model and serves many sequences at once: continuous batching (Yu et al., Orca, 2022).

Each step reads some tokens of several sequences together: one of each that writes, and a stretch of a prompt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Condition, Thread
from time import monotonic
from typing import Final

from rag.errors import Cancelled, ModelUnusable, PromptTooLong
from rag.models.llm.engine.context import BatchEntry, Context, Interrupted, Logits
from rag.models.llm.engine.prefix_cache import PrefixCache
from rag.models.llm.engine.prompt_lookup import PromptLookup
from rag.models.llm.engine.sampling import DecodingStrategy
from rag.models.llm.engine.scheduler import (
    BATCH_MULTIPLE,
    MIN_PREFILL_CHUNK,
    ScheduleInput,
    priority_key,
    schedule,
    whole,
)
from rag.runtime.cpu_gate import CpuGate

_log = logging.getLogger(__name__)

# Weight of the newest step in the running mean of seconds per token, and the mean before the first.
_NEWEST: Final = 0.2
_FIRST_GUESS_SECONDS: Final = 0.006
# Steps of fewer tokens tell little about reading.
_TELLING: Final = 32


@dataclass(eq=False)
class TokenSequence:
    """A sequence from being asked for to its end.

    Attributes:
        prompt: at least one token.
        room: most tokens that are written and read again.
        writer: decides how it goes on.
        ended: called once, in the engine's thread, with what went wrong, or None.
        copier: guesses what it writes; None where that is not wanted.
        reread: so many of the last tokens of the prompt are read again even if they are known. As many as the shortest
            stretch, so that a prompt gets the same answer every time (see scheduling); at least one.
        pinned: whether what is read stays known for good.
    """

    prompt: tuple[int, ...]
    max_new_tokens: int
    strategy: DecodingStrategy
    on_end: Callable[[Exception | None], None]
    prompt_lookup: PromptLookup | None = None
    min_recompute: int = MIN_PREFILL_CHUNK
    pinned: bool = False
    # The engine's own: `cached` are the tokens that its sequence has, `shareable` of which anybody would have read with the
    # same numbers; it is `blocked` once it has waited for room.
    since: float = field(default_factory=monotonic)
    sequence_id: int | None = None
    cached: list[int] = field(default_factory=list)
    shareable: int = 0
    blocked: bool = False
    failed: Exception | None = None
    next: int | None = None
    cancelled: bool = False

    @property
    def cells(self) -> int:
        """Most that it can take."""
        return len(self.prompt) + self.max_new_tokens


class Engine:
    """Runs jobs. Its methods may be called from any thread."""

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
            store: of that context.
            parallel: most sequences at a time.
            micro_batch: most tokens of a step.
            turns: each step takes one, behind others.
        """
        self._context = context
        self._prefix_cache = prefix_cache
        self._micro_batch = micro_batch
        self._cpu_gate = cpu_gate or CpuGate()
        self._parallel = parallel
        self._free = list(range(parallel))
        self._cells = context.cells
        self._seconds_per_token = _FIRST_GUESS_SECONDS
        self._sequences: list[TokenSequence] = []
        self._changed = Condition()
        self._inbox: list[TokenSequence] = []
        self._stepping: list[TokenSequence] = []
        self._closing = False
        self._thread = Thread(target=self._run, name="generation", daemon=True)
        self._thread.start()

    def submit(self, sequence: TokenSequence) -> None:
        """Takes a job on; it is told how it ends. After :meth:`close`, it has at once.

        Raises:
            PromptTooLong: it would not fit even alone.
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
        """Ends a job soon, within a step, unless it has ended: its memory is free again, the others go on."""
        with self._changed:
            sequence.cancelled = True
            gone = sum(sequence.cancelled for sequence in self._stepping)
            # The others of the step would have to be read again.
            if gone * 2 > len(self._stepping):
                self._context.interrupt()
            self._changed.notify()

    def close(self) -> None:
        """Ends all jobs, and the thread."""
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
            except Exception as error:  # noqa: BLE001 - the boundary of the thread: each job has to hear of it
                _log.exception("the generation engine failed")
                self._start_afresh(error)

    def _start_afresh(self, error: Exception) -> None:
        """Ends all jobs and forgets all that is known, for nothing says how far what failed had come."""
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
        """What the next step reads; jobs whose turn has come are begun."""
        sequences = self._eligible()
        inputs = [self._schedule_input(sequence) for sequence in sequences]
        shares = schedule(inputs, seconds_per_token=self._seconds_per_token, max_tokens=self._micro_batch)
        planned: list[tuple[TokenSequence, BatchEntry]] = []
        for sequence, share in zip(sequences, shares, strict=True):
            # One that was given less than was known is planned anew: it has more to read.
            if share and (sequence.sequence_id is not None or self._begin(sequence)):
                planned.append((sequence, self._batch_entry(sequence, share, alone=len(sequences) == 1)))
        # Whole groups first, so that what comes after does not shift them.
        return sorted(planned, key=lambda each: len(each[1].tokens) % BATCH_MULTIPLE != 0)

    def _eligible(self) -> list[TokenSequence]:
        """Those at work, and those that can be begun now."""
        at_work = [sequence for sequence in self._sequences if sequence.sequence_id is not None]
        waiting = [sequence for sequence in self._sequences if sequence.sequence_id is None]
        waiting.sort(
            key=lambda sequence: (
                not sequence.blocked,
                priority_key(self._schedule_input(sequence), self._seconds_per_token),
            )
        )
        places = len(self._free)
        cells = self._cells - sum(sequence.cells for sequence in at_work)
        for sequence in waiting:
            places -= 1
            cells -= sequence.cells
            # Nobody overtakes one that there is no room for, now or later, or it might never be begun.
            if places < 0 or cells < 0:
                sequence.blocked = sequence.blocked or places >= 0
                break
            at_work.append(sequence)
        return at_work

    def _schedule_input(self, sequence: TokenSequence) -> ScheduleInput:
        waited = monotonic() - sequence.since
        if sequence.next is not None:
            return ScheduleInput(1, waited, decoding=True)
        cached = self._cached_length(sequence) if sequence.sequence_id is None else len(sequence.cached)
        return ScheduleInput(len(sequence.prompt) - cached, waited, scoring=not sequence.max_new_tokens)

    def _cached_length(self, sequence: TokenSequence) -> int:
        return whole(
            min(
                self._prefix_cache.cached_length(sequence.prompt), max(len(sequence.prompt) - sequence.min_recompute, 0)
            )
        )

    def _begin(self, sequence: TokenSequence) -> bool:
        """Whether it was given all that is known."""
        sequence.sequence_id = self._free.pop()
        cached_length = self._cached_length(sequence)
        sequence.shareable = self._prefix_cache.begin(sequence.sequence_id, sequence.prompt, cached_length)
        sequence.cached = list(sequence.prompt[: sequence.shareable])
        sequence.strategy.begin(sequence.shareable)
        return sequence.shareable == cached_length

    def _batch_entry(self, sequence: TokenSequence, share: int, *, alone: bool) -> BatchEntry:
        assert sequence.sequence_id is not None  # noqa: S101 - it was begun
        start = len(sequence.cached)
        if sequence.next is not None:
            # Checking a guess beside others would cost more than it gains.
            draft = self._draft(sequence, sequence.next) if alone else []
            return BatchEntry(sequence.sequence_id, start, [sequence.next, *draft], 1 + len(draft))
        end = min(start + share, len(sequence.prompt))
        return BatchEntry(sequence.sequence_id, start, sequence.prompt[start:end], int(end == len(sequence.prompt)))

    @staticmethod
    def _draft(sequence: TokenSequence, token: int) -> Sequence[int]:
        """As much of a guess of what comes after ``token`` as is worth checking."""
        if sequence.prompt_lookup is None:
            return []
        written = [*sequence.cached[len(sequence.prompt) :], token]
        return sequence.prompt_lookup.draft(written)[: sequence.max_new_tokens - len(written)]

    def _advance(self, sequence: TokenSequence, entry: BatchEntry, logits: Sequence[Logits]) -> None:
        if sequence.next is None:
            sequence.cached += entry.tokens
            if entry.start == sequence.shareable and len(entry.tokens) >= MIN_PREFILL_CHUNK:
                sequence.shareable = whole(len(sequence.cached))
            if not logits:
                return
            self._learn(sequence, entry.sequence_id)
            self._write(sequence, logits[0])
        else:
            self._verify(sequence, entry, logits)
        if sequence.next is None:
            self._end(sequence, sequence.failed)

    def _write(self, sequence: TokenSequence, logits: Logits) -> None:
        sequence.next = None
        try:
            sequence.next = sequence.strategy.advance(logits)
        except Exception as error:  # noqa: BLE001 - whatever a writer does is the business of its job alone
            sequence.failed = error

    def _learn(self, sequence: TokenSequence, sequence_id: int) -> None:
        # Of what was read in other stretches, another prompt would get other numbers than if it was read for itself;
        # but what was written is of no use to any but those that go on from there.
        all_same = sequence.shareable >= whole(len(sequence.prompt))
        self._prefix_cache.learn(sequence_id, sequence.cached if all_same else sequence.cached[: sequence.shareable])

    def _verify(self, sequence: TokenSequence, entry: BatchEntry, logits: Sequence[Logits]) -> None:
        """Goes on as far as the guesses were right."""
        for position, token in enumerate(entry.tokens):
            sequence.cached.append(token)
            self._write(sequence, logits[position])
            if sequence.prompt_lookup and sequence.next is not None:
                sequence.prompt_lookup.learn(sequence.next)
            if sequence.next is None or entry.tokens[position + 1 : position + 2] != [sequence.next]:
                break
        self._context.forget(entry.sequence_id, len(sequence.cached))

    def _end(self, sequence: TokenSequence, error: Exception | None) -> None:
        if sequence.sequence_id is not None:
            self._learn(sequence, sequence.sequence_id)
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
        if tokens >= _TELLING:
            self._seconds_per_token += _NEWEST * (seconds / tokens - self._seconds_per_token)
