"""A run as one JSON object: the measures, their intervals, the breakdowns, and every question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

from rag.evaluation.metrics import ANSWERS, COST, RETRIEVAL, Metric
from rag.evaluation.reliability import CONFIDENCE, bins, curve
from rag.evaluation.results import QuestionResult
from rag.evaluation.significance import intervals, once

# More kinds than this are names, not kinds, and too few questions each to be measured.
_MOST_KINDS: Final = 40


def metrics_of(items: Sequence[QuestionResult]) -> tuple[Metric, ...]:
    """What can be measured of these items: without answers, retrieval and time only."""
    if any(item.answered is not None for item in items):
        return (*RETRIEVAL, *ANSWERS, *CONFIDENCE, *COST)
    return (*RETRIEVAL, *(measure for measure in COST if measure.name.startswith("seconds")))


def summarise(items: Sequence[QuestionResult], *, model: str | None, index: str) -> dict[str, Any]:
    """The measures over all items, and by ``form`` and ``source``; None where there is nothing to measure."""
    answers_asked_for = any(item.answered is not None for item in items)
    return {
        "n": len(items),
        "answerable": sum(item.answerable for item in items),
        "unanswerable": sum(not item.answerable for item in items),
        **_measured(items),
        "model": model,
        "index": index,
        "forms": _broken_down(items, lambda item: item.form),
        "sources": _broken_down(items, lambda item: item.source),
        "calibration": [asdict(one) for one in bins(items)] if answers_asked_for else None,
        "risk_coverage": [asdict(point) for point in curve(items)] if answers_asked_for else None,
        "items": [asdict(item) for item in items],
    }


def estimated(items: Sequence[QuestionResult]) -> dict[str, float | None]:
    """The measures alone, as they are."""
    return once({measure.name: measure.over(items) for measure in metrics_of(items)}, len(items))


def _measured(items: Sequence[QuestionResult]) -> dict[str, Any]:
    estimates = {measure.name: measure.over(items) for measure in metrics_of(items)}
    return {**once(estimates, len(items)), "intervals": intervals(estimates, len(items))}


def _broken_down(items: Sequence[QuestionResult], kind: Callable[[QuestionResult], str | None]) -> dict[str, Any]:
    kinds = sorted({name for item in items if (name := kind(item)) is not None})
    if len(kinds) > _MOST_KINDS:
        return {}
    members = {name: [item for item in items if kind(item) == name] for name in kinds}
    return {name: {"n": len(those), **_measured(those)} for name, those in members.items()}
