"""The cores of this machine, which heavy work takes in turns.

A search and a step of the language model use all cores, each. At the same time they take longer than one after the
other: a program of several threads waits for the one that the other program keeps from running.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class CpuGate:
    """One at a time is at work. Safe for many threads; not to be entered twice by one."""

    def __init__(self) -> None:
        """Nobody is at work."""
        self._changed = Condition()
        self._busy = False
        self._ahead = 0
        self._behind = 0
        self._owed = False

    @contextmanager
    def high_priority(self) -> Iterator[None]:
        """For short work on which something else waits: it is next, but for one of :meth:`low_priority` between two."""
        with self._changed:
            self._ahead += 1
            self._changed.wait_for(lambda: not (self._busy or (self._owed and self._behind)))
            self._ahead -= 1
            self._busy = self._owed = True
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def low_priority(self) -> Iterator[None]:
        """For a piece of long work."""
        with self._changed:
            self._behind += 1
            self._changed.wait_for(lambda: not self._busy and (self._owed or not self._ahead))
            self._behind -= 1
            self._busy, self._owed = True, False
        try:
            yield
        finally:
            self._end()

    def _end(self) -> None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
