"""Interleaving: merges the rankings of several searches for one question into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

from rag.domain.values import Hit


def interleave(rankings: Iterable[Sequence[Hit]]) -> list[Hit]:
    """Round-robin merge of rankings: the best hit of each, then the second of each; each passage once.

    Scores of different searches are not comparable, so only ranks are used. A single ranking is unchanged.
    """
    kept: dict[int, Hit] = {}
    for hit in chain.from_iterable(zip_longest(*rankings)):
        if hit:
            kept.setdefault(hit.passage.row, hit)
    return list(kept.values())
