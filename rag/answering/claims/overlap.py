"""Overlap of a claim with its quotes: content words, word pairs, and the longest run of words in common.

``overlap``: share of the claim's term weight in the quotes. ``overlap_in_context``: in the quotes or the context.
``overlap_in_unit``: in the best sentence or row, or in one and those that go on about it; over all parts of the claim.
``scatter``: by how much that is less than ``overlap``. ``pairs``: share of neighbouring content words that are in one
sentence of the quotes. ``run``: longest run of words in common, as a share of the claim's words. ``verbatim``: 1 where
that is nearly all of it. ``order``: share of the pairs of content words that stand in the order of the quote.
``missing``: 1 for four content words or more that are nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from rag.answering.claims.alignment import ClaimComparison, Part, weight
from rag.answering.claims.findings import RuleFindings

_VERBATIM: Final = 0.9
_MANY_MISSING: Final = 4


def overlap_findings(comparison: ClaimComparison) -> RuleFindings:
    """The features above; no problems."""
    content = comparison.content(range(len(comparison.tokens)))
    weights = [weight(comparison.tokens[index]) for index in content]
    keys = [comparison.tokens[index].key for index in content]
    total = sum(weights)
    held = sum(value for key, value in zip(keys, weights, strict=True) if key in comparison.positions)
    named = sum(
        value
        for key, value in zip(keys, weights, strict=True)
        if key in comparison.positions or key in comparison.known
    )
    overlap = held / total if total else 0.0
    in_unit = sum(_in_unit(part, comparison) for part in comparison.parts) / total if total else 0.0
    run = _longest_run(comparison) / len(comparison.tokens) if comparison.tokens else 0.0
    return RuleFindings(
        {
            "overlap": overlap,
            "overlap_in_context": named / total if total else 0.0,
            "overlap_in_unit": in_unit,
            "scatter": max(overlap - in_unit, 0.0),
            "pairs": _pairs_in_unit(keys, comparison),
            "run": run,
            "verbatim": float(run >= _VERBATIM),
            "order": _order(comparison),
            "missing": min(len(missing_words(comparison)) / _MANY_MISSING, 1.0),
        }
    )


def missing_words(comparison: ClaimComparison) -> tuple[str, ...]:
    """The content words of the claim that neither the quotes nor the context have."""
    found = (comparison.tokens[index] for index in comparison.content(range(len(comparison.tokens))))
    return tuple(
        dict.fromkeys(
            token.text for token in found if token.key not in comparison.positions and token.key not in comparison.known
        )
    )


def _in_unit(part: Part, comparison: ClaimComparison) -> float:
    """Weight of a part's content words in its best unit together with those that it is linked to."""
    if not part.units:
        return 0.0
    units, best = {part.units[0]}, part.units[0]
    if comparison.quotes.linked[best] and best:
        units.add(best - 1)
    if best + 1 < len(comparison.quotes.units) and comparison.quotes.linked[best + 1]:
        units.add(best + 1)
    lead = comparison.quotes.lead_of[best]
    if lead is not None:
        units.add(lead)
    tokens = [comparison.tokens[index] for index in comparison.content(part.tokens)]
    return sum(weight(token) for token in tokens if comparison.units_of(token.key) & units)


def _pairs_in_unit(keys: Sequence[str], comparison: ClaimComparison) -> float:
    pairs = list(pairwise(keys))
    if not pairs:
        return float(all(key in comparison.positions for key in keys)) if keys else 0.0
    return sum(bool(comparison.units_of(one) & comparison.units_of(two)) for one, two in pairs) / len(pairs)


def _longest_run(comparison: ClaimComparison) -> int:
    """Length in words of the longest common run; a claim has at most some 160, so it is linear in the quotes."""
    longest = 0
    lengths: dict[int, int] = {}
    for token in comparison.tokens:
        lengths = {index: lengths.get(index - 1, 0) + 1 for index in comparison.positions.get(token.key, ())}
        longest = max(longest, max(lengths.values(), default=0))
    return longest


def _order(comparison: ClaimComparison) -> float:
    """Share of the neighbouring content words of the parts that are in the order of the best unit; 1 where none are."""
    kept = swapped = 0
    for part in comparison.parts:
        if not part.units:
            continue
        unit = comparison.quotes.units[part.units[0]]
        places = [
            next((place for place in comparison.positions.get(comparison.tokens[index].key, ()) if place in unit), None)
            for index in comparison.content(part.tokens)
        ]
        found = [place for place in places if place is not None]
        for one, two in pairwise(found):
            kept += one <= two
            swapped += one > two
    return kept / (kept + swapped) if kept + swapped else 1.0
