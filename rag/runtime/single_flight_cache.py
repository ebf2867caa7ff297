"""Single-flight LRU cache: identical requests share one computation; repeats are served from memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Condition
from typing import Final, Generic, TypeVar

from rag.runtime.cancellation import Cancellation

T = TypeVar("T")

# Seconds between two looks at whether a waiting caller was cancelled.
_POLL_SECONDS: Final = 0.1


class SingleFlightCache(Generic[T]):
    """Values by key; the least recently used ones are dropped. Thread-safe."""

    def __init__(self, capacity: int) -> None:
        """Keeps at most ``capacity`` values; 0 turns it off, and each caller computes its own."""
        self._capacity = capacity
        self._changed = Condition()
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._claimed: set[Hashable] = set()

    def claim(self, key: Hashable, cancelled: Cancellation) -> T | None:
        """The value of a key; None where the caller has to compute it, and then to :meth:`settle` the key.

        Waits while another caller computes it.

        Raises:
            Cancelled: it was cancelled while it waited.
        """
        with self._changed:
            while key in self._claimed:
                cancelled.check()
                self._changed.wait(_POLL_SECONDS)
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            if self._capacity:
                self._claimed.add(key)
            return None

    def settle(self, key: Hashable, value: T | None) -> None:
        """Stores the value of a claimed key; None where computing it failed, and the next caller computes it."""
        with self._changed:
            self._claimed.discard(key)
            if value is not None:
                self._values[key] = value
            while len(self._values) > self._capacity:
                self._values.popitem(last=False)
            self._changed.notify_all()
