"""Closing LRU cache: what is opened by name is shared by all threads, and closed when others have been used since."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class ClosingCache(Generic[T]):
    """Open values by name; beyond a limit the least recently used ones are closed. Thread-safe.

    No lock of all is held while one is opened or closed, so nobody waits for the opening of another one. A value that
    is closed may still be in use: closing releases what the cache holds of it.
    """

    def __init__(
        self,
        open_one: Callable[[str], AbstractContextManager[T]],
        limit: int,
        is_busy: Callable[[T], bool] = lambda _value: False,
    ) -> None:
        """Opens nothing yet.

        Args:
            open_one: the value of a name is what entering this context gives; leaving it closes the value.
            limit: of values that are open at a time, but for busy ones.
            is_busy: whether a value must stay open for now.
        """
        self._open_one = open_one
        self._limit = limit
        self._is_busy = is_busy
        self._lock = Lock()
        # The least recently used one first.
        self._slots: OrderedDict[str, _Slot[T]] = OrderedDict()

    def get(self, name: str) -> T:
        """The value of a name, which is opened if it is not open; raises what opening it raises."""
        value: T | None = None
        while value is None:
            with self._lock:
                slot = self._slots.setdefault(name, _Slot())
                self._slots.move_to_end(name)
            # None where another thread has closed it meanwhile.
            value = slot.open(lambda: self._open_one(name))
        self._close_surplus()
        return value

    def opened(self) -> dict[str, T]:
        """The values that are open now, by name."""
        with self._lock:
            return dict(self._values())

    def close(self, name: str) -> None:
        """Closes the value of a name, if it is open."""
        with self._lock:
            slot = self._slots.pop(name, None)
        if slot:
            slot.close()

    def close_all(self) -> None:
        """Closes all values."""
        with self._lock:
            slots = list(self._slots.values())
            self._slots.clear()
        for slot in slots:
            slot.close()

    def _values(self) -> Iterator[tuple[str, T]]:
        return ((name, slot.value) for name, slot in self._slots.items() if slot.value is not None)

    def _close_surplus(self) -> None:
        with self._lock:
            busy = {name for name, value in self._values() if self._is_busy(value)}
            idle = [name for name in self._slots if name not in busy]
            # The most recently used of these stays, however many are busy: it has just been asked for.
            surplus = [self._slots.pop(name) for name in idle[:-1][: max(len(self._slots) - self._limit, 0)]]
        for slot in surplus:
            slot.close()


class _Slot(Generic[T]):
    """A value that is opened once, and closed once."""

    def __init__(self) -> None:
        self.value: T | None = None
        self._lock = Lock()
        self._open = ExitStack()
        self._is_closed = False

    def open(self, open_one: Callable[[], AbstractContextManager[T]]) -> T | None:
        """The value; None where it is closed already."""
        with self._lock:
            if self.value is None and not self._is_closed:
                self.value = self._open.enter_context(open_one())
            return self.value

    def close(self) -> None:
        with self._lock:
            self.value, self._is_closed = None, True
            self._open.close()
