"""Random sampling without replacement, with a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def sampled(items: Sequence[T], count: int | None, seed: int) -> list[T]:
    """``count`` of the items in their order, each as likely as any other; all where there are no more, or for None."""
    if count is None or count >= len(items):
        return list(items)
    rows = np.random.default_rng(seed).choice(len(items), size=count, replace=False)
    return [items[row] for row in sorted(rows)]
