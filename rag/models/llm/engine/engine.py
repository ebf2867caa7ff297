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
from rag.models.llm.engine.context import Context, Interrupted, Logits, Row
from rag.models.llm.engine.prefix_cache import PrefixStore
from rag.models.llm.engine.prompt_lookup import Copier
from rag.models.llm.engine.sampling import Writer
from rag.models.llm.engine.scheduler import GROUP, SHORTEST, Demand, precedence, share_out, whole
from rag.runtime.cpu_gate import Turns

_log = logging.getLogger(__name__)

# Weight of the newest step in the running mean of seconds per token, and the mean before the first.
_NEWEST: Final = 0.2
_FIRST_GUESS_SECONDS: Final = 0.006
# Steps of fewer tokens tell little about reading.
_TELLING: Final = 32


@dataclass(eq=False)
class Job:
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
    room: int
    writer: Writer
    ended: Callable[[Exception | None], None]
    copier: Copier | None = None
    reread: int = SHORTEST
    pinned: bool = False
    # The engine's own: `read` are the tokens that its sequence has, `same` of which anybody would have read with the
    # same numbers; it is `due` once it has waited for room.
    since: float = field(default_factory=monotonic)
    sequence: int | None = None
    read: list[int] = field(default_factory=list)
    same: int = 0
    due: bool = False
    failed: Exception | None = None
    next: int | None = None
    cancelled: bool = False

    @property
    def cells(self) -> int:
        """Most that it can take."""
        return len(self.prompt) + self.room


class Engine:
    """Runs jobs. Its methods may be called from any thread."""

    def __init__(
        self, context: Context, store: PrefixStore, *, parallel: int, micro_batch: int, turns: Turns | None = None
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
        self._store = store
        self._micro_batch = micro_batch
        self._turns = turns or Turns()
        self._parallel = parallel
        self._free = list(range(parallel))
        self._cells = context.cells
        self._seconds_per_token = _FIRST_GUESS_SECONDS
        self._jobs: list[Job] = []
        self._changed = Condition()
        self._inbox: list[Job] = []
        self._stepping: list[Job] = []
        self._closing = False
        self._thread = Thread(target=self._run, name="generation", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Takes a job on; it is told how it ends. After :meth:`close`, it has at once.

        Raises:
            PromptTooLong: it would not fit even alone.
        """
        if job.cells > self._cells:
            raise PromptTooLong(f"{job.cells} tokens do not fit the {self._cells} cells of the model's memory")
        with self._changed:
            closed = self._closing
            if not closed:
                self._inbox.append(job)
                self._changed.notify()
        if closed:
            job.ended(Cancelled("the model was closed"))

    def cancel(self, job: Job) -> None:
        """Ends a job soon, within a step, unless it has ended: its memory is free again, the others go on."""
        with self._changed:
            job.cancelled = True
            gone = sum(job.cancelled for job in self._stepping)
            # The others of the step would have to be read again.
            if gone * 2 > len(self._stepping):
                self._context.interrupt()
            self._changed.notify()

    def close(self) -> None:
        """Ends all jobs, and the thread."""
        with self._changed:
            self._closing = True
            for job in (*self._jobs, *self._inbox):
                job.cancelled = True
            self._context.interrupt()
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._inbox or self._jobs or self._closing)
                self._jobs += self._inbox
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
        for sequence in range(self._context.sequences):
            self._context.forget(sequence)
        self._store.clear()
        self._free = list(range(self._parallel))
        jobs, self._jobs = self._jobs, []
        for job in jobs:
            job.ended(error)

    def _drop_cancelled(self) -> None:
        for job in [job for job in self._jobs if job.cancelled]:
            self._end(job, Cancelled("the caller went away"))

    def _step(self) -> None:
        planned = self._plan()
        if not planned:
            return
        rows = [row for _, row in planned]
        with self._changed:
            if any(job.cancelled for job, _ in planned):
                return
            self._stepping = [job for job, _ in planned]
            self._context.resume()
        try:
            with self._turns.behind():
                start = monotonic()
                logits = self._context.step(rows)
                seconds = monotonic() - start
        except Interrupted:
            return
        except ModelUnusable as error:
            for job, _ in planned:
                self._end(job, error)
            return
        finally:
            with self._changed:
                self._stepping = []
        self._measure(rows, seconds)
        for (job, row), each in zip(planned, logits, strict=True):
            self._advance(job, row, each)

    def _plan(self) -> list[tuple[Job, Row]]:
        """What the next step reads; jobs whose turn has come are begun."""
        jobs = self._eligible()
        demands = [self._demand(job) for job in jobs]
        shares = share_out(demands, seconds_per_token=self._seconds_per_token, most=self._micro_batch)
        planned: list[tuple[Job, Row]] = []
        for job, share in zip(jobs, shares, strict=True):
            # One that was given less than was known is planned anew: it has more to read.
            if share and (job.sequence is not None or self._begin(job)):
                planned.append((job, self._row(job, share, alone=len(jobs) == 1)))
        # Whole groups first, so that what comes after does not shift them.
        return sorted(planned, key=lambda each: len(each[1].tokens) % GROUP != 0)

    def _eligible(self) -> list[Job]:
        """Those at work, and those that can be begun now."""
        at_work = [job for job in self._jobs if job.sequence is not None]
        waiting = [job for job in self._jobs if job.sequence is None]
        waiting.sort(key=lambda job: (not job.due, precedence(self._demand(job), self._seconds_per_token)))
        places = len(self._free)
        cells = self._cells - sum(job.cells for job in at_work)
        for job in waiting:
            places -= 1
            cells -= job.cells
            # Nobody overtakes one that there is no room for, now or later, or it might never be begun.
            if places < 0 or cells < 0:
                job.due = job.due or places >= 0
                break
            at_work.append(job)
        return at_work

    def _demand(self, job: Job) -> Demand:
        waited = monotonic() - job.since
        if job.next is not None:
            return Demand(1, waited, writes=True)
        read = self._known(job) if job.sequence is None else len(job.read)
        return Demand(len(job.prompt) - read, waited, weighed=not job.room)

    def _known(self, job: Job) -> int:
        return whole(min(self._store.known(job.prompt), max(len(job.prompt) - job.reread, 0)))

    def _begin(self, job: Job) -> bool:
        """Whether it was given all that is known."""
        job.sequence = self._free.pop()
        known = self._known(job)
        job.same = self._store.begin(job.sequence, job.prompt, known)
        job.read = list(job.prompt[: job.same])
        job.writer.begin(job.same)
        return job.same == known

    def _row(self, job: Job, share: int, *, alone: bool) -> Row:
        assert job.sequence is not None  # noqa: S101 - it was begun
        start = len(job.read)
        if job.next is not None:
            # Checking a guess beside others would cost more than it gains.
            draft = self._draft(job, job.next) if alone else []
            return Row(job.sequence, start, [job.next, *draft], 1 + len(draft))
        end = min(start + share, len(job.prompt))
        return Row(job.sequence, start, job.prompt[start:end], int(end == len(job.prompt)))

    @staticmethod
    def _draft(job: Job, token: int) -> Sequence[int]:
        """As much of a guess of what comes after ``token`` as is worth checking."""
        if job.copier is None:
            return []
        written = [*job.read[len(job.prompt) :], token]
        return job.copier.draft(written)[: job.room - len(written)]

    def _advance(self, job: Job, row: Row, logits: Sequence[Logits]) -> None:
        if job.next is None:
            job.read += row.tokens
            if row.start == job.same and len(row.tokens) >= SHORTEST:
                job.same = whole(len(job.read))
            if not logits:
                return
            self._learn(job, row.sequence)
            self._write(job, logits[0])
        else:
            self._verify(job, row, logits)
        if job.next is None:
            self._end(job, job.failed)

    def _write(self, job: Job, logits: Logits) -> None:
        job.next = None
        try:
            job.next = job.writer.advance(logits)
        except Exception as error:  # noqa: BLE001 - whatever a writer does is the business of its job alone
            job.failed = error

    def _learn(self, job: Job, sequence: int) -> None:
        # Of what was read in other stretches, another prompt would get other numbers than if it was read for itself;
        # but what was written is of no use to any but those that go on from there.
        all_same = job.same >= whole(len(job.prompt))
        self._store.learn(sequence, job.read if all_same else job.read[: job.same])

    def _verify(self, job: Job, row: Row, logits: Sequence[Logits]) -> None:
        """Goes on as far as the guesses were right."""
        for position, token in enumerate(row.tokens):
            job.read.append(token)
            self._write(job, logits[position])
            if job.copier and job.next is not None:
                job.copier.learn(job.next)
            if job.next is None or row.tokens[position + 1 : position + 2] != [job.next]:
                break
        self._context.forget(row.sequence, len(job.read))

    def _end(self, job: Job, error: Exception | None) -> None:
        if job.sequence is not None:
            self._learn(job, job.sequence)
            if job.pinned:
                self._store.pin(job.read)
            self._store.release(job.sequence)
            self._context.forget(job.sequence)
            self._free.append(job.sequence)
            job.sequence = None
        self._jobs.remove(job)
        job.ended(error)

    def _measure(self, rows: Sequence[Row], seconds: float) -> None:
        tokens = sum(len(row.tokens) for row in rows)
        if tokens >= _TELLING:
            self._seconds_per_token += _NEWEST * (seconds / tokens - self._seconds_per_token)
