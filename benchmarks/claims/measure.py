"""Measurement of the claim rules: the false claims that pass, beside those that word overlap lets pass.

    python -m benchmarks.claims.measure benchmarks/data/claims.jsonl --test benchmarks/data/claims_handwritten.jsonl

A ridge logistic regression over the features of ``rag.answering.claims`` is fitted in folds by document, so that no
claim is scored by a fit that has seen its document. A feature that would count against its meaning is left out of the
fit. "Word overlap" is what ``Support.supported`` says of the claim with its quotes as the only evidence. Every score is
cut where as many true claims pass as there (equal recall). The test pairs are scored by the fit on all others.
Intervals are 95 % of a bootstrap over pairs.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from benchmarks.claims.pairs import ClaimPair, read_pairs
from rag.answering.claims.check import FEATURES, check_claim
from rag.answering.claims.findings import ClaimCheck
from rag.answering.grounding import Evidence, ground
from rag.cli.console import fail
from rag.domain.values import Chunk, Document, Hit, Page, Passage, Span
from rag.errors import PageproofError, QuestionsInvalid
from rag.evaluation.logistic_regression import fit_logistic, probabilities

Vector = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_PENALTY: Final = 5.0
_FOLDS: Final = 10
# The others speak against a claim.
_FAVOURABLE: Final = frozenset(
    "overlap overlap_in_context overlap_in_unit pairs run verbatim order number_margin number_near name_margin "
    "negation_agrees antonym_margin".split()
)
_RESAMPLES: Final = 1_000
_CONFIDENCE: Final = 95.0
# Overlap from which the rules alone let a claim pass that they find nothing against.
_LEAST_OVERLAP: Final = 0.6


@dataclass(frozen=True)
class Measured:
    """Labelled pairs as the rules see them.

    Attributes:
        features: *Shape:* ``(pairs, features)``.
        overlap: true where word overlap lets a pair pass.
    """

    pairs: Sequence[ClaimPair]
    checks: Sequence[ClaimCheck]
    features: Vector
    labels: Flags
    overlap: Flags

    def rows(self, rows: npt.NDArray[np.intp]) -> Measured:
        """Some of the pairs, by their numbers."""
        return Measured(
            [self.pairs[row] for row in rows],
            [self.checks[row] for row in rows],
            self.features[rows],
            self.labels[rows],
            self.overlap[rows],
        )


@dataclass(frozen=True)
class ClaimModel:
    """Ridge logistic regression over the features, P(supported)."""

    bias: float
    weights: Vector

    def scores(self, features: Vector) -> Vector:
        """P(supported) of each row."""
        return probabilities(self.bias + features @ self.weights)


def measured(pairs: Sequence[ClaimPair]) -> Measured:
    """Checks the labelled pairs.

    Raises:
        QuestionsInvalid: there are none, or all have the same label.
    """
    labelled = [pair for pair in pairs if pair.supported is not None]
    labels = np.array([bool(pair.supported) for pair in labelled])
    if labels.all() or not labels.any():
        raise QuestionsInvalid("there must be supported and unsupported pairs to measure with")
    checks = [check_claim(pair.claim, pair.quotes, pair.context) for pair in labelled]
    features = np.array([[check.features[name] for name in FEATURES] for check in checks])
    return Measured(labelled, checks, features, labels, np.array([passes_overlap(pair) for pair in labelled]))


def passes_overlap(pair: ClaimPair) -> bool:
    """True where every sentence of the claim has the support of word overlap in the quotes."""
    page = Page(1, "\n\n".join(pair.quotes), 0.0, 0.0)
    chunk = Chunk(Span(1, 0, len(page.text)), page.text)
    passage = Passage(0, Document("0" * 64, ("document.pdf",), pair.context, 1, 1), chunk)
    support = ground("", pair.claim, [Evidence(Hit(passage, 1.0), page)])
    return bool(support) and all(sentence.supported for sentence in support)


def without(data: Measured, names: Sequence[str]) -> Measured:
    """The pairs with some features at 0, so that nothing is fitted on them.

    Raises:
        QuestionsInvalid: there is no such feature.
    """
    if unknown := sorted(set(names) - set(FEATURES)):
        raise QuestionsInvalid(f"no feature is named {unknown[0]!r}; there are: {', '.join(FEATURES)}")
    features = data.features.copy()
    features[:, [FEATURES.index(name) for name in names]] = 0.0
    return replace(data, features=features)


def fitted(data: Measured, penalty: float = _PENALTY) -> ClaimModel:
    """Fits the model; features are scaled by their deviation, so that the penalty treats them alike.

    A feature whose weight has the wrong sign is taken out, and the rest is fitted again: made claims have habits that
    drafts do not have, such as being nearly word for word.
    """
    weights = np.zeros(len(FEATURES))
    signs = np.array([1.0 if name in _FAVOURABLE else -1.0 for name in FEATURES])
    kept = np.flatnonzero(data.features.std(axis=0) > 0.0)
    while True:
        scale = data.features[:, kept].std(axis=0)
        bias, found = fit_logistic(data.features[:, kept] / scale, data.labels.astype(float), penalty)
        wrong = found * signs[kept] < 0.0
        if not wrong.any():
            weights[kept] = found / scale
            return ClaimModel(bias, weights)
        kept = kept[~wrong]


def in_folds(data: Measured) -> Vector:
    """The score of each pair by a fit without its document."""
    documents = [pair.document for pair in data.pairs]
    names = sorted(set(documents))
    order = np.random.default_rng(0).permutation(len(names))
    fold_of = {names[name]: number % _FOLDS for number, name in enumerate(order)}
    folds = np.array([fold_of[document] for document in documents])
    scores = np.zeros(len(documents))
    for fold in sorted(set(folds.tolist())):
        held = np.flatnonzero(folds == fold)
        kept = np.flatnonzero(folds != fold)
        if not kept.size:
            raise QuestionsInvalid("pairs of at least two documents are needed for the folds")
        scores[held] = fitted(data.rows(kept)).scores(data.features[held])
    return scores


def threshold(scores: Vector, labels: Flags, recall: float) -> float:
    """The highest cut at which at least this share of the true claims passes."""
    ordered = np.sort(scores[labels])[::-1]
    return float(ordered[max(int(np.ceil(recall * len(ordered))) - 1, 0)])


def row_of(name: str, passes: Flags, labels: Flags, scores: Vector | None = None) -> str:
    """A line of the table: recall, false passes and precision with their intervals, and the AUC of the scores."""
    cells = [
        name,
        *(
            _interval(labels, passes, measure)
            for measure in (
                lambda truth, passed: passed[truth].mean(),
                lambda truth, passed: passed[~truth].mean(),
                lambda truth, passed: truth[passed].mean() if passed.any() else np.nan,
            )
        ),
        "" if scores is None else f"{roc_auc_score(labels, scores):.3f}",
    ]
    return f"| {' | '.join(cells)} |"


def _interval(labels: Flags, passes: Flags, measure: Callable[[Flags, Flags], float]) -> str:
    generator = np.random.default_rng(0)
    draws = []
    for _ in range(_RESAMPLES):
        rows = generator.integers(len(labels), size=len(labels))
        if labels[rows].any() and not labels[rows].all():
            draws.append(measure(labels[rows], passes[rows]))
    tail = (100 - _CONFIDENCE) / 2
    low, high = np.nanpercentile(draws, [tail, 100 - tail])
    return f"{measure(labels, passes):.3f} ({low:.3f}–{high:.3f})"


def without_problems(data: Measured) -> Flags:
    """The pairs that pass by the rules alone: most words are in the quotes, and there is no problem."""
    return np.array(
        [not check.problems and check.features["overlap_in_context"] >= _LEAST_OVERLAP for check in data.checks]
    )


def report(data: Measured, scores: Vector, cut: float | None = None) -> Iterator[str]:
    """The table of a set; ``cut`` is that of another set, in place of the one of equal recall."""
    labels = data.labels
    overlap_recall = float(data.overlap[labels].mean())
    yield f"{len(labels)} pairs, {labels.sum()} supported"
    yield "| | recall | false passes | precision | AUC |\n| --- | --- | --- | --- | --- |"
    yield row_of("word overlap (`Support.supported`)", data.overlap, labels)
    yield row_of("no problem, 0.6 of the words", without_problems(data), labels)
    equal = threshold(scores, labels, overlap_recall)
    yield row_of("fitted, at equal recall", scores >= equal, labels, scores)
    if cut is not None:
        yield row_of(f"fitted, from {cut:.3f}", scores >= cut, labels, scores)


def by_kind(data: Measured, passes: Flags) -> Iterator[str]:
    """The share that passes, by kind of claim, with word overlap and with the fit."""
    yield "| kind | pairs | word overlap | fitted |\n| --- | --- | --- | --- |"
    for supported in (True, False):
        kinds = Counter(pair.kind for pair in data.pairs if pair.supported is supported)
        for kind, count in kinds.most_common():
            rows = np.array([pair.kind == kind and pair.supported is supported for pair in data.pairs])
            mark = "true" if supported else "false"
            yield f"| {mark}: {kind} | {count} | {data.overlap[rows].mean():.2f} | {passes[rows].mean():.2f} |"


def by_problem(data: Measured) -> Iterator[str]:
    """Rates of each problem in true and in false claims."""
    yield "| problem | in true | in false | precision |\n| --- | --- | --- | --- |"
    found: dict[str, list[int]] = {}
    for check, label in zip(data.checks, data.labels, strict=True):
        for problem in sorted({problem.kind for problem in check.problems}):
            found.setdefault(problem, [0, 0])[int(not label)] += 1
    for kind, (true, false) in sorted(found.items(), key=lambda item: -item[1][1]):
        yield f"| {kind} | {true} | {false} | {false / (true + false):.2f} |"


def main() -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.claims.measure",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pairs", nargs="+", type=Path, metavar="PAIRS.jsonl")
    parser.add_argument("--test", type=Path, metavar="PAIRS.jsonl", help="pairs that nothing is fitted on")
    parser.add_argument("--wrong", action="store_true", help="print the test pairs that are judged wrongly")
    parser.add_argument("--without", nargs="*", default=(), metavar="FEATURE", help="leave these out of the fit")
    options = parser.parse_args()
    try:
        data = without(measured([pair for path in options.pairs for pair in read_pairs(path)]), options.without)
        scores = in_folds(data)
        test = without(measured(read_pairs(options.test)), options.without) if options.test else None
    except PageproofError as error:
        return fail(error, 1)
    cut = threshold(scores, data.labels, float(data.overlap[data.labels].mean()))
    print(*report(data, scores), "", *by_kind(data, scores >= cut), "", *by_problem(data), sep="\n")
    model = fitted(data)
    if test:
        judged = model.scores(test.features)
        print("\nTest:", *report(test, judged, cut), "", *by_problem(test), sep="\n")
        if options.wrong:
            print(
                *_wrong(test, judged, threshold(judged, test.labels, float(test.overlap[test.labels].mean()))), sep="\n"
            )
    print("\nWeights:", f"bias {model.bias:.3f}")
    print(*(f"{name} {weight:.3f}" for name, weight in zip(FEATURES, model.weights, strict=True)), sep="\n")
    return 0


def _wrong(data: Measured, scores: Vector, cut: float) -> Iterator[str]:
    for pair, check, score, overlap in zip(data.pairs, data.checks, scores, data.overlap, strict=True):
        if (score >= cut) != pair.supported:
            problems = [f"{problem.kind}: {problem.detail}" for problem in check.problems]
            yield f"{pair.id} {score:.2f} overlap {bool(overlap)}: {pair.claim} | {problems}"


if __name__ == "__main__":
    sys.exit(main())
