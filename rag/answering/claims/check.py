"""Claim check: one sentence that a language model wrote against its quotes alone, by rules.

The features are for a fitted model (``benchmarks.claims.measure``), the problems for people and for a second try. The
work is linear in the texts: of a claim the first 160 tokens are read, of the quotes the first 8,000 characters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from rag.answering.claims.alignment import ClaimComparison, compare
from rag.answering.claims.antonyms import antonym_findings
from rag.answering.claims.causes import cause_findings
from rag.answering.claims.conditions import condition_findings
from rag.answering.claims.findings import ClaimCheck, RuleFindings
from rag.answering.claims.names import name_findings
from rag.answering.claims.negation import negation_findings
from rag.answering.claims.numbers import number_findings
from rag.answering.claims.overlap import missing_words, overlap_findings
from rag.answering.claims.quantifiers import quantifier_findings
from rag.answering.claims.tense import tense_findings

_FAMILIES: Final[tuple[Callable[[ClaimComparison], RuleFindings], ...]] = (
    overlap_findings,
    number_findings,
    name_findings,
    negation_findings,
    quantifier_findings,
    condition_findings,
    antonym_findings,
    tense_findings,
    cause_findings,
)


def check_claim(claim: str, quotes: Sequence[str], context: str = "") -> ClaimCheck:
    """Compares a claim with its quotes.

    Args:
        claim: one sentence or list item, without citation markers.
        quotes: verbatim text that it is from, and nothing else.
        context: headings and title above the quotes. They may supply names and years, and a negative heading negates
            the rows and items under it; they prove nothing else.
    """
    comparison = compare(claim, quotes, context)
    found = [family(comparison) for family in _FAMILIES]
    return ClaimCheck(
        {name: value for findings in found for name, value in findings.features.items()},
        tuple(problem for findings in found for problem in findings.problems),
        missing_words(comparison),
    )


# The names of the features, in the order of :attr:`ClaimCheck.features`.
FEATURES: Final = tuple(check_claim("", ()).features)
