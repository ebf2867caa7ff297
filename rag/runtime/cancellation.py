"""Telling work in another thread that nobody waits for it any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock

from rag.errors import Cancelled


class Cancellation:
    """Set once, from any thread. Work asks it between steps, or leaves a callback that stops a step midway."""

    def __init__(self) -> None:
        # Held while callbacks are called, so that none is called after its block has ended.
        self._lock = RLock()
        self._callbacks: list[Callable[[], None]] = []
        self._cancelled = False

    def cancel(self) -> None:
        """Says that the result is no longer wanted; again does nothing."""
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
        """While inside, :meth:`cancel` calls ``callback``, from its own thread; at once if it was called before."""
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
