"""Results of the verification of a claim: numeric features, and named problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

ProblemKind: TypeAlias = Literal[
    "number_missing",
    "unit_changed",
    "bound_changed",
    "number_misplaced",
    "name_missing",
    "name_misplaced",
    "roles_swapped",
    "negation_changed",
    "quantifier_changed",
    "modality_changed",
    "condition_dropped",
    "antonym",
    "tense_changed",
    "cause_unsupported",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """A difference between a claim and its quotes that probably makes the claim false.

    Attributes:
        detail: the words that it is about. For ``condition_dropped`` they are the quote's, verbatim but on one line,
            so that they can be added to the claim; for ``number_missing`` and ``name_missing`` the claim's.
    """

    kind: ProblemKind
    detail: str


@dataclass(frozen=True, slots=True)
class RuleFindings:
    """The findings of one family of rules: its features, each in 0..1 unless its family says otherwise."""

    features: Mapping[str, float]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """A claim compared with its quotes.

    Attributes:
        features: by name, the same names in the same order for every claim.
        problems: empty for a claim that the rules find nothing against. That alone does not prove it: see ``overlap``.
        missing: content words of the claim, as it has them, that neither the quotes nor the context have.
    """

    features: Mapping[str, float]
    problems: tuple[Problem, ...] = field(default=())
    missing: tuple[str, ...] = field(default=())

    def has(self, *kinds: ProblemKind) -> bool:
        """True where one of the problems is of one of these kinds."""
        return any(problem.kind in kinds for problem in self.problems)
