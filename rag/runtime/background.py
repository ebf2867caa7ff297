"""Background queue: long work of a service, one job at a time, that makes way for questions.

A question stops what runs within milliseconds: a job is cancelled, and run again when all is quiet, or it is paused,
where it can be. So a job keeps what it has done, and goes on from there when it is run again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf
from threading import Condition, RLock, Thread, Timer
from time import monotonic
from typing import Final, Literal, TypeAlias

from rag.errors import Cancelled
from rag.runtime.cancellation import Cancellation

_log = logging.getLogger(__name__)

JobOutcome: TypeAlias = Literal["finished", "postponed", "interrupted", "failed"]

# Seconds without a question until a job is begun that a question would cancel: the next one may follow at once.
_QUIET_SECONDS: Final = 1.0
# A job that was paused for so many seconds in a row goes on beside the questions until these end: one that a person
# waits for must not starve in a service that is never idle.
_LONGEST_PAUSE_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Later:
    """Returned by a job that cannot do its work now: it is run again after so many seconds, and others before it."""

    seconds: float


class BackgroundTurn:
    """One run of a job: the job's side of the queue.

    Attributes:
        cancellation: cancelled when the job is to make way; its work passes it on, or checks it at least every 100 ms.
    """

    def __init__(self, job: BackgroundJob, longest_pause: float = _LONGEST_PAUSE_SECONDS) -> None:
        self.job = job
        self.cancellation = Cancellation()
        self.done = self.total = 0
        self._longest_pause = longest_pause
        self._lock = RLock()
        self._is_held = self._is_paused = self._is_impatient = False
        self._switch: tuple[Callable[[], object], Callable[[], object]] | None = None
        self._timer: Timer | None = None

    @property
    def is_paused(self) -> bool:
        """True while the job is paused."""
        return self._is_paused

    def progress(self, done: int, total: int) -> None:
        """Tells how far the job is, in units of its own."""
        self.done, self.total = done, total

    @contextmanager
    def pausing(self, pause: Callable[[], object], resume: Callable[[], object]) -> Iterator[None]:
        """Inside the context, a question pauses the work by these functions; for jobs that are ``pausable``.

        Args:
            pause: stops the work at once, without losing any; called in the thread of a question.
            resume: lets it go on.
        """
        with self._lock:
            self._switch = (pause, resume)
            self._pause_if_held()
        try:
            yield
        finally:
            with self._lock:
                self._resume()
                self._switch = None

    def hold(self) -> None:
        """Lets the job make way for a question."""
        with self._lock:
            self._is_held = True
            if self.job.pausable:
                self._pause_if_held()
            else:
                self.cancellation.cancel()

    def release(self) -> None:
        """All questions have ended."""
        with self._lock:
            self._is_held = self._is_impatient = False
            self._resume()

    def stop(self) -> None:
        """Ends the job: a paused one goes on, so that it can end itself."""
        with self._lock:
            self._is_held = False
            self.cancellation.cancel()
            self._resume()

    def _pause_if_held(self) -> None:
        if self._switch and self._is_held and not (self._is_paused or self._is_impatient):
            self._is_paused = True
            self._switch[0]()
            self._timer = Timer(self._longest_pause, self._lose_patience)
            self._timer.daemon = True
            self._timer.start()

    def _resume(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._switch and self._is_paused:
            self._is_paused = False
            self._switch[1]()

    def _lose_patience(self) -> None:
        with self._lock:
            if self._is_paused:
                self._is_impatient = True
                self._resume()


@dataclass(frozen=True)
class BackgroundJob:
    """Work for the queue.

    Attributes:
        kind: for people and metrics: ``ingest``, ``tuning``.
        run: does the work; raises Cancelled where it was cancelled, and is called again then, so it keeps what it did.
        priority: 0 is the most urgent; a job cancels one of a lower priority, unless that is pausable.
        pausable: whether a question pauses it, see :meth:`BackgroundTurn.pausing`, and does not cancel it.
    """

    kind: str
    run: Callable[[BackgroundTurn], Later | None]
    priority: int = 0
    pausable: bool = False


@dataclass(frozen=True)
class BackgroundStatus:
    """State of the queue.

    Attributes:
        job: kind of the job that runs; None where none does.
        state: ``paused`` while a question is answered.
        done, total: progress of the job, in units of its own; 0 of 0 where it does not tell.
        waiting: kinds of the jobs that wait, the next first.
    """

    job: str | None = None
    state: Literal["idle", "running", "paused"] = "idle"
    done: int = 0
    total: int = 0
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class _QueuedJob:
    """A job in the queue; ``due``: not run before this moment of the clock."""

    priority: int
    number: int
    due: float = field(compare=False)
    job: BackgroundJob = field(compare=False)


class BackgroundQueue:
    """Runs jobs one at a time, by priority and then in the order in which they came. Thread-safe."""

    def __init__(
        self,
        on_ended: Callable[[str, JobOutcome, float], object] = lambda _kind, _outcome, _seconds: None,
        *,
        quiet_seconds: float = _QUIET_SECONDS,
        longest_pause: float = _LONGEST_PAUSE_SECONDS,
    ) -> None:
        """Starts no thread yet.

        Args:
            on_ended: called in the queue's thread after each run, with the kind, the outcome and the seconds.
            quiet_seconds: without a question before a job is begun that a question would cancel.
            longest_pause: seconds after which a paused job goes on beside the questions.
        """
        self._on_ended = on_ended
        self._quiet_seconds = quiet_seconds
        self._longest_pause = longest_pause
        self._changed = Condition()
        self._jobs: list[_QueuedJob] = []
        self._numbers = count()
        self._turn: BackgroundTurn | None = None
        self._questions = 0
        self._visit: Timer | None = None
        self._visited_until = 0.0
        self._quiet_since = monotonic()
        self._is_stopped = False
        self._thread: Thread | None = None

    @property
    def status(self) -> BackgroundStatus:
        """The state of the queue: the job at work, and the kinds of those that wait."""
        with self._changed:
            waiting = tuple(each.job.kind for each in sorted(self._jobs))
            turn = self._turn
            if not turn:
                return BackgroundStatus(waiting=waiting)
            state: Literal["running", "paused"] = "paused" if turn.is_paused else "running"
            return BackgroundStatus(turn.job.kind, state, turn.done, turn.total, waiting)

    def submit(self, job: BackgroundJob) -> bool:
        """Adds a job; False where the queue was stopped."""
        with self._changed:
            if self._is_stopped:
                return False
            self._jobs.append(_QueuedJob(job.priority, next(self._numbers), monotonic(), job))
            if self._turn and not self._turn.job.pausable and self._turn.job.priority > job.priority:
                self._turn.cancellation.cancel()
            if not self._thread:
                self._thread = Thread(target=self._run, name="background", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return True

    @contextmanager
    def question(self) -> Iterator[None]:
        """For the time of an answer: no job runs meanwhile. Does not wait for the one that is cancelled to end."""
        self._hold()
        try:
            yield
        finally:
            self._release()

    def make_way(self, seconds: float) -> None:
        """Lets no job run for so many seconds from now: a page is being loaded. Does not wait."""
        with self._changed:
            self._visited_until = max(self._visited_until, monotonic() + seconds)
            if self._visit is None and not self._is_stopped:
                self._hold()
                self._await_end_of_visit()

    def _hold(self) -> None:
        with self._changed:
            self._questions += 1
            if self._turn:
                self._turn.hold()

    def _release(self) -> None:
        with self._changed:
            self._questions -= 1
            self._quiet_since = monotonic()
            if self._turn and not self._questions:
                self._turn.release()
            self._changed.notify_all()

    def _await_end_of_visit(self) -> None:
        """Ends the visit when it has lasted long enough, which a later one may have put off."""
        with self._changed:
            left = self._visited_until - monotonic()
            if left > 0 and not self._is_stopped:
                self._visit = Timer(left, self._await_end_of_visit)
                self._visit.daemon = True
                self._visit.start()
            else:
                self._visit = None
                self._release()

    def stop(self) -> None:
        """Ends the job that runs, and takes no other; does not wait."""
        with self._changed:
            self._is_stopped = True
            self._jobs.clear()
            if self._visit:
                self._visit.cancel()
            if self._turn:
                self._turn.stop()
            self._changed.notify_all()

    def close(self, seconds: float = _STOP_SECONDS) -> None:
        """Stops the queue, and waits so long for the end of the job that runs."""
        self.stop()
        if self._thread:
            self._thread.join(seconds)
            if self._thread.is_alive():
                _log.warning("a job in the background did not end within %g s: %s", seconds, self.status.job)

    def _run(self) -> None:
        while waiting := self._next():
            begun = monotonic()
            outcome, due = self._outcome(waiting.job)
            self._on_ended(waiting.job.kind, outcome, monotonic() - begun)
            with self._changed:
                self._turn = None
                if due is not None and not self._is_stopped:
                    self._jobs.append(replace(waiting, due=due))

    def _next(self) -> _QueuedJob | None:
        """Waits for the next job and begins its turn; None once the queue is stopped."""
        with self._changed:
            while not self._is_stopped:
                now = monotonic()
                if first := min((each for each in self._jobs if self._begins(each) <= now), default=None):
                    self._jobs.remove(first)
                    self._turn = BackgroundTurn(first.job, self._longest_pause)
                    if self._questions:
                        self._turn.hold()
                    return first
                soonest = min(map(self._begins, self._jobs), default=inf)
                self._changed.wait(None if soonest == inf else soonest - now)
        return None

    def _begins(self, waiting: _QueuedJob) -> float:
        """The moment when a job may begin, as things are; infinite while a question is answered."""
        if waiting.job.pausable:  # it begins paused
            return waiting.due
        return inf if self._questions else max(waiting.due, self._quiet_since + self._quiet_seconds)

    def _outcome(self, job: BackgroundJob) -> tuple[JobOutcome, float | None]:
        """Runs a job; the outcome, and when it is due again, if it is."""
        assert self._turn  # noqa: S101 - _next has begun it
        try:
            later = job.run(self._turn)
        except Cancelled:
            return "interrupted", monotonic() + self._quiet_seconds
        except Exception:  # noqa: BLE001 - the boundary of the thread: the other jobs go on
            _log.exception("a job in the background failed: %s", job.kind)
            return "failed", None
        return ("postponed", monotonic() + later.seconds) if later else ("finished", None)
