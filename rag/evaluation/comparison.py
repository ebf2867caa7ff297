"""A run against an earlier one of the same questions: what is worse, and whether chance would explain it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from rag.errors import QuestionsInvalid
from rag.evaluation.correctness import is_correct
from rag.evaluation.metrics import Better
from rag.evaluation.results import Outcome, QuestionResult, outcome_of
from rag.evaluation.significance import once, p_values
from rag.evaluation.summary import metrics_of

SIGNIFICANT: Final = 0.05
# Less is not told apart by some thousand permutations.
_SMALLEST_P: Final = 0.001
# What may fall where no question is in both runs: more than the noise of a few questions.
TOLERANCE: Final = 0.02
_ITEMS: Final = TypeAdapter(list[QuestionResult])


@dataclass(frozen=True)
class Difference:
    """One measure in two runs; ``p`` is None where it was not tested."""

    measure: str
    before: float
    now: float
    p: float | None
    better: Better
    guaranteed: bool

    @property
    def loss(self) -> float:
        """By how much it is worse; 0 or less where it is not."""
        change = round(self.now - self.before, 6)
        return {"more": -change, "less": change, None: 0.0}[self.better]

    @property
    def regression(self) -> bool:
        """Whether it is worse, and more than chance would do; what is guaranteed may not fall at all."""
        if self.guaranteed and self.loss > 0:
            return True
        return self.loss > 0 and self.p < SIGNIFICANT if self.p is not None else self.loss > TOLERANCE

    def __str__(self) -> str:
        tested = "" if self.p is None else f" (p {self.chance})"
        return f"{self.measure} was {self.before:.3f}, is {self.now:.3f}{tested}"

    @property
    def chance(self) -> str:
        """``p`` as it is written; empty where it was not tested."""
        if self.p is None:
            return ""
        return f"= {self.p:.3f}" if self.p >= _SMALLEST_P else f"< {_SMALLEST_P}"

    @property
    def chance_in_table(self) -> str:
        """The same under a heading, and empty where nothing changed."""
        return self.chance.removeprefix("= ") if self.now != self.before else ""


@dataclass(frozen=True)
class OutcomeChange:
    """A question whose outcome was as it should be in one run, and not in the other."""

    id: str
    question: str
    before: Outcome
    now: Outcome


@dataclass(frozen=True)
class Comparison:
    """What changed since an earlier run.

    Attributes:
        test: ``paired`` over the questions that are in both runs; ``tolerance`` where there are none.
        pairs: how many questions are in both.
        became_wrong, became_right: questions; empty without pairs, or where a run asked for no answers.
    """

    test: Literal["paired", "tolerance"]
    pairs: int
    differences: tuple[Difference, ...]
    became_wrong: tuple[OutcomeChange, ...] = ()
    became_right: tuple[OutcomeChange, ...] = ()

    @property
    def regressions(self) -> list[str]:
        """What is worse, in words."""
        return [str(difference) for difference in self.differences if difference.regression]

    def to_json(self) -> dict[str, Any]:
        """As ``rag eval --json`` prints it."""
        measures = {
            difference.measure: {
                "before": difference.before,
                "now": difference.now,
                "difference": round(difference.now - difference.before, 4),
                "p": difference.p,
                "regression": difference.regression,
            }
            for difference in self.differences
        }
        return {
            "test": self.test,
            "pairs": self.pairs,
            "measures": measures,
            "became_wrong": [asdict(change) for change in self.became_wrong],
            "became_right": [asdict(change) for change in self.became_right],
        }


def read_run(path: Path) -> dict[str, Any]:
    """What ``rag eval --json`` printed.

    Raises:
        QuestionsInvalid: no such file, or it is something else.
    """
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise QuestionsInvalid(f"{path} is not a run that `rag eval --json` printed: {error}") from error
    if not isinstance(run, dict):
        raise QuestionsInvalid(f"{path} is not a run that `rag eval --json` printed")
    return run


def compare(items: Sequence[QuestionResult], summary: Mapping[str, Any], earlier: Mapping[str, Any]) -> Comparison:
    """Compares the questions that both runs have, by id and words; without any, the measures as they stand.

    An earlier answer is judged anew, so that both are judged by the same rule.

    Args:
        items: of this run.
        summary: of this run.
        earlier: an earlier run, see :func:`read_run`.

    Raises:
        QuestionsInvalid: its items are not what a run prints.
    """
    known = {(item.id, item.question): item for item in _items(earlier)}
    pairs = [(item, known[item.id, item.question]) for item in items if (item.id, item.question) in known]
    if not pairs:
        return Comparison("tolerance", 0, tuple(_standing(items, summary, earlier)))
    now = [item for item, _ in pairs]
    before = [_judged_anew(item, was) for item, was in pairs]
    return Comparison(
        "paired",
        len(pairs),
        tuple(_tested(now, before)),
        tuple(_changes(now, before, became_well=False)),
        tuple(_changes(now, before, became_well=True)),
    )


def _items(run: Mapping[str, Any]) -> list[QuestionResult]:
    try:
        return _ITEMS.validate_python(run.get("items", []))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("items", *first["loc"])))
        raise QuestionsInvalid(f"the earlier run cannot be read: {where}: {first['msg']}") from error


def _judged_anew(item: QuestionResult, was: QuestionResult) -> QuestionResult:
    if was.answered is None:
        return was
    right = is_correct(item.question, was.answer or "", item.answers)
    return replace(was, outcome=outcome_of(answerable=item.answerable, answered=was.answered, right=right))


def _standing(
    items: Sequence[QuestionResult], summary: Mapping[str, Any], earlier: Mapping[str, Any]
) -> list[Difference]:
    return [
        Difference(measure.name, before, now, None, measure.better, measure.guaranteed)
        for measure in metrics_of(items)
        if isinstance(before := earlier.get(measure.name), int | float)
        and isinstance(now := summary.get(measure.name), int | float)
    ]


def _tested(now: Sequence[QuestionResult], before: Sequence[QuestionResult]) -> list[Difference]:
    # What only one of the runs has measured is not compared.
    common = set(metrics_of(now)) & set(metrics_of(before))
    measures = [measure for measure in metrics_of(now) if measure in common]
    here = once({measure.name: measure.over(now) for measure in measures}, len(now))
    there = once({measure.name: measure.over(before) for measure in measures}, len(before))
    both = {measure.name: measure.over([*now, *before]) for measure in measures}
    chance = p_values(both, len(now))
    return [
        Difference(measure.name, was, is_, round(chance[measure.name], 4), measure.better, measure.guaranteed)
        for measure in measures
        if (was := there[measure.name]) is not None and (is_ := here[measure.name]) is not None
    ]


def _changes(
    now: Sequence[QuestionResult], before: Sequence[QuestionResult], *, became_well: bool
) -> list[OutcomeChange]:
    return [
        OutcomeChange(item.id, item.question, was.outcome, item.outcome)
        for item, was in zip(now, before, strict=True)
        if item.outcome and was.outcome and item.well is became_well and was.well is not became_well
    ]
