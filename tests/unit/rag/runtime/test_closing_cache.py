"""Closing LRU cache: values are opened once, shared, and closed once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from rag.runtime.closing_cache import ClosingCache

PATIENCE = 10.0


@dataclass(eq=False)
class Value:
    name: str
    busy: bool = False


@dataclass
class Source:
    """Opens values, and remembers the open ones."""

    open: list[Value] = field(default_factory=list)
    opened: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def value(self, name: str) -> Iterator[Value]:
        value = Value(name)
        self.opened[name] += 1
        self.open.append(value)
        yield value
        self.open.remove(value)

    def cache(self, limit: int) -> ClosingCache[Value]:
        return ClosingCache(self.value, limit, lambda value: value.busy)

    @property
    def names(self) -> list[str]:
        return [value.name for value in self.open]


@pytest.fixture
def source() -> Source:
    return Source()


def test_the_least_recently_used_is_closed(source: Source) -> None:
    cache = source.cache(2)
    first = cache.get("a")
    cache.get("b")
    assert cache.get("a") is first
    cache.get("c")
    assert source.names == ["a", "c"]
    assert cache.opened() == {"a": first, "c": source.open[1]}
    assert cache.get("b") is not first
    assert source.opened == {"a": 1, "b": 2, "c": 1}


def test_a_busy_one_stays_open(source: Source) -> None:
    cache = source.cache(1)
    busy = cache.get("a")
    busy.busy = True
    last = cache.get("b")
    assert cache.get("b") is last
    assert source.names == ["a", "b"]
    busy.busy = False
    cache.get("b")
    assert source.names == ["b"]


def test_one_that_is_closed_is_opened_anew(source: Source) -> None:
    cache = source.cache(2)
    before = cache.get("a")
    cache.close("a")
    cache.close("a")
    cache.close("never opened")
    assert source.names == []
    assert cache.get("a") is not before


def test_all_are_closed(source: Source) -> None:
    cache = source.cache(3)
    for name in "abc":
        cache.get(name)
    cache.close_all()
    assert source.names == []
    assert cache.opened() == {}


def test_one_that_cannot_be_opened_is_tried_again(source: Source) -> None:
    faults = [OSError("away")]

    @contextmanager
    def open_one(name: str) -> Iterator[Value]:
        if faults:
            raise faults.pop()
        with source.value(name) as value:
            yield value

    cache: ClosingCache[Value] = ClosingCache(open_one, 2)
    with pytest.raises(OSError, match="away"):
        cache.get("a")
    assert cache.opened() == {}
    assert cache.get("a").name == "a"


def test_opening_one_keeps_no_other_waiting(source: Source) -> None:
    may_open = threading.Event()

    @contextmanager
    def open_one(name: str) -> Iterator[Value]:
        if name == "slow":
            assert may_open.wait(PATIENCE)
        with source.value(name) as value:
            yield value

    cache: ClosingCache[Value] = ClosingCache(open_one, 2)
    with ThreadPoolExecutor(2) as threads:
        slow = [threads.submit(cache.get, "slow") for _ in range(2)]
        assert cache.get("quick").name == "quick"
        assert not any(each.done() for each in slow)
        may_open.set()
        assert slow[0].result(PATIENCE) is slow[1].result(PATIENCE)
    assert source.opened["slow"] == 1


def test_one_that_is_being_opened_is_closed_with_the_others(source: Source) -> None:
    is_opening, may_open = threading.Event(), threading.Event()

    @contextmanager
    def open_one(name: str) -> Iterator[Value]:
        is_opening.set()
        assert may_open.wait(PATIENCE)
        with source.value(name) as value:
            yield value

    cache: ClosingCache[Value] = ClosingCache(open_one, 2)
    with ThreadPoolExecutor(2) as threads:
        asked = threads.submit(cache.get, "a")
        assert is_opening.wait(PATIENCE)
        closing = threads.submit(cache.close_all)
        deadline = time.monotonic() + PATIENCE
        while cache._slots:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        may_open.set()
        closing.result(PATIENCE)
        assert asked.result(PATIENCE).name == "a"
    assert source.open == []


def test_under_load_no_more_are_open_than_may_be(source: Source) -> None:
    cache = source.cache(3)
    with ThreadPoolExecutor(8) as threads:
        for value in threads.map(lambda number: (number, cache.get(str(number % 7))), range(2_000)):
            assert value[1].name == str(value[0] % 7)
    assert len(source.open) == 3
    assert set(source.open) == set(cache.opened().values())
    cache.close_all()
    assert source.open == []
