"""Autotuning in the background: a service measures once how its machine runs the model best, for its next start.

It is measured in a process of its own, while nothing is asked; a question ends that, and it is measured again later.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

import rag.runtime.native  # noqa: F401 - before llama.cpp, in the child
from rag.errors import ModelUnusable
from rag.models.llm.tuning.autotune import (
    MOST_BUSY,
    OtherPrograms,
    chosen_tuning,
    described,
    tune,
    tuning_folder,
    with_settings,
)
from rag.models.llm.tuning.store import Measured, can_be_kept, keep_measured, tuning_path
from rag.models.weights.store import Weights
from rag.runtime.background import BackgroundJob, BackgroundTurn, Later
from rag.settings import Settings

_log = logging.getLogger(__name__)

_COMMAND: Final = (sys.executable, "-m", "rag.models.llm.tuning.background")
# After ingest, before work that nobody has asked for.
_PRIORITY: Final = 1
# Seconds over which the load is measured before the benchmark.
_LOAD_SECONDS: Final = 0.3
# Seconds until a machine that is busy is looked at again.
_RETRY_SECONDS: Final = 600.0
# Settings that with_settings applies: where all are set, there is nothing to measure.
_SETTINGS: Final = 4


def tuning_job(settings: Settings, weights: Weights, command: Sequence[str] = _COMMAND) -> BackgroundJob | None:
    """The job that measures; None where there is nothing to measure, or the result could not be kept.

    Args:
        settings: of the service.
        weights: of its language model.
        command: measures, and prints the result; it gets the file, its digest and the layers on an accelerator.
    """
    chosen = chosen_tuning(settings, weights)
    if settings.tune == "off" or chosen.measured or len(chosen.overridden) == _SETTINGS:
        return None
    folder = tuning_folder(settings)
    if not can_be_kept(folder):
        # Each start would measure again.
        _log.info("not tuned to this machine, for nothing can be written in %s: set RAG_TUNING", folder)
        return None
    job = _TuningJob(settings, [*command, str(weights.file), weights.digest, str(settings.gpu_layers)])
    return BackgroundJob("tuning", job.run, priority=_PRIORITY)


class _TuningJob:
    """The measurement of one model on this machine."""

    def __init__(self, settings: Settings, command: Sequence[str]) -> None:
        self._settings = settings
        self._folder = tuning_folder(settings)
        self._command = command

    def run(self, turn: BackgroundTurn) -> Later | None:
        """Measures, and keeps the result; later, where other programs are at work."""
        others = OtherPrograms()
        time.sleep(_LOAD_SECONDS)
        if others.share() > MOST_BUSY:
            _log.info("not tuned to this machine yet, for it is busy; when it is quiet: python -m rag doctor --tune")
            return Later(_RETRY_SECONDS)
        try:
            measured = self._measured(turn)
        except ModelUnusable as error:
            _log.warning("this machine could not be measured, so the defaults stay: %s", error)
            return None
        if measured.busy > MOST_BUSY:
            _log.info("other programs had %.0f %% of this machine: it is measured again later", 100 * measured.busy)
            return Later(_RETRY_SECONDS)
        if keep_measured(self._folder, measured):
            tuning, _ = with_settings(measured.tuning, self._settings)
            _log.info("from the next start on: %s; kept in %s", described(tuning), tuning_path(self._folder))
        return None

    def _measured(self, turn: BackgroundTurn) -> Measured:
        """The measurement by the other process; Cancelled where a question has ended it."""
        with (
            subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process,
            turn.cancellation.calling(process.kill),
        ):
            output, _ = process.communicate()
        turn.cancellation.check()
        lines = output.decode(errors="replace").splitlines()
        if process.returncode or not lines:
            raise ModelUnusable(lines[-1] if lines else f"the process ended with exit code {process.returncode}")
        try:
            return Measured.model_validate_json(lines[-1])
        except ValidationError as error:
            raise ModelUnusable(f"the process has printed no measurement, but {lines[-1][:80]!r}") from error


def main(file: str, digest: str, gpu_layers: str) -> int:
    """Measures a model and prints the result as JSON; 1 with the reason where it cannot be measured."""
    path = Path(file)
    weights = Weights(path.stem, "generator", digest, path.parent, path)
    try:
        sys.stdout.write(f"{tune(Settings(gpu_layers=int(gpu_layers)), weights).model_dump_json()}\n")
    except ModelUnusable as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
