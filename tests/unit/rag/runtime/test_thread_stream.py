"""Streams between a producing thread and its consumer: order, errors, and a consumer that leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest

from rag.errors import Cancelled
from rag.runtime.cancellation import Cancellation
from rag.runtime.thread_stream import AsyncThreadStream, ThreadStream

IDLE = -1


def run_in_thread(stream: ThreadStream[int] | AsyncThreadStream[int], produce: Callable[[], Iterable[int]]) -> Thread:
    thread = Thread(target=stream.run, args=[produce], daemon=True)
    thread.start()
    return thread


def failing() -> Iterator[int]:
    yield 1
    raise ValueError("the producer failed")


class Endless:
    """A producer that goes on until it is cancelled."""

    def __init__(self) -> None:
        self.cancellation = Cancellation()
        self.ended = Event()

    def __call__(self) -> Iterator[int]:
        try:
            while True:
                self.cancellation.check()
                yield 1
        finally:
            self.ended.set()


class TestThreadStream:
    def test_all_items_in_order(self) -> None:
        stream = ThreadStream[int]()
        thread = run_in_thread(stream, lambda: range(1000))
        assert list(stream) == list(range(1000))
        thread.join()

    def test_items_come_while_the_producer_is_still_at_work(self) -> None:
        taken = Event()

        def produce() -> Iterator[int]:
            yield 1
            assert taken.wait(60)
            yield 2

        stream = ThreadStream[int]()
        run_in_thread(stream, produce)
        items = iter(stream)
        assert next(items) == 1
        taken.set()
        assert list(items) == [2]

    def test_the_producer_s_error_comes_after_its_items(self) -> None:
        stream = ThreadStream[int]()
        run_in_thread(stream, failing)
        items = iter(stream)
        assert next(items) == 1
        with pytest.raises(ValueError, match="the producer failed"):
            next(items)

    def test_what_cannot_even_begin(self) -> None:
        def refuse() -> Iterable[int]:
            raise KeyboardInterrupt

        stream = ThreadStream[int]()
        assert stream.run(refuse) is False
        with pytest.raises(KeyboardInterrupt):
            list(stream)

    def test_says_whether_it_ended_well(self) -> None:
        assert ThreadStream[int]().run(lambda: [1]) is True
        assert ThreadStream[int]().run(failing) is False

    def test_a_consumer_that_leaves_stops_the_producer(self) -> None:
        endless = Endless()
        stream = ThreadStream[int](stop=endless.cancellation.cancel)
        thread = run_in_thread(stream, endless)
        with stream:
            assert next(iter(stream)) == 1
            assert not endless.ended.is_set()
        assert endless.ended.wait(60)
        thread.join()

    def test_put_and_end_without_run(self) -> None:
        stream = ThreadStream[str]()
        stream.put("a")
        stream.end(None)
        stream.end(ValueError("not the first end"))
        assert list(stream) == ["a"]


def async_stream(stop: Callable[[], None] = lambda: None, idle_seconds: float = 5.0) -> AsyncThreadStream[int]:
    return AsyncThreadStream[int](stop, idle=IDLE, idle_seconds=idle_seconds)


class TestAsyncThreadStream:
    async def test_all_items_in_order(self) -> None:
        stream = async_stream()
        run_in_thread(stream, lambda: range(1000))
        assert [item async for item in stream] == list(range(1000))

    async def test_the_producer_s_error_comes_after_its_items(self) -> None:
        stream = async_stream()
        run_in_thread(stream, failing)
        assert await anext(stream) == 1
        with pytest.raises(ValueError, match="the producer failed"):
            await anext(stream)

    async def test_a_producer_s_time_out_is_no_idleness(self) -> None:
        def late() -> Iterable[int]:
            raise TimeoutError("a server did not answer")

        stream = async_stream()
        run_in_thread(stream, late)
        with pytest.raises(TimeoutError, match="a server did not answer"):
            await anext(stream)

    async def test_idle_while_nothing_comes(self) -> None:
        going_on = Event()

        def produce() -> Iterator[int]:
            assert going_on.wait(60)
            yield from range(100)

        stream = async_stream(idle_seconds=0.01)
        run_in_thread(stream, produce)
        assert [await anext(stream), await anext(stream)] == [IDLE, IDLE]
        going_on.set()
        # No item is lost to the time that runs out.
        assert [item async for item in stream if item != IDLE] == list(range(100))

    async def test_a_consumer_that_leaves_stops_the_producer(self) -> None:
        endless = Endless()
        stream = async_stream(stop=endless.cancellation.cancel)
        with ThreadPoolExecutor(1) as threads:
            work = asyncio.get_running_loop().run_in_executor(threads, stream.run, endless)
            with stream:
                assert await anext(stream) == 1
            assert await work is False
        assert endless.ended.is_set()

    async def test_ended_from_elsewhere_while_the_producer_is_at_work(self) -> None:
        stop = Event()

        def blocked() -> Iterator[int]:
            yield 1
            assert stop.wait(60)

        stream = async_stream(stop=stop.set)
        thread = run_in_thread(stream, blocked)
        with stream:
            assert await anext(stream) == 1
            stream.end(Cancelled("not wanted any more"))
            with pytest.raises(Cancelled):
                await anext(stream)
        thread.join(60)
        assert not thread.is_alive()
