"""Heavy work takes turns: one at a time, the short ahead of the long, and neither is kept out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event, Thread
from time import sleep

import pytest

from rag.runtime.cpu_gate import CpuGate


class Track:
    """Who had a turn, in order, while the first was held back until all had asked for one."""

    def __init__(self) -> None:
        self.turns = CpuGate()
        self.had: list[str] = []
        self._go = Event()
        self._threads: list[Thread] = []

    def ask(self, name: str, turn: Callable[[], AbstractContextManager[None]]) -> None:
        def work() -> None:
            with turn():
                self._go.wait(5)
                self.had.append(name)

        self._threads.append(Thread(target=work))
        self._threads[-1].start()
        sleep(0.02)  # until it waits

    def run(self) -> list[str]:
        self._go.set()
        for thread in self._threads:
            thread.join(5)
        return self.had


def test_the_short_goes_ahead() -> None:
    course = Track()
    course.ask("step 1", course.turns.low_priority)
    course.ask("step 2", course.turns.low_priority)
    course.ask("search", course.turns.high_priority)
    assert course.run() == ["step 1", "search", "step 2"]


def test_a_step_comes_between_two_searches() -> None:
    course = Track()
    course.ask("search 1", course.turns.high_priority)
    course.ask("search 2", course.turns.high_priority)
    course.ask("search 3", course.turns.high_priority)
    course.ask("step", course.turns.low_priority)
    assert course.run()[:2] == ["search 1", "step"]


def test_searches_follow_each_other_where_nothing_else_is_to_do() -> None:
    course = Track()
    for number in range(3):
        course.ask(str(number), course.turns.high_priority)
    assert sorted(course.run()) == ["0", "1", "2"]


@pytest.mark.parametrize("kind", ["high_priority", "low_priority"])
def test_a_turn_ends_with_an_error_too(kind: str) -> None:
    turns = CpuGate()
    with pytest.raises(ZeroDivisionError), getattr(turns, kind)():
        raise ZeroDivisionError
    with turns.high_priority():
        pass
    with turns.low_priority():
        pass


def test_one_at_a_time() -> None:
    turns, at_work, most = CpuGate(), [], []

    def work(turn: Callable[[], AbstractContextManager[None]]) -> None:
        for _ in range(50):
            with turn():
                at_work.append(1)
                most.append(len(at_work))
                at_work.pop()

    threads = [
        Thread(target=work, args=(turn,)) for turn in (turns.high_priority, turns.low_priority, turns.high_priority)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(most) == 150
    assert max(most) == 1
