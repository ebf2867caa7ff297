"""Tense rule: the claim does not state a plan as done, nor the past as the present.

``planned_as_done``: 1 where the quotes have "will" or "plan" and the claim is in the past tense.
``done_as_planned``: the reverse. ``past_as_present``: 1 where the quotes say "until now" or "formerly" and the claim
"now".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rag.answering.claims.alignment import ClaimComparison
from rag.answering.claims.findings import Problem, RuleFindings
from rag.answering.claims.language.analysis import AnalyzedText
from rag.answering.claims.language.lexicon import AUXILIARIES, FORMER, FUTURE, NOW, PAST, PAST_FORMS
from rag.answering.claims.language.polarity import phrase_length

_LEAST_COVERAGE: Final = 0.4


@dataclass(frozen=True, slots=True)
class _Tense:
    """Times that a stretch of text speaks of."""

    future: bool
    past: bool
    former: bool
    now: bool


def tense_findings(comparison: ClaimComparison) -> RuleFindings:
    """The features above, and ``tense_changed``."""
    planned = done = former = False
    problems = []
    for part in comparison.parts:
        if part.coverage < _LEAST_COVERAGE or part.verbatim:
            continue
        said = _tense(comparison.claim, list(part.tokens))
        quoted = _tense(comparison.quotes, comparison.unit_tokens(part.units[:1]))
        found = (
            said.past and not said.future and quoted.future and not quoted.past,
            said.future and not said.past and quoted.past and not quoted.future,
            said.now and quoted.former and not quoted.now,
        )
        planned, done, former = planned | found[0], done | found[1], former | found[2]
        # Quotes in the past often tell of plans too: no problem by itself.
        if found[0] or found[2]:
            problems.append(Problem("tense_changed", comparison.claim.quoted(part.tokens.start, part.tokens.stop)))
    return RuleFindings(
        {"planned_as_done": float(planned), "done_as_planned": float(done), "past_as_present": float(former)},
        tuple(dict.fromkeys(problems)),
    )


def _tense(text: AnalyzedText, indices: Sequence[int]) -> _Tense:
    words = {text.tokens[index].lower for index in indices}
    # Beside an auxiliary a past form is mostly a participle: "objects stored there are charged".
    simple = words.isdisjoint(AUXILIARIES) and any(_is_simple_past(text, index) for index in indices)
    past = not words.isdisjoint(PAST) or simple
    former = any(phrase_length(text, index, FORMER) for index in indices)
    return _Tense(not words.isdisjoint(FUTURE), past, former, not former and not words.isdisjoint(NOW))


def _is_simple_past(text: AnalyzedText, index: int) -> bool:
    """True for a form that may be a past: "rose", "delivered"."""
    word = text.tokens[index].lower
    if not (word in PAST_FORMS or (word.endswith("ed") and not word.endswith("eed"))) or word in FUTURE:
        return False
    # "Written", "known": participles only.
    if word.endswith(("en", "wn")):
        return False
    return index > text.units[text.unit_of[index]].start and text.tokens[index - 1].lower not in ("to", "by")
