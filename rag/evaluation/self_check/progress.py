"""Progress of a self-check: ``self_check.json`` beside the generations, so that a service which restarts goes on.

It holds numbers only, no text of questions or documents.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from rag.answering.confidence import Features
from rag.domain.frozen_model import FrozenModel
from rag.evaluation.calibrate import Trial
from rag.runtime.files import write_atomically

_log = logging.getLogger(__name__)

FORMAT: Final = 1


class TrialRecord(FrozenModel):
    """One trial: see :class:`rag.evaluation.calibrate.Trial`."""

    features: Features | None
    answerable: bool
    right: bool


class SelfCheckProgress(FrozenModel):
    """Progress of a self-check.

    Attributes:
        models: digests of the language model, the encoder and the reranker.
        generation: of the index from whose documents the questions are made.
        next_fact: number of the fact that the next question is made from, from 0.
        trials: two for each question that was asked.
    """

    format: Literal[1] = FORMAT
    models: tuple[str, ...]
    generation: str
    next_fact: int = 0
    trials: tuple[TrialRecord, ...] = ()

    @property
    def questions(self) -> int:
        """Count of the questions that were asked."""
        return len(self.trials) // 2

    def after(self, trials: tuple[Trial, ...]) -> SelfCheckProgress:
        """The progress behind one more fact, whose question led to these trials."""
        kept = (TrialRecord(features=one.features, answerable=one.answerable, right=one.right) for one in trials)
        return self.model_copy(update={"next_fact": self.next_fact + 1, "trials": (*self.trials, *kept)})

    def to_domain(self) -> list[Trial]:
        """The trials."""
        return [Trial(one.features, one.answerable, one.right) for one in self.trials]


def progress_path(index: Path) -> Path:
    """Path of the progress file of an index directory."""
    return index / "self_check.json"


def read_progress(index: Path, models: tuple[str, ...], generation: str) -> SelfCheckProgress:
    """Progress with these models and documents; that of a new check where there is no such file, or it is of others."""
    begun = SelfCheckProgress(models=models, generation=generation)
    try:
        found = SelfCheckProgress.model_validate_json(progress_path(index).read_bytes())
    except FileNotFoundError:
        return begun
    except (OSError, ValidationError):
        _log.warning("%s cannot be read, so the self-check begins anew", progress_path(index))
        return begun
    return found if (found.models, found.generation) == (models, generation) else begun


def write_progress(index: Path, progress: SelfCheckProgress) -> None:
    """Replaces the progress file; where nothing can be written, a restart begins anew."""
    try:
        write_atomically(progress_path(index), progress.model_dump_json())
    except OSError as error:
        _log.debug("%s cannot be written: %s", progress_path(index), error.strerror)


def remove_progress(index: Path) -> None:
    """Removes the file of a self-check that is done."""
    try:
        progress_path(index).unlink(missing_ok=True)
    except OSError as error:
        _log.debug("%s cannot be removed: %s", progress_path(index), error.strerror)
