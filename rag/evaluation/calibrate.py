"""A judge that is fitted to the user's own documents, on questions that the system makes out of them.

Each made question is put twice: to all of the index, and to the index without the passages that answer it. The first
shows how answers look that the documents hold, the second how they look where the documents only speak of the same
things. What was fitted on our data stays, as one feature; scale and threshold come from these documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rag.answering.answerer import Answerer
from rag.answering.confidence import ConfidenceModel, Features, Logistic, log_odds, thresholds_of
from rag.answering.records import AnswerTrace
from rag.domain.values import Question
from rag.errors import CalibrationFailed
from rag.evaluation.correctness import is_correct
from rag.evaluation.logistic_regression import fit_logistic
from rag.evaluation.synthetic.negatives import withheld_rows
from rag.evaluation.synthetic.types import SyntheticQuestion
from rag.index.generation import Generation

# Fewer say nothing about a rate of one in ten.
FEWEST: Final = 20
_PENALTY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one made question.

    Attributes:
        observation: of the draft; None where the model was not asked.
        answerable: whether the index still had the passages that answer it.
        right: whether the draft was right.
    """

    features: Features | None
    answerable: bool
    right: bool


class _LastTrace:
    """A recorder that remembers the last course."""

    trace: AnswerTrace

    def keep(self, trace: AnswerTrace) -> None:
        self.trace = trace


def try_questions(
    answerer: Answerer, generation: Generation, made: Iterable[SyntheticQuestion], on_trial: Callable[[int], None]
) -> list[Trial]:
    """Puts each question to the index, and to what is left of it without the answer; tells how many were put."""
    trials: list[Trial] = []
    for number, question in enumerate(made, start=1):
        withheld = frozenset(withheld_rows(generation, question))
        trials.append(_trial(answerer, generation, question, frozenset()))
        trials.append(_trial(answerer, generation, question, withheld))
        on_trial(number)
    return trials


def _trial(answerer: Answerer, generation: Generation, made: SyntheticQuestion, withheld: frozenset[int]) -> Trial:
    last = _LastTrace()
    partial = replace(answerer, retriever=replace(answerer.retriever, withheld=withheld), recorder=last)
    for _ in partial.stream(Question(made.question), generation=generation):
        pass
    right = not withheld and is_correct(made.question, last.trace.draft, [made.answer])
    return Trial(last.trace.features, not withheld, right)


def fitted(confidence_model: ConfidenceModel, trials: Iterable[Trial]) -> ConfidenceModel:
    """The judge with scales and thresholds of these trials.

    The scale of each probability is fitted with one feature, its logit before (Platt scaling); thresholds are quantiles
    of what the unanswerable trials score, which is 0 where the model was not even asked. Whether a draft is right is
    fitted on the trials that would be given: half of all trials have no answer, which is more than people ask.

    Raises:
        CalibrationFailed: there are fewer than twenty trials of either kind that say anything.
    """
    trials = list(trials)
    observed = [(trial, trial.features) for trial in trials if trial.features]
    fewest = min(sum(trial.answerable for trial, _ in observed), sum(not trial.answerable for trial in trials))
    if fewest < FEWEST:
        raise CalibrationFailed(
            f"only {fewest} made questions could be put to the documents, and {FEWEST} are the fewest; "
            "ingest more documents, or ask for more questions"
        )
    observations = [features for _, features in observed]
    answerable = _rescaled(confidence_model.answerable, observations, [trial.answerable for trial, _ in observed])
    refused = [
        answerable.probability(trial.features) if trial.features else 0.0 for trial in trials if not trial.answerable
    ]
    lenient = replace(confidence_model, answerable=answerable, thresholds=thresholds_of(refused))
    given = [(trial, features) for trial, features in observed if lenient.is_given(features)]
    correct = _rescaled(
        confidence_model.correct, [features for _, features in given], [trial.right for trial, _ in given]
    )
    return replace(lenient, correct=correct)


def _rescaled(logistic: Logistic, observations: list[Features], labels: list[bool]) -> Logistic:
    logits = np.array([[log_odds(logistic.probability(features))] for features in observations])
    bias, scale = fit_logistic(logits, np.array(labels, dtype=np.float64), _PENALTY)
    # An order that these few trials contradict is left as it was fitted on more.
    factor = max(float(scale[0]), 0.1)
    weights = {name: factor * weight for name, weight in logistic.weights.items()}
    return Logistic(bias + factor * logistic.bias, weights)
