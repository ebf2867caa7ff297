"""Heavy work takes turns: one at a time, the short ahead of the long, and neither is kept out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event, Thread
from time import sleep

import pytest

from rag.runtime.cpu_gate import Turns


class Course:
    """Who had a turn, in order, while the first was held back until all had asked for one."""

    def __init__(self) -> None:
        self.turns = Turns()
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
    course = Course()
    course.ask("step 1", course.turns.behind)
    course.ask("step 2", course.turns.behind)
    course.ask("search", course.turns.ahead)
    assert course.run() == ["step 1", "search", "step 2"]


def test_a_step_comes_between_two_searches() -> None:
    course = Course()
    course.ask("search 1", course.turns.ahead)
    course.ask("search 2", course.turns.ahead)
    course.ask("search 3", course.turns.ahead)
    course.ask("step", course.turns.behind)
    assert course.run()[:2] == ["search 1", "step"]


def test_searches_follow_each_other_where_nothing_else_is_to_do() -> None:
    course = Course()
    for number in range(3):
        course.ask(str(number), course.turns.ahead)
    assert sorted(course.run()) == ["0", "1", "2"]


@pytest.mark.parametrize("kind", ["ahead", "behind"])
def test_a_turn_ends_with_an_error_too(kind: str) -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), getattr(turns, kind)():
        raise ZeroDivisionError
    with turns.ahead():
        pass
    with turns.behind():
        pass


def test_one_at_a_time() -> None:
    turns, at_work, most = Turns(), [], []

    def work(turn: Callable[[], AbstractContextManager[None]]) -> None:
        for _ in range(50):
            with turn():
                at_work.append(1)
                most.append(len(at_work))
                at_work.pop()

    threads = [Thread(target=work, args=(turn,)) for turn in (turns.ahead, turns.behind, turns.ahead)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(most) == 150
    assert max(most) == 1
