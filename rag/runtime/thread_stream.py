"""Producer-consumer streams: items that one thread produces, iterated in another thread or in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _StreamEnd:
    """End marker: the producer has ended; ``error`` says how, where it failed."""

    error: BaseException | None


class _Stream(Generic[T]):
    """The producer's side. Leaving it as a context manager stops the producer, without waiting until it has stopped."""

    def __init__(self, put: Callable[[T | _StreamEnd], object], stop: Callable[[], None]) -> None:
        self._put = put
        self.stop = stop

    def put(self, item: T) -> None:
        """Passes an item to the consumer; from any thread. Does not wait until it is taken."""
        self._put(item)

    def end(self, error: BaseException | None) -> None:
        """Ends the iteration, after the items before; ``error`` is raised there. From any thread; once is enough."""
        self._put(_StreamEnd(error))

    def run(self, produce: Callable[[], Iterable[T]]) -> bool:
        """Passes on each item of ``produce()``, and its end or its error; for a thread of its own.

        Returns:
            Whether it ended without an error.
        """
        error: BaseException | None = None
        try:
            for item in produce():
                self.put(item)
        except BaseException as raised:  # noqa: BLE001 - it is raised again in the consumer
            error = raised
        self.end(error)
        return error is None

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.stop()


class ThreadStream(_Stream[T]):
    """Items that another thread produces, for a consumer that waits for each; iterated once."""

    def __init__(self, stop: Callable[[], None] = lambda: None) -> None:
        """Makes an empty stream.

        Args:
            stop: lets the producer end early; called when the context is left, also when the producer has ended.
        """
        self._queue: SimpleQueue[T | _StreamEnd] = SimpleQueue()
        super().__init__(self._queue.put, stop)

    def __iter__(self) -> Iterator[T]:
        """Yields each item; raises the producer's error at its end."""
        while not isinstance(item := self._queue.get(), _StreamEnd):
            yield item
        if item.error:
            raise item.error


class AsyncThreadStream(_Stream[T]):
    """Items that another thread produces, for a consumer in an event loop; iterated once."""

    def __init__(self, stop: Callable[[], None], *, idle: T, idle_seconds: float) -> None:
        """Makes an empty stream; to be called in the event loop.

        Args:
            stop: lets the producer end early; called when the context is left, also when the producer has ended.
            idle: the consumer gets this whenever there is no other item for ``idle_seconds``.
            idle_seconds: see ``idle``.
        """
        loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[T | _StreamEnd] = asyncio.Queue()
        self._idle, self._idle_seconds = idle, idle_seconds
        super().__init__(lambda item: loop.call_soon_threadsafe(self._queue.put_nowait, item), stop)

    def __aiter__(self) -> AsyncThreadStream[T]:
        return self

    async def __anext__(self) -> T:
        """The next item; raises the producer's error at its end."""
        try:
            async with asyncio.timeout(self._idle_seconds):
                item = await self._queue.get()
        except TimeoutError:
            return self._idle
        if not isinstance(item, _StreamEnd):
            return item
        raise item.error or StopAsyncIteration
