"""Calibration store: ``calibration.json`` beside the generations holds a confidence model fitted to the documents.

It is optional: without it, or where it was made with another model, the default confidence model is used.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError
from pydantic_core import from_json

from rag.answering.confidence import ConfidenceModel
from rag.domain.frozen_model import FrozenModel
from rag.errors import CalibrationFailed
from rag.runtime.files import write_atomically

_log = logging.getLogger(__name__)

FORMAT: Final = 2
_REMEDY: Final = "python -m rag calibrate"


class Calibration(FrozenModel):
    """A fitted confidence model, and what it was fitted with.

    Attributes:
        models: digests of the language model, the encoder and the reranker; it is valid for these models only.
        generation: id of the generation from whose documents the questions were made.
        questions: number of questions made.
    """

    format: Literal[2] = FORMAT
    models: tuple[str, ...]
    generation: str
    questions: int = Field(ge=0)
    confidence_model: ConfidenceModel


def calibration_path(index: Path) -> Path:
    """Path of the calibration file of an index directory."""
    return index / "calibration.json"


def read_calibration(index: Path, models: tuple[str, ...]) -> Calibration | None:
    """The calibration fitted with these models; None where there is no file, or an unusable one, which is logged."""
    path = calibration_path(index)
    try:
        calibration = Calibration.model_validate(_current(from_json(path.read_bytes())))
    except FileNotFoundError:
        return None
    except OSError as error:
        why = f"it cannot be read: {error.strerror}"
    except ValueError as error:
        detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        why = f"it is damaged, or of another version: {detail}"
    else:
        if calibration.models == models:
            return calibration
        why = "other models made it"
    _log.warning("%s is ignored, and the default confidence model is used: %s; to replace it: %s", path, why, _REMEDY)
    return None


# Names of format 1, which Pageproof 0.1 wrote.
_RENAMED: Final = {
    "judge": "confidence_model",
    "worth_asking": "prefilter",
    "hopeless": "prefilter_threshold",
    "right": "correct",
    "yes_lean": "yes_bias",
    "declined": "refusal_probability",
    "affirmed": "self_check",
}


def _current(contents: Any) -> Any:  # noqa: ANN401 - parsed JSON
    """The contents of a file in the current format: the fields of format 1 are renamed."""
    if not isinstance(contents, dict) or contents.get("format") != 1:
        return contents
    return {**_renamed(contents), "format": FORMAT}


def _renamed(value: Any) -> Any:  # noqa: ANN401 - parsed JSON
    if isinstance(value, dict):
        return {_RENAMED.get(name, name): _renamed(each) for name, each in value.items()}
    return value


def check_writable(index: Path) -> None:
    """Checks that a calibration can be written, before the long work of fitting one.

    Raises:
        CalibrationFailed: this process may not write in the index directory.
    """
    if index.is_dir() and not os.access(index, os.W_OK):
        raise CalibrationFailed(
            f"nothing can be written in {index} from here; run {_REMEDY} where it can be (docker compose run --rm "
            f"--entrypoint '{_REMEDY}' ingest, where the service has the index for reading only)"
        )


def write_calibration(index: Path, calibration: Calibration) -> None:
    """Replaces the calibration file atomically.

    Raises:
        CalibrationFailed: the file cannot be written; the previous one stays.
    """
    path = calibration_path(index)
    try:
        write_atomically(path, calibration.model_dump_json(indent=1))
    except OSError as error:
        raise CalibrationFailed(f"{path} cannot be written: {error.strerror}; what was there stays") from error
