"""Latency estimate: moving averages of answer time and concurrency, and from them the waiting time in the queue."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heapreplace
from typing import Final

# Weight of the newest answer in the exponential moving averages, once there are a few.
_NEWEST: Final = 0.2
_FIRST_GUESS_SECONDS: Final = 10.0


@dataclass(frozen=True, eq=False)
class Started:
    """Start of an answer: ``moment`` in seconds; ``busy_seconds``: time at work so far, summed over all answers."""

    moment: float
    busy_seconds: float


class LatencyEstimate:
    """Moving averages over finished answers."""

    def __init__(self, parallel: int, clock: Callable[[], float], first_guess: float = _FIRST_GUESS_SECONDS) -> None:
        """A guess holds until the first answer is measured.

        Args:
            parallel: most answers at work at a time.
            clock: monotonic clock, in seconds.
            first_guess: seconds of an answer with all places at work.
        """
        self._seconds = first_guess  # mean time of an answer
        self._concurrency = float(parallel)  # mean answers at work meanwhile, itself included
        self._parallel = parallel
        self._clock = clock
        self._begun: set[Started] = set()
        self._busy_seconds = 0.0
        self._moment = clock()
        self._finished = 0

    @property
    def at_work(self) -> int:
        """Number of answers at work now."""
        return len(self._begun)

    @property
    def seconds(self) -> float:
        """Estimated time of an answer from its turn to its end, with all places at work.

        If fewer were at work when it was measured, it will be slower: not at all if the machine has spare capacity, in
        proportion to the concurrency if it has none. The geometric mean of the two is taken.
        """
        return self._seconds * math.sqrt(max(1.0, self._parallel / self._concurrency))

    @property
    def interval(self) -> float:
        """Mean seconds between two ends, with all places at work (Little's law: L = λ W)."""
        return self.seconds / self._parallel

    def begin(self) -> Started:
        """Registers the start of an answer."""
        self._catch_up()
        started = Started(self._moment, self._busy_seconds)
        self._begun.add(started)
        return started

    def end(self, started: Started, *, finished: bool) -> None:
        """Registers the end of an answer; it is measured if it was finished."""
        self._catch_up()
        self._begun.remove(started)
        seconds = self._moment - started.moment
        if finished and seconds > 0:
            self._finished += 1
            weight = max(_NEWEST, 1 / self._finished)
            self._seconds += weight * (seconds - self._seconds)
            self._concurrency += weight * ((self._busy_seconds - started.busy_seconds) / seconds - self._concurrency)

    def seconds_until(self, position: int) -> float:
        """Estimated seconds until ``position`` answers have ended, those at work first."""
        now = self._clock()
        left = [started.moment + self.seconds - now for started in self._begun]
        # An answer that has exceeded the estimate may end at any time.
        ends = [seconds if seconds > 0 else self.interval for seconds in left]
        ends += [self.seconds] * (self._parallel - len(ends))
        heapify(ends)
        for _ in range(position - 1):
            heapreplace(ends, ends[0] + self.seconds)
        return ends[0]

    def _catch_up(self) -> None:
        now = self._clock()
        self._busy_seconds += len(self._begun) * (now - self._moment)
        self._moment = now
