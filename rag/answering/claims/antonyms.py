"""Antonym rule: comparatives, directions and states are those of the quotes.

``antonym``: 1 where the claim has a word whose opposite the quotes have in its place. ``antonym_margin``: how much
nearer a word's surroundings are to it than to its opposite, where the quotes have both, -1..1; 1 otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from rag.answering.claims.alignment import ClaimComparison, Part
from rag.answering.claims.binding import margin
from rag.answering.claims.findings import Problem, RuleFindings
from rag.answering.claims.language.analysis import AnalyzedText
from rag.answering.claims.language.opposites import form, opposites_of
from rag.answering.claims.language.tokens import TextToken

_LEAST_COVERAGE: Final = 0.4
_MISPLACED: Final = -0.08


def antonym_findings(comparison: ClaimComparison) -> RuleFindings:
    """The features above, and ``antonym``."""
    places = _places(comparison.quotes)
    problems: list[Problem] = []
    margins = [1.0]
    for part in comparison.parts:
        if part.coverage < _LEAST_COVERAGE or part.verbatim:
            continue
        for index in part.tokens:
            token = comparison.tokens[index]
            opposites = opposites_of(token.text) if token.kind == "word" else frozenset()
            there = [place for opposite in sorted(opposites) for place in places.get(opposite, ())]
            if there:
                margins.append(_margin(comparison, part, index, places, there))
                if margins[-1] < _MISPLACED:
                    problems.append(Problem("antonym", token.text))
    return RuleFindings(
        {"antonym": float(bool(problems)), "antonym_margin": min(margins)}, tuple(dict.fromkeys(problems))
    )


@lru_cache(maxsize=256)
def _places(text: AnalyzedText) -> Mapping[str, Sequence[int]]:
    """TextToken indices of the words of a text, by stem."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, token in enumerate(text.tokens):
        if token.kind == "word":
            places[form(token.text)].append(index)
    return places


def _margin(
    comparison: ClaimComparison, part: Part, index: int, places: Mapping[str, Sequence[int]], there: Sequence[int]
) -> float:
    """Distance margin between a word and its opposite; -1 where the part's sentences have only the opposite."""
    token: TextToken = comparison.tokens[index]
    own = places.get(form(token.text), ())
    if own:
        return margin(comparison, range(index, index + 1), own, there)
    units = set(part.units[:1])
    inside = any(comparison.quotes.unit_of[place] in units for place in there)
    return -1.0 if inside and not comparison.is_negated_once(part) else 1.0
