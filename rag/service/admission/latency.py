"""How long answers take, measured while they are given side by side, and what that means for those who wait."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heapify, heapreplace
from typing import Final

# Weight of the newest answer in the running means, once there are a few.
_NEWEST: Final = 0.2
_FIRST_GUESS_SECONDS: Final = 10.0


@dataclass(frozen=True, eq=False)
class Started:
    """When an answer was begun: ``moment`` in seconds, ``work`` in seconds at work, summed over all answers by then."""

    moment: float
    work: float


class LatencyEstimate:
    """Running means over the answers that were finished."""

    def __init__(self, parallel: int, clock: Callable[[], float]) -> None:
        """Nothing is measured yet; a guess holds until the first answer.

        Args:
            parallel: most answers at work at a time.
            clock: seconds that only grow.
        """
        self._seconds = _FIRST_GUESS_SECONDS  # of an answer, beside as many
        self._beside = float(parallel)  # as were at work meanwhile, itself included
        self._parallel = parallel
        self._clock = clock
        self._begun: set[Started] = set()
        self._work = 0.0
        self._moment = clock()
        self._finished = 0

    @property
    def at_work(self) -> int:
        """Answers at work now."""
        return len(self._begun)

    @property
    def seconds(self) -> float:
        """Of an answer from its turn to its end, when as many are at work as may.

        Where fewer were at work when it was measured it will be slower: by nothing if a machine has room for more, in
        proportion if it has none. The geometric mean of the two is taken until it is known.
        """
        return self._seconds * math.sqrt(max(1.0, self._parallel / self._beside))

    @property
    def interval(self) -> float:
        """Seconds from one end to the next, when as many are at work as may (Little's law: L = λ W)."""
        return self.seconds / self._parallel

    def begin(self) -> Started:
        """One more is at work."""
        self._catch_up()
        started = Started(self._moment, self._work)
        self._begun.add(started)
        return started

    def end(self, started: Started, *, finished: bool) -> None:
        """One is at work no more; it is measured if it was finished."""
        self._catch_up()
        self._begun.remove(started)
        seconds = self._moment - started.moment
        if finished and seconds > 0:
            self._finished += 1
            weight = max(_NEWEST, 1 / self._finished)
            self._seconds += weight * (seconds - self._seconds)
            self._beside += weight * ((self._work - started.work) / seconds - self._beside)

    def seconds_until(self, position: int) -> float:
        """How long until as many as ``position`` have come to an end, those at work first, if nothing changes."""
        now = self._clock()
        left = [started.moment + self.seconds - now for started in self._begun]
        # One that takes longer than others did may end at any time.
        ends = [seconds if seconds > 0 else self.interval for seconds in left]
        ends += [self.seconds] * (self._parallel - len(ends))
        heapify(ends)
        for _ in range(position - 1):
            heapreplace(ends, ends[0] + self.seconds)
        return ends[0]

    def _catch_up(self) -> None:
        now = self._clock()
        self._work += len(self._begun) * (now - self._moment)
        self._moment = now
