"""Targets of an answer: what each part of a question, and each side of a comparison, is to be answered with.

A unit may serve the whole question well and leave one of its parts out; so each part gets the unit that answers it
best, by the reranker, before the rest is filled up by usefulness.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rag.answering.evidence.units import Unit
from rag.domain.probability import log_odds
from rag.domain.values import in_context
from rag.models.embedding.interfaces import Reranker
from rag.runtime.cancellation import Cancellation
from rag.text.words import words

# Units that the reranker compares for a target.
_COMPARED: Final = 24
# The most useful units, of which one is the direct answer.
_LIKELY: Final = 5
# The logit above which a unit is about a target: about one in twenty.
_LEAST_LOGIT: Final = -3.0


@dataclass(frozen=True, slots=True)
class Target:
    """Something that an answer must speak of.

    Attributes:
        text: a part of the question, or what two things are compared in.
        documents: ids of the documents that it is to be found in; empty for any.
    """

    text: str
    documents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Served:
    """The units that answer the targets of an answer.

    Attributes:
        places: position of the unit that answers each target best, that of the first target first, each once.
        nearest: by the position of a compared unit, the number of the target that it is most about.
    """

    places: Sequence[int] = ()
    nearest: Mapping[int, int] = field(default_factory=dict)


def served_units(
    targets: Sequence[Target],
    units: Sequence[Unit],
    usefulness: Sequence[float],
    reranker: Reranker,
    cancelled: Cancellation,
) -> Served:
    """The units that answer the targets, by the reranker and by their usefulness.

    Args:
        targets: of the answer.
        units: of the evidence.
        usefulness: the probability, 0..1, that each belongs to the answer.
        reranker: compares the units of a target.
        cancelled: stops it before the next target.

    Raises:
        Cancelled: ``cancelled`` was called.
    """
    own = [frozenset(words(" ".join([*unit.context[-1:], unit.text]))) for unit in units]
    served: dict[int, None] = {}
    # Logits of different questions are not on one scale: the best unit of each is taken as its measure.
    below_best: dict[int, list[tuple[float, int]]] = {}
    for number, target in enumerate(targets):
        cancelled.check()
        places = _compared(target, units, own, usefulness)
        if not places:
            continue
        texts = [in_context(units[place].context[-1:], units[place].text) for place in places]
        logits = dict(zip(places, reranker.logits(target.text, texts).tolist(), strict=True))
        best = max(logits.values())
        for place, logit in logits.items():
            below_best.setdefault(place, []).append((best - logit, number))
        about = [place for place in places if logits[place] >= _LEAST_LOGIT]
        if about:
            served[max(about, key=lambda place: (logits[place] + log_odds(usefulness[place]), -place))] = None
    return Served(list(served), {place: min(found)[1] for place, found in below_best.items()})


def best_unit(
    question: str, places: Sequence[int], units: Sequence[Unit], usefulness: Sequence[float], reranker: Reranker
) -> int | None:
    """The position of the unit that answers a question best, of the most useful of ``places``.

    None where there are none, or none that is about the question.
    """
    likely = sorted(places, key=lambda place: (-usefulness[place], place))[:_LIKELY]
    if not likely:
        return None
    texts = [in_context(units[place].context[-1:], units[place].text) for place in likely]
    logits = dict(zip(likely, reranker.logits(question, texts).tolist(), strict=True))
    about = [place for place in likely if logits[place] >= _LEAST_LOGIT]
    return max(about, key=lambda place: (logits[place] + log_odds(usefulness[place]), -place), default=None)


def _compared(
    target: Target, units: Sequence[Unit], own: Sequence[Collection[str]], usefulness: Sequence[float]
) -> list[int]:
    """The statements in the target's documents that share most words with it, or are most useful."""
    asked = frozenset(words(target.text))

    def rank(place: int) -> float:
        return usefulness[place] + len(asked.intersection(own[place])) / max(1, len(asked))

    places = [
        place
        for place, unit in enumerate(units)
        if unit.is_statement and usefulness[place] and (not target.documents or unit.place[0] in target.documents)
    ]
    return sorted(places, key=lambda place: (-rank(place), place))[:_COMPARED]
