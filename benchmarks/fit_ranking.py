"""Fits the weights of rag/retrieval/scoring.py on questions whose page is known, and evaluates them on other sets.

    python -m benchmarks.fit_ranking --set manual=indexes/manual:manual.jsonl --set law=indexes/law:law.jsonl ...

The first stage is fitted on all that dense and BM25 bring in, the final ranking on what the reranker reads of it: the
candidates that the weights in the code choose. After a change of the first stage it is therefore run once more. Every
set counts the same, however many questions it has. For each set the measures are those of weights that were fitted on
the others; the weights at the end are fitted on all. What the reranker says is kept in ``benchmarks/results``.
"""

from __future__ import annotations

import rag.runtime.native  # noqa: F401 - first: see there

# isort: split

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks.question_sets import QuestionSet, add_sets
from benchmarks.remembering import RememberingReranker
from rag.cli.console import ProgressCallback, configure_logging, fail, progress
from rag.domain.values import Question
from rag.errors import PageproofError, SettingsError
from rag.evaluation.questions import LabelledQuestion
from rag.models.embedding.interfaces import Encoder, Reranker
from rag.models.opening import open_encoder, open_reranker
from rag.retrieval.retriever import Candidates, Retriever
from rag.retrieval.scoring import Signals, SignalWeights
from rag.settings import read_settings

RESULTS: Final = Path(__file__).parent / "results"
NAMES: Final = tuple(each.name for each in fields(Signals))

# By how much each signal differs between passages, about: so that the penalty means the same for each.
_SPREADS: Final = {"cosine": 0.1, "bm25": 0.2, "document": 1.0, "digit_share": 0.2, "reranker": 1.0}
_PENALTY: Final = 0.002
# Enough to be all that the legs bring in.
_ALL: Final = 1_000

Vector: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """A question's candidates, and which of them are on a page that answers it."""

    candidates: Candidates
    right: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, labelled: LabelledQuestion, candidates: Candidates) -> Judged:
        """Raises nothing; none may be right."""
        right = [
            bool(labelled.gold_documents & set(passage.document.names)) and passage.chunk.span.page in labelled.pages
            for passage in candidates.passages
        ]
        return cls(candidates, np.array(right, dtype=bool))

    def matrix(self, names: Sequence[str]) -> Vector:
        """The signals in units of their spread. *Shape:* ``(candidates, len(names))``."""
        columns = [getattr(self.candidates.signals, name) / _SPREADS[name] for name in names]
        return np.stack(columns, axis=1).astype(np.float64)


Sets: TypeAlias = Mapping[str, Sequence[Judged]]


def fit(sets: Sequence[Sequence[Judged]], names: Sequence[str]) -> SignalWeights:
    """Weights of the signals with these names; 0 for the others, and none below it.

    The loss of a question is ``-log(Σ exp(score of the right ones) / Σ exp(score of all))``; questions without a right
    candidate teach nothing, and count among those that their set's mean is over.
    """
    matrices = [[(question.matrix(names), question.right) for question in questions] for questions in sets]

    def loss(weights: Vector) -> tuple[float, Vector]:
        value, gradient = _PENALTY * float(weights @ weights), 2 * _PENALTY * weights
        for questions in matrices:
            share = 1 / (len(matrices) * len(questions))
            for matrix, right in questions:
                if right.any():
                    scores = matrix @ weights
                    chances = np.exp(scores - scores.max())
                    among_right = chances * right / (chances @ right)
                    value -= share * float(np.log((chances @ right) / chances.sum()))
                    gradient = gradient + share * ((chances / chances.sum() - among_right) @ matrix)
        return value, gradient

    start = np.full(len(names), 0.3)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(names))
    fitted = {name: float(weight) / _SPREADS[name] for name, weight in zip(names, found.x, strict=True)}
    return SignalWeights(**{name: fitted.get(name, 0.0) for name in NAMES})


def page_hits(questions: Sequence[Judged], weights: SignalWeights, per_page: int) -> tuple[float, float]:
    """page_hit@1 and @5."""
    ranks = [_rank(question, weights, per_page) for question in questions]
    return sum(rank <= 1 for rank in ranks) / len(ranks), sum(rank <= 5 for rank in ranks) / len(ranks)


def _rank(question: Judged, weights: SignalWeights, per_page: int) -> float:
    ranked = replace(question.candidates, weights=weights).best().spread(per_page)
    right = {
        passage.row for passage, is_right in zip(question.candidates.passages, question.right, strict=True) if is_right
    }
    return next((rank for rank, passage in enumerate(ranked.passages, start=1) if passage.row in right), np.inf)


def gather(
    chosen: QuestionSet, encoder: Encoder, reranker: Reranker, tell: ProgressCallback
) -> tuple[list[Judged], list[Judged]]:
    """For each question all that the legs bring in, and of these what the reranker reads, with its logits."""
    retriever = Retriever(encoder, reranker)
    whole, read = [], []
    questions = chosen.paged()
    with chosen.opened(encoder) as generation:
        for number, labelled in enumerate(questions):
            tell(chosen.name, number, len(questions))
            question = Question(labelled.question)
            pool = retriever.candidates_of(generation, question, _ALL)
            whole.append(Judged.of(labelled, pool))
            read.append(Judged.of(labelled, retriever.rerank(question, pool.first(retriever.candidates))))
    tell(chosen.name, len(questions), len(questions))
    return whole, read


def report(stage: str, sets: Sets, names: Sequence[str], per_page: int) -> str:
    """Report of each set with weights from the others and from all, and the weights from all."""
    together = fit(list(sets.values()), names)
    rows = []
    for held_out, questions in sets.items():
        others = [other for name, other in sets.items() if name != held_out]
        apart = fit(others, names) if others else together
        cells = [f"{hit:.3f}" for weights in (apart, together) for hit in page_hits(questions, weights, per_page)]
        rows.append(f"| {held_out}, {len(questions)} questions | {' | '.join(cells)} |")
    weights = ", ".join(f"{name}={getattr(together, name):.2f}" for name in NAMES)
    head = f"| {stage} | page_hit@1 held out | @5 held out | @1 fitted on all | @5 fitted on all |"
    return "\n".join([head, "| --- " * 5 + "|", *rows, "", f"Weights({weights})"])


def main() -> int:
    """Prints measures and weights of both stages."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit_ranking", description=__doc__)
    add_sets(parser)
    options = parser.parse_args()
    configure_logging()
    settings = read_settings()
    try:
        encoder, reranker = open_encoder(settings), open_reranker(settings)
        if reranker is None:
            raise SettingsError("RAG_RERANKER is empty: its weight cannot be fitted without it")
        remembering = RememberingReranker(reranker, RESULTS / f"{settings.reranker}.json")
        with progress() as tell:
            whole, read = _gather_all(options.sets, encoder, remembering, tell)
    except PageproofError as error:
        return fail(error, 1)
    per_page = Retriever(encoder, None).per_page
    print(report("first stage", whole, ("cosine", "bm25", "document"), per_page))
    print()
    print(report("with the reranker", read, NAMES, per_page))
    return 0


def _gather_all(
    sets: Sequence[QuestionSet],
    encoder: Encoder,
    remembering: RememberingReranker,
    tell: Callable[[str, int, int], None],
) -> tuple[Sets, Sets]:
    whole, read = {}, {}
    for chosen in sets:
        try:
            whole[chosen.name], read[chosen.name] = gather(chosen, encoder, remembering, tell)
        finally:
            remembering.save()
    return whole, read


if __name__ == "__main__":
    sys.exit(main())
