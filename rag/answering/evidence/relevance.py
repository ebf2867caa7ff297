"""Relevance of units: the reranker's logit of the best window of neighbouring units that a unit is in.

Rerankers were trained on passages of some 60 words: they score a window of several sentences better than each sentence
by itself, and so do not tear a procedure or a paragraph apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rag.answering.evidence.units import Unit
from rag.domain.values import in_context
from rag.models.embedding.interfaces import Reranker
from rag.runtime.cancellation import Cancellation

_WORDS: Final = 60
_BATCH: Final = 8
_MOST_WINDOWS: Final = 96
# For a unit that is in no window.
LOWEST: Final = -12.0


def unit_relevance(
    question: str, units: Sequence[Unit], reranker: Reranker, cancelled: Cancellation, *, words: int = _WORDS
) -> list[float]:
    """For each unit, the largest logit of the windows that it is in.

    Args:
        question: that the reranker is asked.
        units: in reading order.
        reranker: scores the windows.
        cancelled: stops it before the next batch.
        words: of a window; 0 for windows of one unit.

    Raises:
        Cancelled: ``cancelled`` was called.
    """
    windows = list(_windows(units, words))[:_MOST_WINDOWS]
    relevance = [LOWEST] * len(units)
    for first in range(0, len(windows), _BATCH):
        cancelled.check()
        batch = windows[first : first + _BATCH]
        logits = reranker.logits(question, [_text(units, window) for window in batch])
        for window, logit in zip(batch, logits.tolist(), strict=True):
            for position in window:
                relevance[position] = max(relevance[position], logit)
    return relevance


def _windows(units: Sequence[Unit], words: int) -> Iterator[range]:
    """Windows of about so many words in one section, each beginning about half a window after the one before."""
    before: range | None = None
    for first, unit in enumerate(units):
        if before and _same_section(units[before.start], unit):
            passed = sum(len(units[position].text.split()) for position in range(before.start, first))
            if passed < words / 2:
                continue
        before = range(first, _end(units, first, words))
        yield before


def _end(units: Sequence[Unit], first: int, words: int) -> int:
    count = 0
    for position in range(first, len(units)):
        count += len(units[position].text.split())
        if position > first and (count > words or not _same_section(units[first], units[position])):
            return position
    return len(units)


def _same_section(one: Unit, other: Unit) -> bool:
    return one.place[0] == other.place[0] and one.headings == other.headings


def _text(units: Sequence[Unit], window: range) -> str:
    text = "\n".join(units[position].text for position in window)
    return in_context(units[window.start].context[-2:], text)
