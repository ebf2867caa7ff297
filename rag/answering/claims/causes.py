"""Cause rule: where the claim says that one thing is because of another, the quotes say so too.

``cause_unsupported``: 1 where no sentence of the quotes has both sides; 0.7 where one has both and no word that joins
them as cause and effect; 0 otherwise. ``cause_swapped``: 1 where cause and effect have changed places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rag.answering.claims.alignment import ClaimComparison
from rag.answering.claims.findings import Problem, RuleFindings
from rag.answering.claims.language.analysis import AnalyzedText
from rag.answering.claims.language.lexicon import CAUSAL, CAUSE_AFTER, CAUSE_BEFORE
from rag.answering.claims.language.polarity import phrase_length

_JOINED: Final = 0.4
_UNJOINED_SCORE: Final = 0.7
_LINKS: Final = frozenset("so therefore thus hence consequently that this".split())


@dataclass(frozen=True, slots=True)
class _Causation:
    """Tokens of a cause and of its effect in a unit."""

    cause: range
    effect: range


def cause_findings(comparison: ClaimComparison) -> RuleFindings:
    """The features above, and ``cause_unsupported``."""
    worst = 0.0
    swapped = False
    problems = []
    for part in comparison.parts:
        for causation in _causations(comparison.claim, part.tokens):
            cause, effect = _known(comparison, causation.cause), _known(comparison, causation.effect)
            if not cause or not effect or part.verbatim:
                continue
            score, turned = _judged(comparison, cause, effect)
            worst, swapped = max(worst, score), swapped or turned
            if score or turned:
                detail = comparison.claim.quoted(part.tokens.start, part.tokens.stop)
                problems.append(Problem("cause_unsupported", detail))
    return RuleFindings({"cause_unsupported": worst, "cause_swapped": float(swapped)}, tuple(dict.fromkeys(problems)))


def _causations(text: AnalyzedText, tokens: range) -> Iterator[_Causation]:
    """The first causation of some tokens of one unit; "Because of the strike, ..." has its cause up to the comma."""
    for index in tokens:
        if length := phrase_length(text, index, CAUSE_AFTER):
            after = range(index + length, tokens.stop)
            if index == tokens.start:
                end = next((place for place in after if "," in text.gap(place)), tokens.stop)
                yield _Causation(range(after.start, end), range(end, tokens.stop))
            else:
                yield _Causation(after, range(tokens.start, index))
            return
        length = phrase_length(text, index, CAUSE_BEFORE)
        if length and not (text.tokens[index].lower == "so" and "," not in text.gap(index)):
            before = tokens if index > tokens.start else text.units[text.unit_of[index]]
            yield _Causation(range(before.start, index), range(index + length, tokens.stop))
            return


def _known(comparison: ClaimComparison, indices: range) -> frozenset[str]:
    """The content keys of tokens of the claim, without the names that only the headings have."""
    keys = _keys(comparison.claim, indices)
    return frozenset(key for key in keys if key in comparison.positions or key not in comparison.known)


def _keys(text: AnalyzedText, indices: Sequence[int]) -> frozenset[str]:
    return frozenset(text.tokens[index].key for index in indices if text.tokens[index].content)


def _judged(comparison: ClaimComparison, cause: frozenset[str], effect: frozenset[str]) -> tuple[float, bool]:
    """Score of an unsupported cause, 0..1, and true if the quotes state cause and effect the other way round."""
    quotes = comparison.quotes
    both = False
    for unit, tokens in enumerate(quotes.units):
        keys = _keys(quotes, tokens)
        after = _keys(quotes, quotes.units[unit + 1]) if unit + 1 < len(quotes.units) else frozenset()
        if _share(cause, keys) >= _JOINED and _share(effect, keys) >= _JOINED:
            both = True
            for found in _causations(quotes, tokens):
                there, result = _keys(quotes, found.cause), _keys(quotes, found.effect)
                turned = _share(cause, result) > _share(cause, there) and _share(effect, there) > _share(effect, result)
                return 0.0, turned
            if any(quotes.tokens[index].lower in CAUSAL for index in tokens) or ":" in quotes.quoted(
                tokens.start, tokens.stop
            ):
                return 0.0, False
        elif (
            unit + 1 < len(quotes.units)
            and quotes.tokens[quotes.units[unit + 1].start].lower in _LINKS
            and _share(cause, keys) >= _JOINED
            and _share(effect, after) >= _JOINED
        ):
            return 0.0, False
    return (_UNJOINED_SCORE if both else 1.0), False


def _share(words: frozenset[str], keys: frozenset[str]) -> float:
    return len(words & keys) / len(words)
