"""Announced lists: the list whose introduction has the words of a question, and a sentence that lists what is asked.

"You may be offered a mastectomy if:" answers "Why would someone be offered a mastectomy?", whatever its items say by
themselves, and whatever a draft makes of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rag.answering.evidence.units import Unit
from rag.answering.usefulness.model import UnitFeatures
from rag.answering.usefulness.opposition import introductions_of
from rag.domain.values import Form
from rag.text.words import words

# Least number of words of an introduction that the question has, and least share of its words.
_FEWEST_SHARED: Final = 2
_LEAST_SHARED: Final = 0.6
# Relevance below that of the most relevant unit at which a list, and a sentence that lists things, is still near.
_NEAR_LIST: Final = -3.0
_NEAR_SENTENCE: Final = -1.0
_LEAST_COVERAGE: Final = 0.5
# Usefulness of the items of an announced list, as a share of that of the most useful unit.
_OF_BEST: Final = 0.9
# Pieces between the commas of a sentence that lists several things.
_FEWEST_PIECES: Final = 3
# Forms that are no list, or of several things, of which one introduction announces one alone.
_NOT_ANNOUNCED: Final[frozenset[Form]] = frozenset({"overview", "comparison", "table"})


def announced_block(
    question: str, form: Form, units: Sequence[Unit], features: Sequence[UnitFeatures], fitness: Sequence[float]
) -> int | None:
    """The number of the list whose introduction has most of the words of a question; None where there is none such.

    Args:
        question: on its own.
        form: of the answer.
        units: of the evidence, in reading order.
        features: of each unit.
        fitness: of each unit: a list that says the opposite, or is about something else, is not announced.
    """
    if form in _NOT_ANNOUNCED:
        return None
    asked = frozenset(words(question))
    best: tuple[float, int] | None = None
    for block, place in introductions_of(units).items():
        own = frozenset(words(units[place].text))
        shared = len(own & asked)
        is_near = features[place].gap >= _NEAR_LIST and all(
            fitness[other] for other, unit in enumerate(units) if unit.block == block
        )
        if is_near and shared >= _FEWEST_SHARED and shared >= _LEAST_SHARED * len(own):
            score = shared / len(own) + shared / len(asked)
            best = max(best or (score, block), (score, block), key=lambda pair: pair[0])
    return None if best is None else best[1]


def raised(
    form: Form,
    units: Sequence[Unit],
    features: Sequence[UnitFeatures],
    usefulness: Sequence[float],
    announced: int | None,
) -> list[float]:
    """The usefulness of units, as high as that of the best one for what is announced.

    Args:
        form: of the answer.
        units: of the evidence, in reading order.
        features: of each unit.
        usefulness: of each unit, 0..1.
        announced: number of the announced list.
    """
    best = max(usefulness, default=0.0)
    found = []
    for unit, own, useful in zip(units, features, usefulness, strict=True):
        is_item = announced is not None and unit.block == announced
        is_listing = form == "list" and _lists_what_is_asked(unit, own)
        least = best if is_listing else _OF_BEST * best if is_item else 0.0
        found.append(max(useful, least) if useful else 0.0)
    return found


def enumerates(sentence: str) -> bool:
    """True for a sentence that lists several things: "a key, a tin, a card and a pad"."""
    parts = sentence.split(", ")
    return len(parts) >= _FEWEST_PIECES and not {"and", "or"}.isdisjoint(parts[-1].split())


def _lists_what_is_asked(unit: Unit, features: UnitFeatures) -> bool:
    """True for a sentence of the best passage that enumerates things, and has the words of the question."""
    is_near = features.rank == 0 and features.gap >= _NEAR_SENTENCE and features.coverage >= _LEAST_COVERAGE
    return is_near and unit.kind == "sentence" and enumerates(unit.text)
