"""Tuning store: measurements of this machine in ``tuning.json``, so that each model is measured once.

The file is optional: without it, or with a measurement of another model or machine only, the default tuning is used.
"""

from __future__ import annotations

import logging
import os
from dataclasses import fields
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from rag.domain.frozen_model import FrozenModel
from rag.models.llm.tuning.parameters import Tuning
from rag.runtime.files import write_atomically

_log = logging.getLogger(__name__)

FORMAT: Final = 1
# Most measurements in the file; the oldest go first.
_MAX_MEASUREMENTS: Final = 32


class TokensPerSecond(FrozenModel):
    """Speed of a model: prefill, decode of one sequence, and decode of four in a batch."""

    reading: float = Field(gt=0)
    writing: float = Field(gt=0)
    writing_four: float = Field(gt=0)


class Measured(FrozenModel):
    """A tuning, and the benchmark that chose it.

    Attributes:
        model: digest of the weights.
        machine: digest of all of the machine that the choice depends on.
        time: when, in UTC, ISO 8601.
        seconds: that it took.
        busy: share of the machine, 0..1, that other programs had meanwhile: where it is high, the choice is doubtful.
    """

    model: str
    machine: str
    time: str
    seconds: float
    busy: float
    threads: int = Field(ge=1)
    batch_threads: int = Field(ge=1)
    micro_batch: int = Field(ge=1)
    flash_attention: bool
    repack: bool
    speed: TokensPerSecond
    default_speed: TokensPerSecond

    @property
    def further_token(self) -> float:
        """Cost of each further token of a decode step, in steps of one. Rounded, to stay when it is measured again."""
        four_tokens = 4 * self.speed.writing / self.speed.writing_four
        return max(0.1, round((four_tokens - 1) / 3, 1))

    @property
    def tuning(self) -> Tuning:
        """The parameters as :class:`LlamaCppModel` takes them."""
        return Tuning(**{field.name: getattr(self, field.name) for field in fields(Tuning)})


class _Contents(FrozenModel):
    format: Literal[1] = FORMAT
    measured: tuple[Measured, ...] = ()


def tuning_path(folder: Path) -> Path:
    """Path of the tuning file in a folder."""
    return folder / "tuning.json"


def read_measured(folder: Path, model: str, machine: str) -> Measured | None:
    """The measurement of this model on this machine; None without one."""
    rows = _read(folder).measured
    return next((row for row in rows if (row.model, row.machine) == (model, machine)), None)


def can_be_kept(folder: Path) -> bool:
    """True where the folder, or the one that it would be made in, is writable."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def keep_measured(folder: Path, measured: Measured) -> bool:
    """Stores a measurement in place of the one before; False, and a warning in the log, where it cannot be written."""
    others = [row for row in _read(folder).measured if (row.model, row.machine) != (measured.model, measured.machine)]
    contents = _Contents(measured=(measured, *others[: _MAX_MEASUREMENTS - 1]))
    path = tuning_path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, contents.model_dump_json(indent=1))
    except OSError as error:
        _log.warning("what was measured cannot be kept in %s: %s; set RAG_TUNING", path, error.strerror)
        return False
    return True


def _read(folder: Path) -> _Contents:
    path = tuning_path(folder)
    try:
        return _Contents.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return _Contents()
    except OSError as error:
        why = f"it cannot be read: {error.strerror}"
    except ValidationError:
        why = "it is damaged, or of another version"
    _log.warning("%s is left aside: %s; measure again: python -m rag doctor --tune", path, why)
    return _Contents()
