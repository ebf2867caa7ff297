"""Quantifier and modality rule: the claim is no stronger than its quotes.

``universal_added``: 1 where the claim has "all", "every" or "any" and the quotes do not. ``always_added``: the same of
"always" and "never". ``only_added``: the same of "only". ``restriction_lost``: 1 where what is said of some things in
the quotes ("members of the design office") is said of all of them. ``weaker_quantifier``: 1 where the quotes have
"some" or "most" there. ``obligation_added``: 1 where the claim has "must" and the quotes "may" or "should";
``obligation_unsaid``: where they have none of the three. ``permission_added``: 1 where the claim has "may" and the
quotes have "must". ``exemption``: 1 where one has "must not" and the other "need not".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rag.answering.claims.alignment import ClaimComparison, Part
from rag.answering.claims.findings import Problem, ProblemKind, RuleFindings
from rag.answering.claims.language.analysis import AnalyzedText
from rag.answering.claims.language.lexicon import (
    ADVICE,
    ALWAYS,
    EXCLUSIVE,
    EXEMPTING,
    OBLIGATION,
    PARTIAL,
    PERMISSION,
    RESTRICTIONS,
    UNIVERSAL,
)
from rag.answering.claims.language.polarity import is_denied, opens_scope, phrase_length
from rag.answering.claims.language.tokens import NOT

_LEAST_COVERAGE: Final = 0.4
_MODIFIERS: Final = frozenset("of in with on under for from who that which whose at without above below over".split())
_LONGEST_MODIFIER: Final = 5
_NEAR: Final = 4
_FARTHEST: Final = 20


@dataclass(frozen=True, slots=True)
class _Modality:
    """Modal verbs of a stretch of text; ``forbidden`` is "must not" and "may not", ``exempt`` "need not"."""

    obliged: bool
    advised: bool
    permitted: bool
    forbidden: bool
    exempt: bool


def quantifier_findings(comparison: ClaimComparison) -> RuleFindings:
    """The features above, ``quantifier_changed`` and ``modality_changed``."""
    flags: dict[str, bool] = dict.fromkeys(_FEATURES, False)
    problems: list[Problem] = []
    for part in comparison.parts:
        if part.coverage >= _LEAST_COVERAGE and not part.verbatim:
            quoted = comparison.unit_tokens(part.units)
            for name, detail in [
                *_quantifiers(comparison, part, quoted),
                *_modals(comparison, part, quoted),
            ]:
                flags[name] = True
                if kind := _PROBLEMS.get(name):
                    problems.append(Problem(kind, detail))
    return RuleFindings({name: float(value) for name, value in flags.items()}, tuple(dict.fromkeys(problems)))


_PROBLEMS: Final[Mapping[str, ProblemKind]] = {
    "always_added": "quantifier_changed",
    "only_added": "quantifier_changed",
    "restriction_lost": "quantifier_changed",
    "weaker_quantifier": "quantifier_changed",
    "obligation_added": "modality_changed",
    "permission_added": "modality_changed",
    "exemption": "modality_changed",
}
_FEATURES: Final = ("universal_added", *_PROBLEMS, "obligation_unsaid")


def _quantifiers(comparison: ClaimComparison, part: Part, quoted: Sequence[int]) -> Iterable[tuple[str, str]]:
    words = {comparison.quotes.tokens[index].lower for index in quoted}
    negative = any(comparison.quotes.tokens[index].key == NOT for index in quoted)
    for index in part.tokens:
        token = comparison.tokens[index]
        if token.lower in EXCLUSIVE and words.isdisjoint(EXCLUSIVE | RESTRICTIONS) and not negative:
            yield "only_added", token.text
        if token.lower in ALWAYS and words.isdisjoint(UNIVERSAL | ALWAYS) and not negative:
            yield "always_added", token.text
        if token.lower in UNIVERSAL:
            if words.isdisjoint(UNIVERSAL) and not negative:
                yield "universal_added", token.text
            yield from _head(comparison, index, quoted)


def _head(comparison: ClaimComparison, index: int, quoted: Sequence[int]) -> Iterable[tuple[str, str]]:
    """Differences about the word that a universal quantifier is before."""
    following = range(index + 1, min(index + 1 + _NEAR, len(comparison.tokens)))
    head = next((place for place in following if comparison.tokens[place].content), None)
    if head is None:
        return
    said = {token.key for token in comparison.tokens}
    detail = comparison.claim.quoted(index, head + 1)
    places = [place for place in quoted if comparison.quotes.tokens[place].key == comparison.tokens[head].key]
    for place in places:
        before = comparison.quotes.tokens[max(place - _NEAR, 0) : place]
        if any(token.lower in PARTIAL for token in before):
            yield "weaker_quantifier", detail
            return
    if places and all(_is_restricted(comparison.quotes, place, said) for place in places):
        yield "restriction_lost", detail


def _is_restricted(quotes: AnalyzedText, place: int, said: set[str]) -> bool:
    """True if a modifier follows a word, most of which the claim does not say: "owner who has fewer than ten"."""
    stop = quotes.units[quotes.unit_of[place]].stop
    if place + 1 >= stop or quotes.tokens[place + 1].lower not in _MODIFIERS or "," in quotes.gap(place + 1):
        return False
    words: list[str] = []
    for index in range(place + 2, min(stop, place + _FARTHEST)):
        if any(mark in quotes.gap(index) for mark in ",;:(") or len(words) == _LONGEST_MODIFIER:
            break
        if quotes.tokens[index].content:
            words.append(quotes.tokens[index].key)
    first = words[:2]
    return bool(first) and not any(word in said for word in first)


def _modals(comparison: ClaimComparison, part: Part, quoted: Sequence[int]) -> Iterable[tuple[str, str]]:
    said, there = _modality(comparison.claim, list(part.tokens)), _modality(comparison.quotes, quoted)
    detail = comparison.claim.quoted(part.tokens.start, part.tokens.stop)
    if said.obliged and not there.obliged:
        if there.permitted or there.advised:
            yield "obligation_added", detail
        elif not there.forbidden:
            yield "obligation_unsaid", detail
    only = any(comparison.tokens[index].lower in EXCLUSIVE for index in part.tokens)
    permits = said.permitted and not said.obliged and not only
    if permits and there.obliged and not there.permitted and not there.advised:
        yield "permission_added", detail
    if (said.forbidden and there.exempt and not there.forbidden) or (
        said.exempt and there.forbidden and not there.exempt
    ):
        yield "exemption", detail


def _modality(text: AnalyzedText, indices: Sequence[int]) -> _Modality:
    obliged = advised = permitted = forbidden = exempt = False
    for index in indices:
        strong = phrase_length(text, index, OBLIGATION)
        advice, weak = phrase_length(text, index, ADVICE), phrase_length(text, index, PERMISSION)
        if not (strong or advice or weak):
            continue
        negated = _is_negated(text, index, max(strong, advice, weak))
        exempting = text.tokens[index].lower in EXEMPTING
        obliged |= bool(strong) and not negated
        exempt |= bool(strong) and negated and exempting
        forbidden |= negated and not (strong and exempting)
        advised |= bool(advice)
        permitted |= bool(weak) and not negated
    return _Modality(obliged, advised, permitted, forbidden, exempt)


def _is_negated(text: AnalyzedText, index: int, length: int) -> bool:
    """True if a modal is within the scope of a negation, or one is right before or after it."""
    if is_denied(text, index):
        return True
    unit = text.units[text.unit_of[index]]
    around = range(max(index - 2, unit.start), min(index + length + 1, unit.stop))
    return any(opens_scope(text, place) and text.tokens[place].key == NOT for place in around)
