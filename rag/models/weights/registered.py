"""Models named by their place that were fetched: the digest that each had then, and must have from then on."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rag.errors import ModelMissing
from rag.models.weights.catalogue import ModelEntry, WeightFile
from rag.models.weights.named_sources import source_named
from rag.runtime.files import write_atomically

_LICENCE: Final = "not known here"
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class RegisteredModels:
    """The record of fetched models, a JSON file: ``{"mlflow:NAME/VERSION": {"name", "sha256", "size"}}``."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, name: str) -> ModelEntry | None:
        """A model that was fetched; None for others.

        Raises:
            ModelUnknown: the name is none of a place.
            ModelMissing: the record cannot be read.
        """
        source_named(name)
        file = self._read().get(name)
        return _entry(name, file) if file else None

    def all(self) -> list[ModelEntry]:
        """Every model that was fetched, by name; raises as :meth:`get`."""
        return [_entry(name, file) for name, file in sorted(self._read().items())]

    def add(self, name: str, file: WeightFile) -> None:
        """Records a model, which is in place; OSError where the disk refuses."""
        record = {known: asdict(each) for known, each in (self._read() | {name: file}).items()}
        write_atomically(self._file, json.dumps(record, indent=1))

    def _read(self) -> dict[str, WeightFile]:
        try:
            record = json.loads(self._file.read_bytes())
            return {name: _checked(WeightFile(**fields)) for name, fields in record.items()}
        except FileNotFoundError:
            return {}
        # What JSON of another form leads to, and JSON that is nested too deep.
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ModelMissing(
                f"{self._file}, which has the digests of models by their place, cannot be read; repair it, or "
                "remove it and fetch them again"
            ) from error


def _entry(name: str, file: WeightFile) -> ModelEntry:
    return ModelEntry(name, "generator", name, _LICENCE, (file,), (source_named(name),))


def _checked(file: WeightFile) -> WeightFile:
    """The file, whose name and digest become a path; ValueError or TypeError where they must not."""
    if not _FILE_NAME.fullmatch(file.name) or not _DIGEST.fullmatch(file.sha256) or file.size < 0:
        raise ValueError(file)
    return file
