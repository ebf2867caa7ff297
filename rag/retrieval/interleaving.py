"""Several searches for one question become one ranking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

from rag.domain.values import Hit


def interleave(rankings: Iterable[Sequence[Hit]]) -> list[Hit]:
    """The hits of several rankings in turn, the best of each first; each passage once.

    Scores of different searches do not compare, so none is compared. One ranking stays as it is.
    """
    kept: dict[int, Hit] = {}
    for hit in chain.from_iterable(zip_longest(*rankings)):
        if hit:
            kept.setdefault(hit.passage.row, hit)
    return list(kept.values())
