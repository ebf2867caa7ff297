"""Time complexity, measured on the machine that runs the tests: no bound in seconds."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

# For twice the size: 2 if the time is linear, 4 if it is quadratic.
_GROWTH = 3.2
# Garbage collection and the clock's steps.
_NOISE_SECONDS = 0.05


def assert_linear(
    prepare: Callable[[int], Callable[[], object]], size: int, *, growth: float = _GROWTH, attempts: int = 3
) -> None:
    """Processor time of the work for a size is about twice that for half of it; the best of three runs each.

    Tried again where it is not: other programs take the caches of a busy machine.
    """

    def seconds(size: int) -> float:
        work, best = prepare(size), float("inf")
        for _ in range(3):
            start = process_time()
            work()
            best = min(best, process_time() - start)
        return best

    for _ in range(attempts):
        half, whole = seconds(size // 2), seconds(size)
        if whole < growth * half + _NOISE_SECONDS:
            return
    raise AssertionError((half, whole))
