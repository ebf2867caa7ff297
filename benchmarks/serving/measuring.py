"""Interleaved measurement of all systems: in each round each cell runs on one after the other, in rotated order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

from benchmarks.serving.load import Load, Served
from benchmarks.serving.schedule import Run, Schedule
from benchmarks.serving.systems import System
from benchmarks.serving.workloads import Conversation
from rag.cli.console import ProgressCallback

_WARM_UP_CLIENTS = 4


class Loadable(Protocol):
    """A system that serves."""

    def loaded(self, clients: int, conversations: Sequence[Conversation]) -> Load:
        """Load test result of clients that ask these conversations."""

    def stop(self) -> None:
        """Ends it."""


@dataclass(frozen=True)
class Measured:
    """One system in one run."""

    system: str
    run: Run
    load: Load

    @property
    def served(self) -> Sequence[Served]:
        """The questions that were answered or abstained from, not those that failed."""
        return [served for served in self.load.served if served.error is None]

    @property
    def throughput(self) -> float:
        """Answers per second, abstentions among them, from the first question to the last answer."""
        return len(self.served) / self.load.seconds

    def is_repeated(self, served: Served) -> bool:
        """True if the same process was asked it before."""
        return self.run.repeated[served.conversation][served.turn]


def measure(
    systems: Sequence[System], plan: Schedule, start: Callable[[System], Loadable], tell: ProgressCallback
) -> Iterator[Measured]:
    """Each run of the schedule for each system, as they are done.

    For W1 and W3 a system's process stays from beginning to end, warm from all that it was asked before; for W2 a new
    one is started each time, that has read nothing but the question that it is warmed up with.
    """
    with ExitStack() as stack:
        lasting: dict[str, Loadable] = {}
        if any(run.cell.workload != "W2" for run in plan.runs):
            for system in systems:
                tell(f"start {system.name}", 0, 1)
                lasting[system.name] = stack.enter_context(_started(system, plan.warm_up, start))
        turns = [(run, system) for run in plan.runs for system in rotated(systems, run.round)]
        for number, (run, system) in enumerate(turns):
            tell(f"round {run.round + 1} {run.cell} {system.name}", number, len(turns))
            if run.cell.workload == "W2":
                with _started(system, plan.fresh_warm_up, start) as process:
                    load = process.loaded(run.cell.clients, run.conversations)
            else:
                load = lasting[system.name].loaded(run.cell.clients, run.conversations)
            yield Measured(system.name, run, load)


@contextmanager
def _started(
    system: System, warm_up: Sequence[Conversation], start: Callable[[System], Loadable]
) -> Iterator[Loadable]:
    process = start(system)
    try:
        process.loaded(_WARM_UP_CLIENTS, warm_up)
        yield process
    finally:
        process.stop()


def rotated(systems: Sequence[System], number: int) -> list[System]:
    """The systems in the order of a round: A B C, then B C A."""
    first = number % len(systems)
    return [*systems[first:], *systems[:first]]


def by_system(measured: Sequence[Measured]) -> Mapping[str, list[Measured]]:
    """Each system's runs, in their order."""
    made: dict[str, list[Measured]] = {}
    for each in measured:
        made.setdefault(each.system, []).append(each)
    return made
