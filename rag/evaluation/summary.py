"""Summary of an evaluation run as one JSON object: metrics, intervals, breakdowns, and every question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

from rag.evaluation.metrics import ANSWERS, COMPLETENESS, COST, RETRIEVAL, Metric
from rag.evaluation.reliability import CONFIDENCE, bins, curve
from rag.evaluation.results import QuestionResult
from rag.evaluation.significance import intervals, once

# More values than this are names rather than kinds, each with too few questions to be measured.
_MOST_KINDS: Final = 40


def metrics_of(results: Sequence[QuestionResult]) -> tuple[Metric, ...]:
    """The metrics that results can be measured by: without answers, retrieval and time only."""
    if any(result.answered is not None for result in results):
        return (*RETRIEVAL, *ANSWERS, *COMPLETENESS, *CONFIDENCE, *COST)
    return (*RETRIEVAL, *(metric for metric in COST if metric.name.startswith("seconds")))


def summarise(results: Sequence[QuestionResult], *, model: str | None, index: str) -> dict[str, Any]:
    """The metrics over all results, and by ``form``, ``source`` and ``kind``; None where a metric is undefined."""
    answers_asked_for = any(result.answered is not None for result in results)
    return {
        "n": len(results),
        "answerable": sum(result.answerable for result in results),
        "unanswerable": sum(not result.answerable for result in results),
        **_measured(results),
        "model": model,
        "index": index,
        "forms": _broken_down(results, lambda result: result.form),
        "sources": _broken_down(results, lambda result: result.source),
        "kinds": _broken_down(results, lambda result: result.kind),
        "calibration": [asdict(one) for one in bins(results)] if answers_asked_for else None,
        "risk_coverage": [asdict(point) for point in curve(results)] if answers_asked_for else None,
        "items": [asdict(result) for result in results],
    }


def estimated(results: Sequence[QuestionResult]) -> dict[str, float | None]:
    """The metrics alone, without intervals."""
    return once({metric.name: metric.over(results) for metric in metrics_of(results)}, len(results))


def _measured(results: Sequence[QuestionResult]) -> dict[str, Any]:
    estimates = {metric.name: metric.over(results) for metric in metrics_of(results)}
    return {**once(estimates, len(results)), "intervals": intervals(estimates, len(results))}


def _broken_down(results: Sequence[QuestionResult], kind: Callable[[QuestionResult], str | None]) -> dict[str, Any]:
    kinds = sorted({name for result in results if (name := kind(result)) is not None})
    if len(kinds) > _MOST_KINDS:
        return {}
    members = {name: [result for result in results if kind(result) == name] for name in kinds}
    return {name: {"n": len(those), **_measured(those)} for name, those in members.items()}
