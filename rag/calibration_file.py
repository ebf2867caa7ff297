"""Where the judge that was fitted to an index's own documents is kept: ``calibration.json`` beside its generations.

It is an extra: without it, or where it was made with another model, the judge that ships is used.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import CalibrationFailed
from rag.judgement import Judge

_log = logging.getLogger(__name__)

FORMAT: Final = 1


class Calibration(BaseModel):
    """A judge, and what it was fitted with.

    Attributes:
        models: digests of the language model, the encoder and the reranker: with others it does not hold.
        generation: whose documents the questions were made of.
        questions: how many were made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    models: tuple[str, ...]
    generation: str
    questions: int = Field(ge=0)
    judge: Judge


def calibration_path(index: Path) -> Path:
    """The file of an index directory."""
    return index / "calibration.json"


def read_calibration(index: Path, models: tuple[str, ...]) -> Calibration | None:
    """What was fitted with these models; None where there is nothing, or something else, which is logged."""
    path = calibration_path(index)
    try:
        calibration = Calibration.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        _log.warning("%s is left aside, it cannot be read: %s; make it anew: python -m rag calibrate", path, error)
        return None
    if calibration.format != FORMAT or calibration.models != models:
        _log.warning("%s is left aside, other models made it; make it anew: python -m rag calibrate", path)
        return None
    return calibration


def write_calibration(index: Path, calibration: Calibration) -> None:
    """Puts it in place of what is there, whole or not at all.

    Raises:
        CalibrationFailed: the disk refused.
    """
    path = calibration_path(index)
    draft = path.with_name(f"{path.name}.new")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(calibration.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise CalibrationFailed(f"{path} cannot be written: {error}") from error
