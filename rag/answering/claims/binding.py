"""Binding of a number, name or direction to the words around it: near it in the claim, near it in the quotes.

"The seal has a warranty of 24 months" has only words of "The pump has a warranty of 24 months, the seal one of 6", and
is false: the words beside 24 in the claim are nearer to 6 in the quote. The measure is relative: a thing's words must
be at least as near to it as they are to a rival of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rag.answering.claims.alignment import ClaimComparison, weight
from rag.answering.claims.language.analysis import AnalyzedText

# How near a word is that is so many segments away in the same sentence or row; the last is for all beyond.
_BY_SEGMENT: Final = (1.0, 0.7, 0.55, 0.45)
_IN_LEAD: Final = 0.45
_IN_LINKED: Final = 0.35
_IN_NEXT: Final = 0.15
_ELSEWHERE: Final = 0.03
# Of many occurrences the first are looked at.
_MOST_PLACES: Final = 16


def neighbours(comparison: ClaimComparison, own: range) -> Mapping[str, float]:
    """Weights, by key, of the claim's content words around some of its tokens; nearer ones weigh more."""
    segment = comparison.claim.segment_of[own.start]
    found: dict[str, float] = {}
    for index, token in enumerate(comparison.tokens):
        if token.content and index not in own and token.key in comparison.positions:
            distance = abs(comparison.claim.segment_of[index] - segment)
            same_unit = comparison.claim.unit_of[index] == comparison.claim.unit_of[own.start]
            near = _BY_SEGMENT[min(distance, len(_BY_SEGMENT) - 1)] if same_unit else _IN_NEXT
            found[token.key] = max(found.get(token.key, 0.0), near * weight(token))
    return found


def nearness(comparison: ClaimComparison, around: Mapping[str, float], place: int) -> float:
    """Share of the neighbours' weight near a token of the quotes, 0..1; each counts by how near it is."""
    total = sum(around.values())
    if not total:
        return 0.0
    near = 0.0
    for key, value in around.items():
        places = (other for other in comparison.positions[key][:_MOST_PLACES] if other != place)
        near += value * max((_near(comparison.quotes, other, place) for other in places), default=0.0)
    return near / total


def best_nearness(comparison: ClaimComparison, around: Mapping[str, float], places: Iterable[int]) -> float:
    """That of the best of several tokens; 0 for none."""
    return max((nearness(comparison, around, place) for place in list(places)[:_MOST_PLACES]), default=0.0)


def margin(comparison: ClaimComparison, tokens: range, own: Sequence[int], rivals: Sequence[int]) -> float:
    """By how much the words around some tokens of the claim are nearer to them than to a rival, in the quotes.

    Args:
        comparison: of the claim.
        tokens: of the claim: a number with its unit, or a name.
        own: where the quotes have the same.
        rivals: where the quotes have another of the kind.

    Returns:
        -1..1; 1 where there is no rival, or all of them are in the claim too, in the order of the quotes.
    """
    own = own[:_MOST_PLACES]
    rivals = [
        rival for rival in rivals[:_MOST_PLACES] if own and not _is_in_order(comparison, tokens.start, own, rival)
    ]
    around = neighbours(comparison, tokens)
    if not rivals or not around:
        return 1.0
    return best_nearness(comparison, around, own) - best_nearness(comparison, around, rivals)


def _is_in_order(comparison: ClaimComparison, index: int, own: Sequence[int], rival: int) -> bool:
    """True if the claim has a rival too, on the same side of the thing as the quotes have it."""
    nearest = min(own, key=lambda place: abs(place - rival))
    key = comparison.quotes.tokens[rival].key
    return any(
        token.key == key and (place > index) == (rival > nearest)
        for place, token in enumerate(comparison.tokens)
        if place != index
    )


def _near(quotes: AnalyzedText, one: int, other: int) -> float:
    first, second = sorted((quotes.unit_of[one], quotes.unit_of[other]))
    if first == second:
        distance = abs(quotes.segment_of[one] - quotes.segment_of[other])
        return _BY_SEGMENT[min(distance, len(_BY_SEGMENT) - 1)]
    if quotes.lead_of[second] == first:
        return _IN_LEAD
    if second == first + 1:
        return _IN_LINKED if quotes.linked[second] else _IN_NEXT
    return _ELSEWHERE
