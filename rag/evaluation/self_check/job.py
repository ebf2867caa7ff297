"""Background job of the self-check: questions are made and asked while nobody else asks, then confidence is fitted.

Only the confidence is fitted, not what is refused: made questions whose answer is withheld are harder than people's
questions that have none, so thresholds from them refuse too much (docs/abstention.md).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from rag.answering.answerer import Answerer
from rag.answering.calibration_store import Calibration, write_calibration
from rag.answering.confidence import ConfidenceModel, FittedLater
from rag.errors import CalibrationFailed, IndexFault, ModelError
from rag.evaluation.calibrate import Trial, fitted_confidence, try_question
from rag.evaluation.self_check.progress import (
    SelfCheckProgress,
    read_progress,
    remove_progress,
    write_progress,
)
from rag.evaluation.synthetic.prompt import question_about
from rag.evaluation.synthetic.sampling import sampled_facts
from rag.evaluation.synthetic.types import Fact
from rag.index.generation import Generation
from rag.runtime.background import BackgroundJob, BackgroundTurn, Later
from rag.runtime.cancellation import Cancellation

_log = logging.getLogger(__name__)

# Questions that are asked, each twice: a few minutes.
QUESTIONS: Final = 30
# Before the guides, which nobody waits for, and after tuning, which it would disturb.
_PRIORITY: Final = 2
_SEED: Final = 0
# Seconds after a fault of the index or the model, which may pass.
_TRY_AGAIN: Final = 60.0


def self_check_job(
    answerer: Answerer, index: Path, models: tuple[str, ...], *, questions: int = QUESTIONS
) -> BackgroundJob | None:
    """The job; None where confidence is fitted to the language model.

    Args:
        answerer: whose confidence is fitted, and which answers with it from then on.
        index: directory in which the result is kept; where nothing can be written there, the next start begins anew.
        models: digests of the language model, the encoder and the reranker.
        questions: that are asked, each twice.
    """
    if answerer.fitted_later is None:
        return None
    check = _SelfCheck(answerer, answerer.fitted_later, index, models, questions)
    return BackgroundJob("self-check", check.run, priority=_PRIORITY)


@dataclass(frozen=True)
class _SelfCheck:
    answerer: Answerer
    slot: FittedLater
    index: Path
    models: tuple[str, ...]
    questions: int

    def run(self, turn: BackgroundTurn) -> Later | None:
        """Asks what is left to ask, and fits; raises Cancelled where a question comes, and goes on from there."""
        try:
            generation = self.answerer.generation()
            done = read_progress(self.index, self.models, generation.id)
            for fact in self._facts(generation, done):
                turn.progress(done.questions, self.questions)
                done = done.after(self._tried(generation, fact, turn.cancellation))
                write_progress(self.index, done)
                if done.questions >= self.questions:
                    break
        except (IndexFault, ModelError) as fault:
            _log.warning("confidence cannot be fitted to this model now: %s", fault)
            return Later(_TRY_AGAIN)
        self._fit(done)
        return None

    def _facts(self, generation: Generation, done: SelfCheckProgress) -> Iterator[Fact]:
        return islice(sampled_facts(generation, _SEED), done.next_fact, None)

    def _tried(self, generation: Generation, fact: Fact, cancelled: Cancellation) -> tuple[Trial, ...]:
        """The trials of the question about a fact; none where no good one could be made of it."""
        question = question_about(fact, self.answerer.model, cancelled)
        return try_question(self.answerer, generation, question, cancelled) if question else ()

    def _fit(self, done: SelfCheckProgress) -> None:
        default = self.answerer.confidence_model
        try:
            fitted = fitted_confidence(default, done.to_domain())
            self._keep(done, fitted)
        except CalibrationFailed as failure:
            _log.warning("answers stay uncalibrated: %s", failure)
            return
        self.slot.model = replace(fitted, false_answers=default.false_answers)
        _log.info("confidence is fitted to this model, by %d questions made from the documents", done.questions)

    def _keep(self, done: SelfCheckProgress, fitted: ConfidenceModel) -> None:
        """Writes the calibration for the next start, where that can be."""
        calibration = Calibration(
            models=self.models, generation=done.generation, questions=done.questions, confidence_model=fitted
        )
        try:
            write_calibration(self.index, calibration)
        except CalibrationFailed as failure:
            _log.info("the calibration holds until the service stops: %s", failure)
            return
        remove_progress(self.index)
