"""Fits the two confidence models to features that ``benchmarks.collect_features`` saved, with cross-validation.

    python -m benchmarks.fit_confidence NAME=FILE ...

One is of values, one of whole answers (of several sentences). Each set is scored by a model that was fitted on the
others and on four fifths of it (five folds, so that no question is scored by a fit that has seen it), and by a model
that was fitted on the other sets alone. What it prints last are the constants of ``rag/answering/confidence.py``,
fitted on everything.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.collect_features import Kind, Observed
from benchmarks.fitting import RESULTS
from benchmarks.journal import Journal
from rag.answering.confidence import (
    CONFIDENCE_MODEL,
    WHOLE_CONFIDENCE_MODEL,
    WHOLE_FALSE_ANSWERS,
    ConfidenceModel,
    Features,
    Logistic,
    thresholds_of,
)
from rag.cli.console import fail
from rag.errors import PageproofError, QuestionsInvalid
from rag.evaluation.logistic_regression import fit_logistic
from rag.evaluation.metrics import Estimate, divided
from rag.evaluation.significance import intervals, once

Vector: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Sets: TypeAlias = Mapping[str, Sequence[Observed]]

# The models by their names in the source: the kind of answer, and the multiple of the accepted false-answer rate.
MODELS: Final[Mapping[str, tuple[Kind, ConfidenceModel, float]]] = {
    "CONFIDENCE_MODEL": ("value", CONFIDENCE_MODEL, 1.0),
    "WHOLE_CONFIDENCE_MODEL": ("whole", WHOLE_CONFIDENCE_MODEL, WHOLE_FALSE_ANSWERS),
}
_HIGHEST_RATE: Final = 0.95
MEASURES: Final = ("AUC answerable", "abstain_recall", "false_abstain", "right of given", "AUC right", "ECE")
_PENALTY: Final = 20.0
_FEWEST_YES_OR_NO: Final = 10
_YES_PENALTY: Final = 1.0
_FOLDS: Final = 5
_BINS: Final = 10
# With fewer rows than features the regression has no solution.
_FEWEST_ROWS: Final = 12
# The model is not asked where this share of the answerable questions, at most, would be lost.
_HOPELESS: Final = 0.01


def fit(rows: Sequence[Observed], names: Iterable[str], read: Callable[[Observed], tuple[Features, bool]]) -> Logistic:
    """A logistic over these features; each row counts the same."""
    names, pairs = tuple(names), [read(row) for row in rows]
    features = np.array([[features.scaled()[name] for name in names] for features, _ in pairs])
    scale = features.std(axis=0) + 1e-9
    bias, weights = fit_logistic(features / scale, np.array([float(label) for _, label in pairs]), _PENALTY)
    return Logistic(round(bias, 3), {name: round(float(w), 3) for name, w in zip(names, weights / scale, strict=True)})


def fit_confidence_model(rows: Sequence[Observed], shipped: ConfidenceModel = CONFIDENCE_MODEL) -> ConfidenceModel:
    """The confidence model, fitted on these rows, at least one, over the features that ``shipped`` has weights for.

    A pre-filter that lets everything pass goes on to do so. Where no row is unanswerable, everything is given.
    """
    prefilter = fit(rows, shipped.prefilter.weights, lambda row: (row.evidence, row.answerable))
    answerable = fit(rows, shipped.answerable.weights, lambda row: (decided_by(row), row.answerable))
    lost = sorted(prefilter.probability(row.evidence) for row in rows if row.answerable)
    refused = [answerable.probability(decided_by(row)) for row in rows if not row.answerable]
    has_prefilter = shipped.prefilter_threshold > 0 and lost
    return replace(
        shipped,
        prefilter=prefilter,
        answerable=answerable,
        correct=fit(rows, shipped.correct.weights, lambda row: (row.verified, row.right)),
        yes_bias=fit_yes_bias(rows, shipped.yes_bias),
        prefilter_threshold=round(lost[int(_HOPELESS * len(lost))], 3) if has_prefilter else 0.0,
        thresholds=thresholds_of(refused) if refused else (0.0, 0.0),
    )


def fit_yes_bias(rows: Sequence[Observed], shipped: float) -> float:
    """Log-odds of the model's yes where yes and no are equally often right; ``shipped`` where too few are known.

    Questions with either answer count the same in all. What is fitted holds for answers that are collected with it.
    """
    asked = [(row.yes, row.is_yes) for row in rows if row.yes is not None and row.is_yes is not None]
    is_yes = np.array([right for _, right in asked], dtype=np.float64)
    of_each = (len(asked) - is_yes.sum(), is_yes.sum())
    if min(of_each) < _FEWEST_YES_OR_NO:
        return shipped
    counts = np.array([len(asked) / 2 / of_each[int(right)] for right in is_yes])
    bias, weights = fit_logistic(np.array([[yes] for yes, _ in asked]), is_yes, _YES_PENALTY, counts)
    return round(-bias / float(weights[0]), 2) if weights[0] > 0 else shipped


def decided_by(row: Observed) -> Features:
    """The features that decide whether an answer is given: of a whole answer, those of the evidence alone."""
    return row.evidence if row.kind == "whole" else row.verified


@dataclass(frozen=True)
class Verdict:
    """The probabilities that a confidence model gives a row."""

    row: Observed
    answerable: float
    right: float
    given: bool


def judged(confidence_model: ConfidenceModel, rows: Sequence[Observed]) -> list[Verdict]:
    """The verdict of a confidence model on each row."""
    return [
        Verdict(
            row,
            confidence_model.answerable.probability(decided_by(row)),
            confidence_model.correct.probability(row.verified),
            not confidence_model.fails_prefilter(row.evidence) and confidence_model.is_given(decided_by(row)),
        )
        for row in rows
    ]


def in_folds(sets: Sets, name: str, shipped: ConfidenceModel) -> list[Verdict]:
    """Each row of a set as judged by what was fitted on the other sets and on the other folds; none for one question.

    Folds are of questions: one that was asked with and without its pages is in one of them with both rows.
    """
    others = [row for other, rows in sets.items() if other != name for row in rows]
    ids = sorted({row.id for row in sets[name]})
    order = np.random.default_rng(0).permutation(len(ids)).tolist()
    verdicts = []
    for fold in range(_FOLDS):
        held = {ids[place] for place in order[fold::_FOLDS]}
        kept = [*others, *(row for row in sets[name] if row.id not in held)]
        if kept and held:
            verdicts += judged(fit_confidence_model(kept, shipped), [row for row in sets[name] if row.id in held])
    return verdicts


def row_of(name: str, how: str, verdicts: Sequence[Verdict]) -> str:
    """A line of the table: each measure with its 95 % interval."""
    estimates = _estimates(verdicts)
    values, ranges = once(estimates, len(verdicts)), intervals(estimates, len(verdicts))
    cells = [_cell(values[measure], ranges[measure]) for measure in MEASURES]
    answerable = sum(verdict.row.answerable for verdict in verdicts)
    return f"| {name}, {answerable} + {len(verdicts) - answerable} | {how} | {' | '.join(cells)} |"


def _estimates(verdicts: Sequence[Verdict]) -> dict[str, Estimate]:
    answerable = np.array([verdict.row.answerable for verdict in verdicts])
    given = np.array([verdict.given for verdict in verdicts])
    right = np.array([verdict.row.right for verdict in verdicts])
    confidence = np.array([verdict.right for verdict in verdicts])
    return {
        "AUC answerable": area_under_curve(answerable, np.array([verdict.answerable for verdict in verdicts])),
        "abstain_recall": _share(~given, ~answerable),
        "false_abstain": _share(~given, answerable),
        "right of given": _share(right, given),
        "AUC right": area_under_curve(right, confidence),
        "ECE": calibration_error(confidence, right, given),
    }


def area_under_curve(labels: Flags, scores: Vector) -> Estimate:
    """Area under the ROC curve as a function of the weights of the rows; nan where all labels are the same."""
    above = (scores[labels][:, None] > scores[~labels]) + 0.5 * (scores[labels][:, None] == scores[~labels])

    def estimate(weights: Vector) -> Vector:
        positive, negative = weights[labels], weights[~labels]
        return divided((positive * (above @ negative)).sum(axis=0), positive.sum(axis=0) * negative.sum(axis=0))

    return estimate


def calibration_error(confidence: Vector, right: Flags, given: Flags) -> Estimate:
    """Expected calibration error over ten bins of equal width (Naeini and others, 2015), of the answers given."""
    places = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.zeros((_BINS, len(confidence)))
    gaps[places, np.arange(len(confidence))] = (right - confidence) * given
    return lambda weights: divided(np.abs(gaps @ weights).sum(axis=0), given @ weights)


def _share(part: Flags, whole: Flags) -> Estimate:
    return lambda weights: divided((part & whole).astype(float) @ weights, whole.astype(float) @ weights)


def _cell(value: float | None, interval: tuple[float, float] | None) -> str:
    return f"{value:.3f} ({interval[0]:.3f}–{interval[1]:.3f})" if value is not None and interval else "–"


def report(observed: Sets, kind: Kind, shipped: ConfidenceModel) -> str:
    """The measures of one confidence model on each set that has rows of its kind, as a Markdown table."""
    sets = {name: [row for row in rows if row.kind == kind] for name, rows in observed.items()}
    sets = {name: rows for name, rows in sets.items() if rows}
    lines = []
    for name, rows in sets.items():
        others = [row for other, found in sets.items() if other != name for row in found]
        if verdicts := in_folds(sets, name, shipped):
            lines.append(row_of(name, "others and other folds", verdicts))
        if others:
            lines.append(row_of(name, "others", judged(fit_confidence_model(others, shipped), rows)))
        lines.append(row_of(name, "as in the code, which may have seen them", judged(shipped, rows)))
    head = f"| {kind}: set, answerable + unanswerable | fitted on | {' | '.join(MEASURES)} |"
    return "\n".join([head, "| --- " * (2 + len(MEASURES)) + "|", *lines])


def main() -> int:
    """Prints a table for each model and its constants, which are written to ``benchmarks/results``, too."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fit_confidence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sets", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--false-answers", type=float, default=CONFIDENCE_MODEL.false_answers)
    options = parser.parse_args()
    try:
        observed = dict(map(_read, options.sets))
    except PageproofError as error:
        return fail(error, 1)
    text = "\n\n".join(_fitted(observed, options.false_answers))
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "confidence.md").write_text(text + "\n")
    return 0


def _read(pair: str) -> tuple[str, list[Observed]]:
    name, _, path = pair.partition("=")
    rows = [Observed.from_json(row) for row in Journal(Path(path)).rows()]
    if not rows:
        raise QuestionsInvalid(f"{pair}: no features there; collect them: python -m benchmarks.collect_features")
    return name, rows


def _fitted(observed: Sets, false_answers: float) -> Iterator[str]:
    for constant, (kind, shipped, multiple) in MODELS.items():
        model = replace(shipped, false_answers=min(_HIGHEST_RATE, multiple * false_answers))
        rows = [row for found in observed.values() for row in found if row.kind == kind]
        if rows and len(rows) < _FEWEST_ROWS:
            yield f"{constant}: {len(rows)} rows are too few to fit it; {_FEWEST_ROWS} are needed"
        elif rows:
            yield report(observed, kind, model)
            yield f"{constant}: Final = {fit_confidence_model(rows, shipped)}"


if __name__ == "__main__":
    sys.exit(main())
