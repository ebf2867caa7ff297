"""Calibration of the confidence model to the user's own documents, on synthetic questions (Platt scaling).

Each synthetic question is asked twice: of the whole index, and of the index without the passages that answer it. The
first gives features of answers that the documents hold, the second features where the documents are only about the same
subject. The logits of the shipped confidence model are the one feature; scale and threshold are fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rag.answering.answerer import VALUE_FORMS, Answerer
from rag.answering.confidence import ConfidenceModel, Features, Logistic, thresholds_of
from rag.answering.trace import LastTrace
from rag.domain.probability import log_odds
from rag.domain.values import Question
from rag.errors import CalibrationFailed
from rag.evaluation.correctness import is_correct
from rag.evaluation.logistic_regression import fit_logistic
from rag.evaluation.questions import LabelledQuestion
from rag.evaluation.synthetic.negatives import withheld_rows
from rag.evaluation.synthetic.types import SyntheticQuestion
from rag.index.generation import Generation
from rag.query.form import form_of_question
from rag.runtime.cancellation import Cancellation

# With fewer trials a rate of one in ten cannot be estimated.
FEWEST: Final = 20
_PENALTY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Trial:
    """The outcome of one question.

    Attributes:
        features: of the draft; None where the language model was not called.
        answerable: whether the index still had the passages that answer it.
        right: whether the draft is correct.
    """

    features: Features | None
    answerable: bool
    right: bool


def try_questions(
    answerer: Answerer, generation: Generation, made: Iterable[SyntheticQuestion], on_trial: Callable[[int], None]
) -> list[Trial]:
    """Asks each question of the index with and without its answer; ``on_trial`` gets the number of questions done.

    Questions that are answered by more than a value are left out: their drafts have other features.
    """
    trials: list[Trial] = []
    for number, question in enumerate(made, start=1):
        trials += try_question(answerer, generation, question)
        on_trial(number)
    return trials


def try_question(
    answerer: Answerer, generation: Generation, question: SyntheticQuestion, cancelled: Cancellation | None = None
) -> tuple[Trial, ...]:
    """Asks a question of the index with and without its answer; no trials where more than a value answers it.

    Raises:
        Cancelled: ``cancelled`` was called.
    """
    if form_of_question(question.question) not in VALUE_FORMS:
        return ()
    withheld = frozenset(withheld_rows(generation, question))
    asked = Question(question.question)
    return (
        _trial(answerer, generation, asked, [question.answer], frozenset(), cancelled),
        _trial(answerer, generation, asked, (), withheld, cancelled),
    )


def try_labelled(
    answerer: Answerer, generation: Generation, labelled: Iterable[LabelledQuestion], on_trial: Callable[[int], None]
) -> list[Trial]:
    """Asks labelled questions, such as those of users, each once; ``on_trial`` gets the number of questions done.

    Questions that are answered by more than a value, or have no short gold answer, are left out.
    """
    trials = []
    for number, question in enumerate(labelled, start=1):
        if form_of_question(question.question) in VALUE_FORMS and (question.answers or not question.answerable):
            trials.append(_trial(answerer, generation, question.to_domain(), question.answers, frozenset()))
        on_trial(number)
    return trials


def _trial(
    answerer: Answerer,
    generation: Generation,
    asked: Question,
    golds: Sequence[str],
    withheld: frozenset[int],
    cancelled: Cancellation | None = None,
) -> Trial:
    """The outcome of a question; without gold answers it has none in the index."""
    last = LastTrace()
    partial = replace(answerer, retriever=replace(answerer.retriever, withheld=withheld), recorder=last)
    for _ in partial.stream(asked, cancelled, generation):
        pass
    right = bool(golds) and is_correct(asked.text, last.trace.draft, golds)
    return Trial(last.trace.features, bool(golds), right)


def fitted(confidence_model: ConfidenceModel, trials: Iterable[Trial]) -> ConfidenceModel:
    """The confidence model with scales and thresholds fitted to trials.

    The scale of each probability is fitted with one feature, its logit before (Platt scaling). Thresholds are quantiles
    of P(answerable) over the unanswerable trials, 0 where the language model was not called. P(correct) is fitted on
    the trials whose answer would be given: half of all trials have no answer, a larger share than users ask.

    Raises:
        CalibrationFailed: there are fewer than twenty answerable trials with features, or twenty unanswerable ones.
    """
    trials = list(trials)
    drafted = [(trial, trial.features) for trial in trials if trial.features]
    fewest = min(sum(trial.answerable for trial, _ in drafted), sum(not trial.answerable for trial in trials))
    if fewest < FEWEST:
        raise CalibrationFailed(
            f"only {fewest} made questions could be put to the documents, and {FEWEST} are the fewest; "
            "ingest more documents, or ask for more questions"
        )
    answerable = _rescaled(
        confidence_model.answerable,
        [features for _, features in drafted],
        [trial.answerable for trial, _ in drafted],
    )
    refused = [
        answerable.probability(trial.features) if trial.features else 0.0 for trial in trials if not trial.answerable
    ]
    lenient = replace(confidence_model, answerable=answerable, thresholds=thresholds_of(refused))
    given = [(trial, features) for trial, features in drafted if lenient.is_given(features)]
    correct = _rescaled(
        confidence_model.correct, [features for _, features in given], [trial.right for trial, _ in given]
    )
    return replace(lenient, correct=correct)


def fitted_confidence(confidence_model: ConfidenceModel, trials: Iterable[Trial]) -> ConfidenceModel:
    """The confidence model with P(correct) fitted to trials, on those whose answer is given; what is refused stays.

    Raises:
        CalibrationFailed: of fewer than twenty trials an answer is given.
    """
    given = [
        (trial, trial.features) for trial in trials if trial.features and confidence_model.is_given(trial.features)
    ]
    if len(given) < FEWEST:
        raise CalibrationFailed(
            f"only {len(given)} made questions were answered, and {FEWEST} are the fewest; ingest more documents"
        )
    correct = _rescaled(
        confidence_model.correct, [features for _, features in given], [trial.right for trial, _ in given]
    )
    return replace(confidence_model, correct=correct)


def _rescaled(logistic: Logistic, samples: list[Features], labels: list[bool]) -> Logistic:
    logits = np.array([[log_odds(logistic.probability(features))] for features in samples])
    bias, scale = fit_logistic(logits, np.array(labels, dtype=np.float64), _PENALTY)
    # A scale of 0 or less would flatten or reverse an order that was fitted on many more samples.
    factor = max(float(scale[0]), 0.1)
    weights = {name: factor * weight for name, weight in logistic.weights.items()}
    return Logistic(bias + factor * logistic.bias, weights)
