"""Alignment of a claim with its quotes: for each part of the claim the sentences or rows of the quotes that it is from.

The parts of a claim are its clauses as far as commas and conjunctions show them. A part is aligned greedily: with the
unit that has most of its weight, then with the one that has most of the rest (a set cover, as in Slobodkin and others,
2024, but over words).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rag.answering.claims.language.analysis import AnalyzedText, analyze
from rag.answering.claims.language.polarity import polarity
from rag.answering.claims.language.tokens import TextToken

# Term weights; numbers and names are what a claim is usually false in.
_WEIGHT_NUMBER: Final = 2.0
_WEIGHT_NAME: Final = 1.5
_MOST_TOKENS: Final = 160
_MOST_UNITS: Final = 3
# A further unit must add this share of a part's weight.
_LEAST_GAIN: Final = 0.2
_FEWEST_CONTENT: Final = 2
_SPLITTERS: Final = frozenset("and but or while whereas so".split())
_HARD_SPLITTERS: Final = frozenset("but whereas".split())

Positions = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a claim.

    Attributes:
        tokens: its range in the claim's tokens.
        units: of the quotes, best first; empty where nothing of it is in them.
        coverage: share of its weight in the best of them, 0..1.
        verbatim: true where the quotes have it word for word.
    """

    tokens: range
    units: tuple[int, ...]
    coverage: float
    verbatim: bool


@dataclass(frozen=True, slots=True, eq=False)
class ClaimComparison:
    """A claim beside its quotes, aligned: the input of every family of rules.

    Attributes:
        context: headings and title above the quotes.
        positions: token indices in the quotes by key.
        known: keys of the context.
        tokens: of the claim, as many as are read.
    """

    claim: AnalyzedText
    quotes: AnalyzedText
    context: AnalyzedText
    positions: Positions
    known: frozenset[str]
    tokens: Sequence[TextToken]
    parts: tuple[Part, ...]

    def content(self, tokens: range) -> list[int]:
        """Indices of the content words of a range of the claim's tokens."""
        return [index for index in tokens if self.tokens[index].content]

    def part_of(self, index: int) -> Part | None:
        """The part of the claim that a token is in."""
        return next((part for part in self.parts if index in part.tokens), None)

    def is_verbatim(self, index: int) -> bool:
        """True if a token of the claim is in a part that the quotes have word for word."""
        return any(part.verbatim and index in part.tokens for part in self.parts)

    def is_negated_once(self, part: Part) -> bool:
        """True if a part of the claim is negative and its best unit is not, or the reverse."""
        if not part.units:
            return False
        said = polarity(self.claim, part.tokens)
        quoted = polarity(self.quotes, self.quotes.units[part.units[0]])
        return bool(said.negations) != bool(quoted.negations)

    def unit_tokens(self, units: Sequence[int]) -> list[int]:
        """Indices of the tokens of some units of the quotes, in their order."""
        return [index for unit in sorted(units) for index in self.quotes.units[unit]]

    def units_of(self, key: str) -> set[int]:
        """The units of the quotes that have a key."""
        return {self.quotes.unit_of[index] for index in self.positions.get(key, ())}


def compare(claim: str, quotes: Sequence[str], context: str) -> ClaimComparison:
    """Aligns a claim with its quotes; linear in the texts."""
    said, quoted, above = analyze(claim), analyze("\n\n".join(quotes)), analyze(context)
    positions: dict[str, list[int]] = defaultdict(list)
    for index, token in enumerate(quoted.tokens):
        positions[token.key].append(index)
    tokens = said.tokens[:_MOST_TOKENS]
    parts = tuple(_aligned(part, tokens, positions, quoted) for part in _parts(said, tokens))
    return ClaimComparison(
        said, quoted, above, positions, frozenset(token.key for token in above.tokens), tokens, parts
    )


def weight(token: TextToken) -> float:
    """Term weight of a content word."""
    if token.numeric:
        return _WEIGHT_NUMBER
    return _WEIGHT_NAME if token.capital or token.kind == "code" else 1.0


def _parts(claim: AnalyzedText, tokens: Sequence[TextToken]) -> list[range]:
    starts = [0]
    for index in range(1, len(tokens)):
        if _begins_part(claim, tokens, index) and _is_whole(tokens[starts[-1] : index]):
            starts.append(index)
    # A short rest belongs to the part before it.
    if len(starts) > 1 and not _is_whole(tokens[starts[-1] :]):
        starts.pop()
    ends = [*starts[1:], len(tokens)]
    return [range(start, end) for start, end in zip(starts, ends, strict=True) if end > start]


def _begins_part(claim: AnalyzedText, tokens: Sequence[TextToken], index: int) -> bool:
    gap, word = claim.gap(index), tokens[index].lower
    return (
        claim.unit_of[index] != claim.unit_of[index - 1]
        or ";" in gap
        or word in _HARD_SPLITTERS
        or ("," in gap and word in _SPLITTERS)
    )


def _is_whole(tokens: Sequence[TextToken]) -> bool:
    return sum(token.content for token in tokens) >= _FEWEST_CONTENT


def _aligned(part: range, tokens: Sequence[TextToken], positions: Positions, quotes: AnalyzedText) -> Part:
    weights = {tokens[index].key: weight(tokens[index]) for index in part if tokens[index].content}
    total = sum(weights.values())
    held: dict[int, dict[str, float]] = defaultdict(dict)
    for key, value in weights.items():
        units = {quotes.unit_of[index] for index in positions.get(key, ())}
        for unit in units:
            held[unit][key] = value
    chosen: list[int] = []
    coverage = 0.0
    missing = dict(weights)
    while held and len(chosen) < _MOST_UNITS:
        # Of two with the same words the shorter, then the earlier.
        gains = {unit: sum(missing.get(key, 0.0) for key in keys) for unit, keys in held.items()}
        best = max(gains, key=lambda unit: (gains[unit], -len(quotes.units[unit]), -unit))
        if chosen and gains[best] < _LEAST_GAIN * total:
            break
        coverage = coverage or gains[best] / total
        chosen.append(best)
        found = held.pop(best)
        missing = {key: value for key, value in missing.items() if key not in found}
    return Part(
        part, tuple(chosen), coverage, _is_verbatim([token.key for token in tokens[part.start : part.stop]], positions)
    )


def _is_verbatim(keys: Sequence[str], positions: Positions) -> bool:
    """True if the quotes have these keys in a row."""
    ends = set(positions.get(keys[0], ()))
    for key in keys[1:]:
        ends = {index for index in positions.get(key, ()) if index - 1 in ends}
    return bool(ends)
