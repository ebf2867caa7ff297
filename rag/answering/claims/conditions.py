"""Condition rule: a main clause of the quotes is claimed only with the condition that they put on it.

``condition_dropped``: share of the conditions ("only if", "unless", "except", "with written consent") on what the claim
says that it drops. ``circumstance_dropped``: the same of "when", "until", "after". ``condition_added``: 1 where the
claim has a condition and the quotes have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rag.answering.claims.alignment import ClaimComparison, Part
from rag.answering.claims.findings import Problem, RuleFindings
from rag.answering.claims.language.analysis import AnalyzedText
from rag.answering.claims.language.lexicon import CIRCUMSTANCES, CONDITIONS, CONSENTS, RELATIVES
from rag.answering.claims.language.polarity import phrase_length

_LONGEST: Final = 25
# Share of a condition's content words that shows that the claim has it.
_KEPT: Final = 0.34
# Share of the claim's words in the main clause for the claim to state this.
_LEAST_STATED: Final = 0.6
_FEWEST_STATED: Final = 2
_ENDS: Final = frozenset(",;:().—–")
_BEFORE_CONSENT: Final = 5


@dataclass(frozen=True, slots=True)
class _Condition:
    """A condition: its tokens; ``strict`` where the main clause is not true without it."""

    tokens: range
    strict: bool


def condition_findings(comparison: ClaimComparison) -> RuleFindings:
    """The features above, and ``condition_dropped`` with the words of the quote."""
    said = {token.key for token in comparison.tokens}
    strict = [0, 0]
    loose = [0, 0]
    problems: list[Problem] = []
    for part in comparison.parts:
        for unit in part.units[:1]:
            conditions = list(_conditions(comparison.quotes, unit))
            stated = bool(conditions) and _is_stated(comparison, part, unit, conditions)
            for condition in conditions if stated else ():
                dropped = _is_dropped(comparison.quotes, condition, said)
                count = strict if condition.strict else loose
                count[0] += dropped
                count[1] += 1
                if dropped and condition.strict:
                    detail = comparison.quotes.quoted(condition.tokens.start, condition.tokens.stop)
                    problems.append(Problem("condition_dropped", detail))
    has = any(phrase_length(comparison.claim, index, CONDITIONS) for index in range(len(comparison.tokens)))
    there = any(phrase_length(comparison.quotes, index, CONDITIONS) for index in range(len(comparison.quotes.tokens)))
    return RuleFindings(
        {
            "condition_dropped": strict[0] / max(strict[1], 1),
            "circumstance_dropped": loose[0] / max(loose[1], 1),
            "condition_added": float(has and not there),
        },
        tuple(dict.fromkeys(problems)),
    )


def _conditions(text: AnalyzedText, unit: int) -> Iterator[_Condition]:
    """The conditions of a sentence or row, in order, not overlapping."""
    stop = text.units[unit].stop
    index = text.units[unit].start
    while index < stop:
        strict = bool(phrase_length(text, index, CONDITIONS)) or _is_consent(text, index)
        if strict or phrase_length(text, index, CIRCUMSTANCES) or text.tokens[index].lower in RELATIVES:
            end = _end(text, index, stop, strict=strict)
            if any(text.tokens[place].content for place in range(index, end)):
                yield _Condition(range(index, end), strict)
                index = end
                continue
        index += 1


def _is_consent(text: AnalyzedText, index: int) -> bool:
    """True for "with" before a consent: "with our written consent"."""
    if text.tokens[index].lower not in ("with", "without"):
        return False
    stop = min(index + _BEFORE_CONSENT, text.units[text.unit_of[index]].stop)
    return any(text.tokens[place].lower in CONSENTS for place in range(index, stop))


def _end(text: AnalyzedText, start: int, stop: int, *, strict: bool) -> int:
    """The end of a condition: the next pause, a stricter one, or what follows a consent: "a change with consent is"."""
    stop = min(stop, start + _LONGEST)
    for index in range(start + 1, stop):
        stricter = not strict and phrase_length(text, index, CONDITIONS)
        if stricter or not _ENDS.isdisjoint(text.gap(index)):
            return index
        if _is_consent(text, start) and text.tokens[index - 1].lower in CONSENTS:
            return index
    return stop


def _is_stated(comparison: ClaimComparison, part: Part, unit: int, conditions: Sequence[_Condition]) -> bool:
    """True if a part of the claim says what the main clause of a unit says."""
    inside = {index for condition in conditions for index in condition.tokens}
    main = {comparison.quotes.tokens[index].key for index in comparison.quotes.units[unit] if index not in inside}
    words = {comparison.tokens[index].key for index in comparison.content(part.tokens)}
    stated = words & main
    return len(stated) >= min(_FEWEST_STATED, len(words)) and len(stated) >= _LEAST_STATED * len(words)


def _is_dropped(quotes: AnalyzedText, condition: _Condition, said: set[str]) -> bool:
    words = [quotes.tokens[index].key for index in condition.tokens if quotes.tokens[index].content]
    return sum(word in said for word in words) < _KEPT * len(words)
