"""Schedule of a load benchmark: the questions and clients of each round, the same for every system. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from benchmarks.serving.workloads import Conversation, Pool, conversations, skewed

Workload: TypeAlias = Literal["W1", "W2", "W3"]
_FEWEST: Final = 12


class Cell(NamedTuple):
    """A workload put by so many clients, each of whom waits for its answer before it asks again."""

    workload: Workload
    clients: int

    def __str__(self) -> str:
        return f"{self.workload}:{self.clients}"


@dataclass(frozen=True)
class Run:
    """Questions of one round of a cell, the same for each system.

    Attributes:
        repeated: for each question of each conversation, whether it was put to the same process before.
    """

    cell: Cell
    round: int
    conversations: Sequence[Conversation]
    repeated: Sequence[Sequence[bool]]


@dataclass(frozen=True)
class Schedule:
    """All that is asked, in its order.

    Attributes:
        warm_up: put to each long-lived process when it has started, and not counted.
        fresh_warm_up: the one question that a process for W2 is asked before, which is not counted.
    """

    warm_up: Sequence[Conversation]
    fresh_warm_up: Sequence[Conversation]
    runs: Sequence[Run]

    @property
    def repeats(self) -> float:
        """Share of W1's questions that were put before."""
        flags = [flag for run in self.runs if run.cell.workload == "W1" for turns in run.repeated for flag in turns]
        return sum(flags) / len(flags) if flags else 0.0


def cell(text: str) -> Cell:
    """Reads ``W1:8``."""
    workload, _, clients = text.partition(":")
    if workload not in get_args(Workload) or not clients.isdigit() or int(clients) < 1:
        raise ValueError(f"{text!r} is not a workload and a number of clients, as in W1:8")
    return Cell(workload, int(clients))  # type: ignore[arg-type]


def schedule(
    pool: Pool,
    alone: Sequence[str],
    cells: Sequence[Cell],
    *,
    rounds: int,
    per_client: int,
    seed: int,
    warm_up: int = 16,
) -> Schedule:
    """Draws everything, so that every system is asked the same in the same order.

    Args:
        pool: questions for W1 and W3.
        alone: questions for W2, no two of which share a passage; the first is its warm-up.
        cells: what a round consists of.
        rounds: how often.
        per_client: questions of each client in a run, at least 12 together; W2 has no more than there are, and in W3
            each client has a conversation, at least two together.
        seed: of chance.
        warm_up: questions of W1 that every long-lived process is asked before.
    """
    chance = np.random.default_rng(seed)
    before = skewed(pool, warm_up, chance)
    put = {question for turns in before for question in turns}
    runs = []
    for number in range(rounds):
        for each in cells:
            count = max(_FEWEST, per_client * each.clients)
            if each.workload == "W2":
                rows = chance.permutation(len(alone) - 1)[:count]
                runs.append(Run(each, number, [(alone[1 + row],) for row in rows], [(False,)] * len(rows)))
                continue
            if each.workload == "W1":
                drawn = skewed(pool, count, chance)
            else:
                drawn = conversations(pool, max(2, each.clients), chance)
            runs.append(Run(each, number, drawn, [_noted(turns, put) for turns in drawn]))
    return Schedule(before, [(question,) for question in alone[:1]], runs)


def _noted(turns: Conversation, put: set[str]) -> list[bool]:
    """True if each was put before; they are from now on."""
    flags = [question in put for question in turns]
    put |= set(turns)
    return flags
