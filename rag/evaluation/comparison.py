"""Comparison of two evaluation runs: regressions and improvements, with a paired significance test."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from rag.errors import QuestionsInvalid
from rag.evaluation.correctness import graded_result
from rag.evaluation.metrics import Better
from rag.evaluation.results import Outcome, QuestionResult
from rag.evaluation.significance import once, p_values
from rag.evaluation.summary import metrics_of

SIGNIFICANT: Final = 0.05
# Smaller p-values are not resolved by a few thousand permutations.
_SMALLEST_P: Final = 0.001
# Loss that is tolerated where no question is in both runs: more than the noise of a few questions.
TOLERANCE: Final = 0.02
# Runs of before certainty was a field have it in the text.
_POSSIBLY: Final = "Possibly: "
_RESULTS: Final = TypeAdapter(list[QuestionResult])


@dataclass(frozen=True)
class Difference:
    """One metric in two runs; ``p`` is None where it was not tested."""

    metric: str
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
        """True if the loss is significant, or beyond the tolerance if not tested; of a guaranteed metric, any loss."""
        if self.guaranteed and self.loss > 0:
            return True
        return self.loss > 0 and self.p < SIGNIFICANT if self.p is not None else self.loss > TOLERANCE

    def __str__(self) -> str:
        tested = "" if self.p is None else f" (p {self.chance})"
        return f"{self.metric} was {self.before:.3f}, is {self.now:.3f}{tested}"

    @property
    def chance(self) -> str:
        """``p`` as text, ``= 0.012`` or ``< 0.001``; empty where it was not tested."""
        if self.p is None:
            return ""
        return f"= {self.p:.3f}" if self.p >= _SMALLEST_P else f"< {_SMALLEST_P}"

    @property
    def chance_in_table(self) -> str:
        """The same as a table cell, without ``=``; empty where the value did not change."""
        return self.chance.removeprefix("= ") if self.now != self.before else ""


@dataclass(frozen=True)
class OutcomeChange:
    """A question whose outcome is good in one run and bad in the other."""

    id: str
    question: str
    before: Outcome
    now: Outcome


@dataclass(frozen=True)
class Comparison:
    """The differences from an earlier run.

    Attributes:
        test: ``paired`` over the questions that are in both runs; ``tolerance`` where there are none.
        pairs: how many questions are in both.
        became_wrong, became_right: questions; empty without pairs, or where a run has no answers.
    """

    test: Literal["paired", "tolerance"]
    pairs: int
    differences: tuple[Difference, ...]
    became_wrong: tuple[OutcomeChange, ...] = ()
    became_right: tuple[OutcomeChange, ...] = ()

    @property
    def regressions(self) -> list[str]:
        """The regressions as text."""
        return [str(difference) for difference in self.differences if difference.regression]

    def to_json(self) -> dict[str, Any]:
        """As ``rag eval --json`` prints it."""
        metrics = {
            difference.metric: {
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
            "measures": metrics,
            "became_wrong": [asdict(change) for change in self.became_wrong],
            "became_right": [asdict(change) for change in self.became_right],
        }


def read_run(path: Path) -> dict[str, Any]:
    """The JSON object of an earlier run, as ``rag eval --json`` printed it.

    Raises:
        QuestionsInvalid: no such file, or its contents are something else.
    """
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise QuestionsInvalid(f"{path} is not a run that `rag eval --json` printed: {error}") from error
    if not isinstance(run, dict):
        raise QuestionsInvalid(f"{path} is not a run that `rag eval --json` printed")
    return run


def compare(results: Sequence[QuestionResult], summary: Mapping[str, Any], earlier: Mapping[str, Any]) -> Comparison:
    """Compares the questions that both runs have, by id and text; if there are none, the metrics of the whole runs.

    An earlier answer is graded again, so that both are graded by the same rule.

    Args:
        results: of this run.
        summary: of this run.
        earlier: an earlier run, see :func:`read_run`.

    Raises:
        QuestionsInvalid: the ``items`` of the earlier run do not have the format of a run.
    """
    known = {(result.id, result.question): result for result in _results_of(earlier)}
    pairs = [(result, known[result.id, result.question]) for result in results if (result.id, result.question) in known]
    if not pairs:
        return Comparison("tolerance", 0, tuple(_untested(results, summary, earlier)))
    now = [result for result, _ in pairs]
    before = [_graded_again(result, was) for result, was in pairs]
    return Comparison(
        "paired",
        len(pairs),
        tuple(_tested(now, before)),
        tuple(_changes(now, before, good_now=False)),
        tuple(_changes(now, before, good_now=True)),
    )


def _results_of(run: Mapping[str, Any]) -> list[QuestionResult]:
    try:
        return _RESULTS.validate_python(run.get("items", []))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("items", *first["loc"])))
        raise QuestionsInvalid(f"the earlier run cannot be read: {where}: {first['msg']}") from error


def _graded_again(result: QuestionResult, was: QuestionResult) -> QuestionResult:
    if was.answered is None:
        return was
    text = (was.answer or "") if was.answered else ""
    text = text if was.certainty else text.removeprefix(_POSSIBLY)
    return graded_result(replace(was, answerable=result.answerable), text, result.answers, result.nuggets)


def _untested(
    results: Sequence[QuestionResult], summary: Mapping[str, Any], earlier: Mapping[str, Any]
) -> list[Difference]:
    return [
        Difference(metric.name, before, now, None, metric.better, metric.guaranteed)
        for metric in metrics_of(results)
        if isinstance(before := earlier.get(metric.name), int | float)
        and isinstance(now := summary.get(metric.name), int | float)
    ]


def _tested(now: Sequence[QuestionResult], before: Sequence[QuestionResult]) -> list[Difference]:
    # A metric that only one run has is not compared.
    common = set(metrics_of(now)) & set(metrics_of(before))
    metrics = [metric for metric in metrics_of(now) if metric in common]
    here = once({metric.name: metric.over(now) for metric in metrics}, len(now))
    there = once({metric.name: metric.over(before) for metric in metrics}, len(before))
    both = {metric.name: metric.over([*now, *before]) for metric in metrics}
    chance = p_values(both, len(now))
    return [
        Difference(metric.name, was, is_, round(chance[metric.name], 4), metric.better, metric.guaranteed)
        for metric in metrics
        if (was := there[metric.name]) is not None and (is_ := here[metric.name]) is not None
    ]


def _changes(now: Sequence[QuestionResult], before: Sequence[QuestionResult], *, good_now: bool) -> list[OutcomeChange]:
    return [
        OutcomeChange(result.id, result.question, was.outcome, result.outcome)
        for result, was in zip(now, before, strict=True)
        if result.outcome and was.outcome and result.well is good_now and was.well is not good_now
    ]
