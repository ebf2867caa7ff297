"""CPU gate with high and low priority: computations that use all cores run one at a time.

A search and a step of the language model use all cores, each. At the same time they take longer than one after the
other: the threads of each wait for the one of theirs whose core the other one occupies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class CpuGate:
    """Mutual exclusion with two priorities, of which neither starves. Thread-safe, not reentrant."""

    def __init__(self) -> None:
        """Makes an open gate."""
        self._changed = Condition()
        self._busy = False
        self._high_waiting = 0
        self._low_waiting = 0
        self._low_is_due = False

    @contextmanager
    def high_priority(self) -> Iterator[None]:
        """For short work on which more work waits.

        It runs next, except that one low-priority task may run between two high-priority ones.
        """
        with self._changed:
            self._high_waiting += 1
            self._changed.wait_for(lambda: not (self._busy or (self._low_is_due and self._low_waiting)))
            self._high_waiting -= 1
            self._busy = self._low_is_due = True
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def low_priority(self) -> Iterator[None]:
        """For one step of long work."""
        with self._changed:
            self._low_waiting += 1
            self._changed.wait_for(lambda: not self._busy and (self._low_is_due or not self._high_waiting))
            self._low_waiting -= 1
            self._busy, self._low_is_due = True, False
        try:
            yield
        finally:
            self._end()

    def _end(self) -> None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
