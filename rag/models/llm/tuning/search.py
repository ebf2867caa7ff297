"""Autotuning by coordinate search: one parameter at a time, by measured time. Knows nothing of llama.cpp.

The other parameters stay as they are by then: a grid search would take minutes. The incumbent stays unless another
value is faster in each round and by more than noise, so that a machine on which nothing is to be gained keeps the
default, and measuring again chooses the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, Literal, TypeAlias

from rag.models.llm.tuning.parameters import Tuning

Phase: TypeAlias = Literal["prefill", "decode", "both"]
Seconds: TypeAlias = Callable[[Tuning, Phase], float]

# Share of the time that another value must save: repeated timings of one value differ by up to 3 % on a machine that
# does nothing else.
LEAST_GAIN: Final = 0.05
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class SearchDimension:
    """One parameter of a tuning, and its candidate values.

    Attributes:
        phase: of a typical answer, which the parameter makes faster or slower.
    """

    field: str
    values: Sequence[int | bool]
    phase: Phase

    def others(self, tuning: Tuning) -> list[Tuning]:
        """The tunings that differ from this one in the parameter only."""
        candidates = [replace(tuning, **{self.field: value}) for value in self.values]  # type: ignore[arg-type]
        return [other for other in dict.fromkeys(candidates) if other != tuning]


def search_space(usable: int, physical: int) -> tuple[SearchDimension, ...]:
    """The parameters to search on a machine, the most important first.

    Args:
        usable: threads that can run at a time.
        physical: cores; where each runs two threads, these often slow each other down.
    """
    threads = sorted({usable, min(physical, usable), max(1, usable // 2)}, reverse=True)
    return (
        # First, as the time may end before the others: on some processors a prompt is read in 60 % of the time without.
        SearchDimension("repack", (True, False), "both"),
        SearchDimension("threads", threads, "decode"),
        SearchDimension("batch_threads", threads, "prefill"),
        SearchDimension("flash_attention", (True, False), "both"),
        # More than a prompt's usual 250 tokens makes no difference; fewer stay in a small cache.
        SearchDimension("micro_batch", (512, 128, 64), "prefill"),
    )


def search(
    default: Tuning, dimensions: Iterable[SearchDimension], seconds: Seconds, expired: Callable[[], bool]
) -> Tuning:
    """The fastest tuning that is found in the time.

    Args:
        default: the start; it is kept where nothing is clearly faster.
        dimensions: searched in this order.
        seconds: measures how long a phase of a typical answer takes.
        expired: whether the time is up; what has not been searched by then stays as it is.
    """
    chosen = default
    for dimension in dimensions:

        def seconds_of(tuning: Tuning, phase: Phase = dimension.phase) -> float:
            return seconds(tuning, phase)

        chosen = _better(chosen, dimension.others(chosen), seconds_of, expired)
    return chosen


def _better(
    incumbent: Tuning, others: Sequence[Tuning], seconds: Callable[[Tuning], float], expired: Callable[[], bool]
) -> Tuning:
    """The best of those that beat the incumbent in each round, or the incumbent.

    All remaining candidates run in each round, so that other load slows them down alike.
    """
    ratios: dict[Tuning, list[float]] = {other: [] for other in others}
    for _ in range(_ROUNDS):
        if not ratios or expired():
            return incumbent
        needed = seconds(incumbent)
        for other, known in ratios.items():
            if expired():
                return incumbent
            known.append(seconds(other) / needed)
        ratios = {other: known for other, known in ratios.items() if known[-1] < 1}
    best = min(ratios, key=lambda other: median(ratios[other]), default=incumbent)
    return best if best != incumbent and median(ratios[best]) <= 1 - LEAST_GAIN else incumbent
