"""What was generated before is given again to who asks the very same: it would be the same text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Condition
from typing import Final, Generic, TypeVar

from rag.runtime.cancellation import Cancellation

T = TypeVar("T")

# Seconds after which one who waits looks whether its caller is still there.
_LOOK: Final = 0.1


class SingleFlightCache(Generic[T]):
    """The values of the keys that were used last. Safe for many threads."""

    def __init__(self, most: int) -> None:
        """Keeps ``most`` values; 0 for none."""
        self._most = most
        self._changed = Condition()
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._claimed: set[Hashable] = set()

    def claim(self, key: Hashable, cancelled: Cancellation) -> T | None:
        """The value of a key; None where it is for the caller to make it, and then to :meth:`settle` it.

        Waits while another makes it.

        Raises:
            Cancelled: ``cancelled`` was called meanwhile.
        """
        with self._changed:
            while key in self._claimed:
                cancelled.check()
                self._changed.wait(_LOOK)
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            if self._most:
                self._claimed.add(key)
            return None

    def settle(self, key: Hashable, value: T | None) -> None:
        """Keeps what was claimed, in place of the one that was used longest ago; None where nothing came of it."""
        with self._changed:
            self._claimed.discard(key)
            if value is not None:
                self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
            self._changed.notify_all()
