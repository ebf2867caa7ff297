"""Which tuning is taken, by what was measured. Knows nothing of llama.cpp.

One choice at a time, the others as they are by then: a grid over all of them would take minutes. What is in force
stays unless something else is faster each time and by more than chance makes it, so that a machine on which nothing
is to be gained keeps the default, and measuring again chooses the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, Literal, TypeAlias

from rag.models.llm.tuning.parameters import Tuning

Part: TypeAlias = Literal["reading", "writing", "both"]
Seconds: TypeAlias = Callable[[Tuning, Part], float]

# A share of the time that another choice must save: repeated timings of one choice differ by up to 3 % on a machine
# that does nothing else.
LEAST_GAIN: Final = 0.05
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class SearchDimension:
    """One field of a tuning, and what it may be.

    Attributes:
        part: of a typical answer, which it makes faster or slower.
    """

    field: str
    values: Sequence[int | bool]
    part: Part

    def others(self, tuning: Tuning) -> list[Tuning]:
        """The tunings that differ from this one in the field only."""
        made = [replace(tuning, **{self.field: value}) for value in self.values]  # type: ignore[arg-type]
        return [other for other in dict.fromkeys(made) if other != tuning]


def search_space(usable: int, physical: int) -> tuple[SearchDimension, ...]:
    """What is tried on a machine, what matters most first.

    Args:
        usable: threads that can run at a time.
        physical: cores; where each runs two threads, these often get into each other's way.
    """
    threads = sorted({usable, min(physical, usable), max(1, usable // 2)}, reverse=True)
    return (
        SearchDimension("threads", threads, "writing"),
        SearchDimension("batch_threads", threads, "reading"),
        SearchDimension("repack", (True, False), "both"),
        SearchDimension("flash_attention", (True, False), "both"),
        # More than a prompt's usual 250 tokens makes no difference; fewer stay in a small cache.
        SearchDimension("micro_batch", (512, 128, 64), "reading"),
    )


def search(
    default: Tuning, choices: Iterable[SearchDimension], seconds: Seconds, expired: Callable[[], bool]
) -> Tuning:
    """The tuning that is fastest, as far as it can be told in the time.

    Args:
        default: what is taken where nothing is clearly faster.
        choices: tried in this order.
        seconds: measures how long a part of a typical answer takes.
        expired: whether the time is up; what has not been tried by then stays as it is.
    """
    chosen = default
    for choice in choices:
        chosen = _better(chosen, choice.others(chosen), lambda tuning, part=choice.part: seconds(tuning, part), expired)  # type: ignore[misc]
    return chosen


def _better(
    incumbent: Tuning, others: Sequence[Tuning], seconds: Callable[[Tuning], float], expired: Callable[[], bool]
) -> Tuning:
    """The best of those that beat the incumbent in each round, or the incumbent.

    All that are still in the race run in each round, so that whatever else slows the machine down meets them alike.
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
