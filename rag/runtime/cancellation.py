"""Cancellation token: cooperative cancellation of work that runs in another thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock

from rag.errors import Cancelled


class Cancellation:
    """Cancellation token, set once, from any thread.

    The work checks it between its steps, or registers a callback that interrupts a step.
    """

    def __init__(self) -> None:
        # Held while callbacks are called, so that none is called after its context has been left.
        self._lock = RLock()
        self._callbacks: list[Callable[[], None]] = []
        self._cancelled = False

    def cancel(self) -> None:
        """Requests cancellation, and calls the registered callbacks; again does nothing new."""
        with self._lock:
            self._cancelled = True
            for callback in list(self._callbacks):
                if callback in self._callbacks:
                    callback()

    def check(self) -> None:
        """Raises Cancelled once :meth:`cancel` was called."""
        if self._cancelled:
            raise Cancelled("the caller went away")

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Registers a callback: inside the context :meth:`cancel` calls it, in the thread that cancels.

        Where cancellation was requested before, it is called at once.
        """
        with self._lock:
            self._callbacks.append(callback)
            cancelled = self._cancelled
        try:
            if cancelled:
                callback()
            yield
        finally:
            with self._lock:
                self._callbacks.remove(callback)
