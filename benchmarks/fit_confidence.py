"""Fits the confidence model to features that ``benchmarks.collect_features`` saved, with cross-validation.

``python -m benchmarks.fit_confidence NAME=FILE ...``. Each set is scored by a model that was fitted on the others and
on four fifths of it (five folds, so that no question is scored by a fit that has seen it), and by a model that was
fitted on the other sets alone. What it prints last are the constants of ``rag/answering/confidence.py``, fitted on
everything.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from benchmarks.collect_features import Observed
from rag.answering.confidence import CONFIDENCE_MODEL, ConfidenceModel, Features, Logistic, thresholds_of
from rag.evaluation.logistic_regression import fit_logistic

Vector = npt.NDArray[np.float64]

# The others of an observation add nothing on questions that were not seen (docs/abstention.md).
EVIDENCE: Final = ("relevance", "coverage")
VERIFIED: Final = ("relevance", "refusal_probability", "certainty", "share", "agrees", "self_check")
_PENALTY: Final = 20.0
_FOLDS: Final = 5
_BINS: Final = 10
# The model is not asked where this share of the answerable questions, at most, would be lost.
_HOPELESS: Final = 0.01


def fit(rows: Sequence[Observed], names: Sequence[str], read: Callable[[Observed], tuple[Features, bool]]) -> Logistic:
    """A logistic over these features; each row counts the same."""
    pairs = [read(row) for row in rows]
    features = np.array([[features.scaled()[name] for name in names] for features, _ in pairs])
    scale = features.std(axis=0) + 1e-9
    bias, weights = fit_logistic(features / scale, np.array([float(label) for _, label in pairs]), _PENALTY)
    return Logistic(round(bias, 3), {name: round(float(w), 3) for name, w in zip(names, weights / scale, strict=True)})


def fit_confidence_model(rows: Sequence[Observed]) -> ConfidenceModel:
    """The confidence model, fitted on these rows."""
    prefilter = fit(rows, EVIDENCE, lambda row: (row.evidence, row.answerable))
    answerable = fit(rows, VERIFIED, lambda row: (row.verified, row.answerable))
    right = fit(rows, VERIFIED, lambda row: (row.verified, row.right))
    lost = sorted(prefilter.probability(row.evidence) for row in rows if row.answerable)
    refused = [answerable.probability(row.verified) for row in rows if not row.answerable]
    return ConfidenceModel(
        prefilter,
        answerable,
        right,
        round(lost[int(_HOPELESS * len(lost))], 3),
        thresholds_of(refused),
        CONFIDENCE_MODEL.yes_bias,
    )


@dataclass(frozen=True)
class Verdict:
    """The probabilities that a confidence model gives a row."""

    row: Observed
    prefilter: float
    answerable: float
    right: float
    given: bool


def judged(confidence_model: ConfidenceModel, rows: Sequence[Observed]) -> list[Verdict]:
    """The verdict of a confidence model on each row."""
    return [
        Verdict(
            row,
            confidence_model.prefilter.probability(row.evidence),
            confidence_model.answerable.probability(row.verified),
            confidence_model.correct.probability(row.verified),
            not confidence_model.fails_prefilter(row.evidence) and confidence_model.is_given(row.verified),
        )
        for row in rows
    ]


def in_folds(sets: Mapping[str, Sequence[Observed]], name: str, false_answers: float) -> list[Verdict]:
    """Each question of a set as judged by what was fitted on the other sets and on the other folds."""
    others = [row for other, rows in sets.items() if other != name for row in rows]
    order = np.random.default_rng(0).permutation(len(sets[name]))
    verdicts = []
    for fold in range(_FOLDS):
        held = set(order[fold::_FOLDS].tolist())
        kept = [row for position, row in enumerate(sets[name]) if position not in held]
        confidence_model = _with_false_answers(fit_confidence_model([*others, *kept]), false_answers)
        verdicts += judged(confidence_model, [sets[name][position] for position in sorted(held)])
    return verdicts


def _with_false_answers(confidence_model: ConfidenceModel, false_answers: float) -> ConfidenceModel:
    return replace(confidence_model, false_answers=false_answers)


def row_of(name: str, how: str, verdicts: Sequence[Verdict]) -> str:
    """A line of the table."""
    labels = np.array([verdict.row.answerable for verdict in verdicts])
    scores = np.array([verdict.answerable for verdict in verdicts])
    given = np.array([verdict.given for verdict in verdicts])
    right = np.array([verdict.row.right for verdict in verdicts])
    confidence = np.array([verdict.right for verdict in verdicts])
    both = labels.any() and not labels.all()
    cells = [
        name,
        how,
        f"{roc_auc_score(labels, scores):.3f}" if both else "",
        f"{1 - given[~labels].mean():.3f}" if not labels.all() else "",
        f"{1 - given[labels].mean():.3f}",
        f"{right[given].mean():.3f}" if given.any() else "",
        f"{roc_auc_score(right, confidence):.3f}" if right.any() and not right.all() else "",
        f"{calibration_error(confidence[given], right[given]):.3f}" if given.any() else "",
    ]
    return "| " + " | ".join(cells) + " |"


def calibration_error(confidence: Vector, right: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins of equal width (Naeini and others, 2015)."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).sum() for b in set(bins.tolist())]
    return float(sum(gaps) / len(confidence))


def main() -> int:
    """Prints the table and the constants."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit_confidence", description=__doc__)
    parser.add_argument("sets", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--false-answers", type=float, default=CONFIDENCE_MODEL.false_answers)
    options = parser.parse_args()
    sets = {}
    for pair in options.sets:
        name, _, path = pair.partition("=")
        sets[name] = [Observed.from_json(line) for line in Path(path).read_text().splitlines()]
    heads = [
        "set",
        "fitted on",
        "AUC answerable",
        "abstain_recall",
        "false_abstain",
        "right of given",
        "AUC right",
        "ECE",
    ]
    print("| " + " | ".join(heads) + " |", "| " + " | ".join(["---"] * len(heads)) + " |", sep="\n")
    for name, rows in sets.items():
        print(row_of(name, "others and other folds", in_folds(sets, name, options.false_answers)))
        others = [row for other, observed in sets.items() if other != name for row in observed]
        if others:
            print(
                row_of(
                    name,
                    "others",
                    judged(_with_false_answers(fit_confidence_model(others), options.false_answers), rows),
                )
            )
    print(fit_confidence_model([row for rows in sets.values() for row in rows]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
