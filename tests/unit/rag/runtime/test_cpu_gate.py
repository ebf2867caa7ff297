"""CPU gate: one task at a time, high priority first, and neither priority starves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event, Thread
from time import sleep

import pytest

from rag.runtime.cpu_gate import CpuGate


class Schedule:
    """The order in which tasks passed the gate; the first one holds it until all others wait."""

    def __init__(self) -> None:
        self.gate = CpuGate()
        self.order: list[str] = []
        self._go = Event()
        self._threads: list[Thread] = []

    def enter(self, name: str, priority: Callable[[], AbstractContextManager[None]]) -> None:
        def work() -> None:
            with priority():
                self._go.wait(60)
                self.order.append(name)

        self._threads.append(Thread(target=work))
        self._threads[-1].start()
        sleep(0.02)  # until it waits

    def run(self) -> list[str]:
        self._go.set()
        for thread in self._threads:
            thread.join(60)
        return self.order


def test_high_priority_goes_first() -> None:
    schedule = Schedule()
    schedule.enter("step 1", schedule.gate.low_priority)
    schedule.enter("step 2", schedule.gate.low_priority)
    schedule.enter("search", schedule.gate.high_priority)
    assert schedule.run() == ["step 1", "search", "step 2"]


def test_one_low_priority_task_runs_between_two_of_high_priority() -> None:
    schedule = Schedule()
    schedule.enter("search 1", schedule.gate.high_priority)
    schedule.enter("search 2", schedule.gate.high_priority)
    schedule.enter("search 3", schedule.gate.high_priority)
    schedule.enter("step", schedule.gate.low_priority)
    assert schedule.run()[:2] == ["search 1", "step"]


def test_high_priority_tasks_follow_each_other_where_no_other_waits() -> None:
    schedule = Schedule()
    for number in range(3):
        schedule.enter(str(number), schedule.gate.high_priority)
    assert sorted(schedule.run()) == ["0", "1", "2"]


@pytest.mark.parametrize("priority", ["high_priority", "low_priority"])
def test_an_error_opens_the_gate(priority: str) -> None:
    gate = CpuGate()
    with pytest.raises(ZeroDivisionError), getattr(gate, priority)():
        raise ZeroDivisionError
    with gate.high_priority():
        pass
    with gate.low_priority():
        pass


def test_one_at_a_time() -> None:
    gate, at_work, most = CpuGate(), [], []

    def work(priority: Callable[[], AbstractContextManager[None]]) -> None:
        for _ in range(50):
            with priority():
                at_work.append(1)
                most.append(len(at_work))
                at_work.pop()

    threads = [
        Thread(target=work, args=(each,)) for each in (gate.high_priority, gate.low_priority, gate.high_priority)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 150
    assert max(most) == 1
