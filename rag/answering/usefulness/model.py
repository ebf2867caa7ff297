"""Usefulness model: the probability that a unit of the evidence belongs to the answer, by logistic regression.

The drafts point to units, and the reranker scores the windows that they are in; none alone tells well which units
serve the question. What several drafts take belongs to the answer more surely than what one takes: what depends on a
draft is a mean over all of them (self-consistency, Wang et al., 2023). ``python -m benchmarks.fit_usefulness`` fits
the weights, in folds over questions, to the units that hold a fact of the complete answer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Final, NamedTuple

from rag.answering.evidence.units import Unit
from rag.answering.grounding import SUPPORTED
from rag.answering.usefulness.pointers import Pointer
from rag.answering.usefulness.rarity import Rarity
from rag.domain.probability import logistic
from rag.domain.values import Hit
from rag.text.normalization import normalized_words
from rag.text.words import words

# Logits beyond this are no weaker evidence.
_LOWEST: Final = -8.0
# A passage that was brought along counts as a little less relevant than the hit that it follows.
_LESS: Final = 1.0
_LAST_RANK: Final = 12
_RANKS_PER_UNIT: Final = 4.0


@dataclass(frozen=True, slots=True)
class UnitFeatures:
    """Features of a unit for a question.

    Attributes:
        gap: its relevance less that of the most relevant unit; at least -8.
        hit_logit: the reranker's logit for its passage; at least -8.
        rank: of its passage, in units of four places, 0..3.
        pointed: share of the drafts with a supported statement that points to it, 0..1.
        near: share of those with one that points to the unit before or after it, 0..1.
        drafted: share of its words, by their rarity among the units, that a draft has and the question has not, 0..1.
        block_share: share of the units of its list or table that are pointed to, 0..1.
        coverage: share of the question's words in it and its headings, 0..1.
        document: match of its document with the one that the question names, relative to the best, 0..1.
        length: natural logarithm of its number of words plus one.
        item, row, line: 1 for a list item, a table's row, a line.
        statement: 1 if it states something by itself.
    """

    gap: float
    hit_logit: float
    rank: float
    pointed: float
    near: float
    drafted: float
    block_share: float
    coverage: float
    document: float
    length: float
    item: float
    row: float
    line: float
    statement: float


class _Marks(NamedTuple):
    """Features of a unit that depend on one draft; see :class:`UnitFeatures`."""

    pointed: float
    near: float
    drafted: float
    block_share: float


@dataclass(frozen=True, slots=True)
class UsefulnessModel:
    """Logistic regression over the features of a unit, each of which has a weight."""

    bias: float
    weights: Mapping[str, float]

    def probability(self, features: UnitFeatures) -> float:
        """The probability, 0..1, that a unit with these features belongs to the answer."""
        return logistic(self.bias + sum(self.weights[name] * value for name, value in asdict(features).items()))


# Fitted by benchmarks/fit_usefulness.py.
USEFULNESS_MODEL: Final = UsefulnessModel(
    -5.253,
    {
        "gap": 0.099,
        "hit_logit": -0.021,
        "rank": -0.26,
        "pointed": -0.572,
        "near": -0.279,
        "drafted": 5.29,
        "block_share": 7.178,
        "coverage": 1.536,
        "document": -0.488,
        "length": 0.689,
        "item": -0.124,
        "row": -0.019,
        "line": -1.088,
        "statement": 1.27,
    },
)


def unit_features(
    question: str,
    units: Sequence[Unit],
    relevance: Sequence[float],
    drafts: Sequence[Sequence[Pointer]],
    hits: Sequence[Hit],
) -> Iterator[UnitFeatures]:
    """The features of each unit.

    Args:
        question: as it was put to the model.
        units: of the evidence, in reading order.
        relevance: a logit for each unit.
        drafts: the statements of each draft; at least one draft.
        hits: of the search, best first.
    """
    ranks = {hit.passage.row: rank for rank, hit in reversed(list(enumerate(hits)))}
    best = max(relevance, default=0.0)
    best_match = max((hit.document_match for hit in hits), default=0.0) or 1.0
    asked = set(words(question))
    marks = [_marks(question, units, pointers) for pointers in drafts]
    for place, (unit, logit) in enumerate(zip(units, relevance, strict=True)):
        rank, hit_logit, match = _place_of_passage(unit, ranks, hits)
        own = set(words(" ".join([unit.text, *unit.context])))
        pointed, near, drafted, block_share = map(fmean, zip(*(mark[place] for mark in marks), strict=True))
        yield UnitFeatures(
            gap=max(_LOWEST, logit - best),
            hit_logit=max(_LOWEST, hit_logit),
            rank=min(rank, _LAST_RANK) / _RANKS_PER_UNIT,
            pointed=pointed,
            near=near,
            drafted=drafted,
            block_share=block_share,
            coverage=len(asked & own) / max(1, len(asked)),
            document=match / best_match,
            length=math.log(1 + len(unit.text.split())),
            item=float(unit.kind in ("item", "step")),
            row=float(unit.kind == "row"),
            line=float(unit.kind == "line"),
            statement=float(unit.is_statement),
        )


def _marks(question: str, units: Sequence[Unit], pointers: Sequence[Pointer]) -> list[_Marks]:
    """For each unit, the features that depend on one draft."""
    pointed = {place for pointer in pointers if pointer.share >= SUPPORTED for place in pointer.units}
    in_block = Counter(unit.block for unit in units)
    pointed_in_block = Counter(units[place].block for place in pointed)
    drafted = _shares_of_draft(question, units, pointers)
    return [
        _Marks(
            float(place in pointed),
            float(any(_is_pointed_beside(place, other, units, pointed) for other in (place - 1, place + 1))),
            drafted[place],
            0.0 if unit.block is None else pointed_in_block[unit.block] / in_block[unit.block],
        )
        for place, unit in enumerate(units)
    ]


def _shares_of_draft(question: str, units: Sequence[Unit], pointers: Sequence[Pointer]) -> list[float]:
    """For each unit the share of its words, weighted by their rarity, that the draft adds to the question.

    A statement of the draft points to the one or two units that say it best; others may say it, too, and more.
    """
    draft = {word for pointer in pointers for word in normalized_words(pointer.statement)}
    draft -= set(normalized_words(question))
    own = [normalized_words(unit.text) for unit in units]
    rarity = Rarity(own)
    return [rarity.share(found, draft.__contains__) for found in own]


def _is_pointed_beside(place: int, other: int, units: Sequence[Unit], pointed: set[int]) -> bool:
    return other in pointed and units[other].place[0] == units[place].place[0]


def _place_of_passage(unit: Unit, ranks: Mapping[int, int], hits: Sequence[Hit]) -> tuple[int, float, float]:
    """Rank, logit and document match of a unit's passage; of one that was brought along, those of the hit before it."""
    row = unit.evidence.hit.passage.row
    # Of a sentence over a page break, either page may have been found.
    after = [(row + 1, 0.0)] if unit.rest else []
    for candidate, less in ((row, 0.0), *after, (row - 1, _LESS)):
        if candidate in ranks:
            hit = hits[ranks[candidate]]
            return ranks[candidate], (hit.logit or 0.0) - less, hit.document_match
    return _LAST_RANK, _LOWEST, 0.0
