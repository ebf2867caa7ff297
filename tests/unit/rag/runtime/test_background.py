"""Background queue: one job at a time, priorities, and how jobs make way for questions."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from rag.errors import Cancelled
from rag.runtime.background import BackgroundJob, BackgroundQueue, BackgroundStatus, BackgroundTurn, Later


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.001)


class Work:
    """A job that goes on until it is let go; it counts its runs, and says how they went."""

    def __init__(self, kind: str = "work", priority: int = 0, *, pausable: bool = False) -> None:
        self.runs = 0
        self.log: list[str] = []
        self.go = threading.Event()
        self.turn: BackgroundTurn | None = None
        self.job = BackgroundJob(kind, self._run, priority=priority, pausable=pausable)

    def _run(self, turn: BackgroundTurn) -> None:
        self.turn = turn
        self.runs += 1
        if not self.job.pausable:
            self._wait(turn)
            return
        with turn.pausing(lambda: self.log.append("paused"), lambda: self.log.append("resumed")):
            self._wait(turn)

    def _wait(self, turn: BackgroundTurn) -> None:
        while not self.go.wait(0.001):
            turn.cancellation.check()


Ended = tuple[str, str]


class Bench:
    def __init__(self) -> None:
        self.ended: list[Ended] = []
        self.queue = self.made()

    def made(self, quiet_seconds: float = 0.0, longest_pause: float = 60.0) -> BackgroundQueue:
        self.queue = BackgroundQueue(
            lambda kind, outcome, _: self.ended.append((kind, outcome)),
            quiet_seconds=quiet_seconds,
            longest_pause=longest_pause,
        )
        return self.queue


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.queue.close(30)


def test_one_at_a_time_by_priority_and_then_in_order(bench: Bench) -> None:
    first, *others = [Work("a"), Work("late", 2), Work("b", 1), Work("c", 1)]
    bench.queue.submit(first.job)
    until(lambda: first.runs == 1)
    for other in others:
        other.go.set()
        bench.queue.submit(other.job)
    assert bench.queue.status == BackgroundStatus("a", "running", waiting=("b", "c", "late"))
    first.go.set()
    until(lambda: len(bench.ended) == 4)
    assert bench.ended == [(kind, "finished") for kind in ("a", "b", "c", "late")]
    until(lambda: bench.queue.status == BackgroundStatus())


def test_a_more_urgent_job_goes_before_the_one_that_runs(bench: Bench) -> None:
    slow, urgent = Work("guides", 2), Work("ingest", 0)
    bench.queue.submit(slow.job)
    until(lambda: slow.runs == 1)
    urgent.go.set()
    bench.queue.submit(urgent.job)
    until(lambda: slow.runs == 2)
    slow.go.set()
    until(lambda: len(bench.ended) == 3)
    assert bench.ended == [("guides", "interrupted"), ("ingest", "finished"), ("guides", "finished")]


def test_a_question_cancels_the_job_and_it_runs_again_after_it(bench: Bench) -> None:
    work = Work()
    bench.queue.submit(work.job)
    until(lambda: work.runs == 1)
    with bench.queue.question():
        until(lambda: bench.ended == [("work", "interrupted")])
        until(lambda: bench.queue.status == BackgroundStatus(waiting=("work",)))
        with bench.queue.question():
            pass
        time.sleep(0.02)
        assert work.runs == 1  # another question is still answered
    until(lambda: work.runs == 2)
    work.go.set()
    until(lambda: bench.ended[1:] == [("work", "finished")])


def test_a_page_that_is_loaded_cancels_the_job_until_it_is_there(bench: Bench) -> None:
    work = Work()
    bench.queue.submit(work.job)
    until(lambda: work.runs == 1)
    began = time.monotonic()
    bench.queue.make_way(0.2)
    bench.queue.make_way(0.3)
    until(lambda: bench.ended == [("work", "interrupted")])
    until(lambda: work.runs == 2)
    assert time.monotonic() - began > 0.29
    work.go.set()


def test_a_page_that_is_loaded_at_the_end_is_not_waited_for(bench: Bench) -> None:
    bench.queue.make_way(60.0)
    bench.queue.close(30)
    bench.queue.make_way(60.0)


def test_a_job_begins_only_after_a_quiet_while(bench: Bench) -> None:
    queue = bench.made(quiet_seconds=0.2)
    work = Work()
    work.go.set()
    with queue.question():
        queue.submit(work.job)
    asked = time.monotonic()
    until(lambda: work.runs == 1)
    assert time.monotonic() - asked > 0.19


def test_a_question_pauses_a_job_that_can_be_paused(bench: Bench) -> None:
    work = Work(pausable=True)
    bench.queue.submit(work.job)
    until(lambda: bench.queue.status.state == "running")
    until(lambda: work.runs == 1)
    time.sleep(0.01)
    for _ in range(2):
        with ExitStack() as questions:
            questions.enter_context(bench.queue.question())
            until(lambda: bench.queue.status.state == "paused")
            questions.enter_context(bench.queue.question())
        assert bench.queue.status.state == "running"
    assert work.log == ["paused", "resumed"] * 2
    assert work.runs == 1
    work.go.set()
    until(lambda: bench.ended == [("work", "finished")])


def test_a_job_that_can_be_paused_begins_paused(bench: Bench) -> None:
    work = Work(pausable=True)
    with bench.queue.question():
        bench.queue.submit(work.job)
        until(lambda: work.log == ["paused"])
    assert work.log == ["paused", "resumed"]
    work.go.set()


def test_a_paused_job_does_not_starve(bench: Bench) -> None:
    queue = bench.made(longest_pause=0.02)
    work = Work(pausable=True)
    with queue.question():
        queue.submit(work.job)
        until(lambda: work.log == ["paused", "resumed"])
        with queue.question():
            assert work.log == ["paused", "resumed"]  # until all questions have ended
    with queue.question():
        until(lambda: work.log[2:3] == ["paused"])
    work.go.set()


def test_progress(bench: Bench) -> None:
    work = Work()
    bench.queue.submit(work.job)
    until(lambda: work.turn is not None)
    assert work.turn
    work.turn.progress(3, 10)
    assert bench.queue.status == BackgroundStatus("work", "running", 3, 10)
    work.go.set()


def test_a_job_that_fails_costs_no_other(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: BackgroundTurn) -> None:
        raise ValueError("broken")

    other = Work()
    other.go.set()
    bench.queue.submit(BackgroundJob("bad", fail))
    bench.queue.submit(other.job)
    until(lambda: len(bench.ended) == 2)
    assert bench.ended == [("bad", "failed"), ("work", "finished")]
    assert "broken" in caplog.text


def test_a_postponed_job_lets_others_go_before(bench: Bench) -> None:
    answers: list[Later | None] = [Later(0.05), None]
    other = Work()
    other.go.set()
    bench.queue.submit(BackgroundJob("locked", lambda _: answers.pop(0)))
    bench.queue.submit(other.job)
    until(lambda: len(bench.ended) == 3)
    assert bench.ended == [("locked", "postponed"), ("work", "finished"), ("locked", "finished")]


class TestStopping:
    @pytest.mark.parametrize("pausable", [pytest.param(False, id="cancelled"), pytest.param(True, id="paused")])
    def test_within_a_second(self, bench: Bench, pausable: bool) -> None:
        work, waiting = Work(pausable=pausable), Work("other")
        bench.queue.submit(work.job)
        bench.queue.submit(waiting.job)
        until(lambda: work.runs == 1)
        with bench.queue.question() if pausable else ExitStack():
            begun = time.monotonic()
            bench.queue.close()
            assert time.monotonic() - begun < 1
        assert bench.ended == [("work", "interrupted")]
        assert waiting.runs == 0
        assert not bench.queue.submit(waiting.job)
        if pausable:
            assert work.log == ["paused", "resumed"]

    def test_a_job_that_does_not_end_is_not_waited_for(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.WARNING)
        go, began = threading.Event(), threading.Event()

        def run(_: BackgroundTurn) -> None:
            began.set()
            go.wait(60)

        bench.queue.submit(BackgroundJob("deaf", run))
        assert began.wait(60)
        bench.queue.close(0.01)
        assert "did not end within 0.01 s: deaf" in caplog.text
        go.set()

    def test_nothing_was_begun(self, bench: Bench) -> None:
        bench.queue.close()
        with bench.queue.question():
            pass
        assert bench.ended == []


def test_a_question_takes_hold_within_100_ms(bench: Bench) -> None:
    """The work checks every few milliseconds; what is measured is the way from the question to the work."""
    stopped: list[float] = []

    def run(turn: BackgroundTurn) -> None:
        try:
            while True:
                turn.cancellation.check()
                time.sleep(0.002)
        except Cancelled:
            stopped.append(time.monotonic())
            raise

    bench.queue.submit(BackgroundJob("work", run))
    until(lambda: bench.queue.status.job is not None)
    time.sleep(0.01)
    delays = []
    for number in range(1, 6):
        with bench.queue.question():
            asked = time.monotonic()
            until(lambda: len(stopped) == number)  # noqa: B023 - called at once
            delays.append(stopped[-1] - asked)
        until(lambda: bench.queue.status.job is not None)
        time.sleep(0.01)
    assert sorted(delays)[2] < 0.1  # the median: the machine may be busy
