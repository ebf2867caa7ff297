"""Grid search for the peers' best settings on this machine: W1 with eight clients, for a short time each."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.serving.measuring import Loadable
from benchmarks.serving.systems import System, further_choices
from benchmarks.serving.workloads import Conversation
from rag.cli.console import ProgressCallback
from rag.errors import ModelUnusable

CLIENTS: Final = 8
# What a setting may be best at, as its tables name it.
PURPOSES: Final = ("throughput", "first token")


@dataclass(frozen=True)
class Tried:
    """A system under a short load: answers per second, and the median of seconds to the first token."""

    system: System
    throughput: float
    first_token: float


def find_best(
    choices: Sequence[System],
    warm_up: Sequence[Conversation],
    conversations: Sequence[Conversation],
    start: Callable[[System], Loadable],
    tell: ProgressCallback,
) -> list[Tried]:
    """Every choice, and then what else a llama-server can do, added to those that were best so far."""
    tried = [_tried(choice, warm_up, conversations, start, tell) for choice in choices]
    if choices[0].kind == "llama-server":
        found = {best.system.name: best.system for best in (fastest(tried), soonest(tried))}
        further = [choice for system in found.values() for choice in further_choices(system)]
        tried += [_tried(choice, warm_up, conversations, start, tell) for choice in further]
    return tried


def _tried(
    system: System,
    warm_up: Sequence[Conversation],
    conversations: Sequence[Conversation],
    start: Callable[[System], Loadable],
    tell: ProgressCallback,
) -> Tried:
    tell(f"trying {system.name}", 0, 1)
    try:
        process = start(system)
    except ModelUnusable:
        return Tried(system, 0.0, float("inf"))  # settings that this build does not have
    try:
        process.loaded(CLIENTS, warm_up)
        load = process.loaded(CLIENTS, conversations)
    finally:
        process.stop()
    good = [served for served in load.served if served.error is None]
    firsts = [served.first_token for served in good if served.first_token is not None]
    return Tried(system, len(good) / load.seconds, median(firsts) if firsts else float("inf"))


def fastest(tried: Sequence[Tried]) -> Tried:
    """The most answers per second."""
    return max(tried, key=lambda each: each.throughput)


def soonest(tried: Sequence[Tried]) -> Tried:
    """The first token after the shortest time."""
    return min(tried, key=lambda each: each.first_token)


def write_best(path: Path, tried: Sequence[Tried]) -> None:
    """All that was tried, and what was best."""
    best = dict(zip(PURPOSES, (asdict(each(tried).system) for each in (fastest, soonest)), strict=True))
    path.write_text(json.dumps({"best": best, "tried": [asdict(each) for each in tried]}, indent=1))
