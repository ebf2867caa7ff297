"""Models of a registry that were fetched: the digest that each version had then, and must have from then on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from rag.domain.frozen_model import FrozenModel
from rag.errors import ModelMissing
from rag.models.weights.catalogue import ModelEntry, WeightFile
from rag.models.weights.mlflow_registry import source_of
from rag.runtime.files import write_atomically

_LICENCE: Final = "not known here"
_FILE_NAME: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*$"


class RegisteredFile(FrozenModel):
    """The GGUF file of a model version, as it came first."""

    name: Annotated[str, Field(pattern=_FILE_NAME)]
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


_RECORD: Final = TypeAdapter(dict[str, RegisteredFile])


class RegisteredModels:
    """The record of fetched model versions, a JSON file: ``{"mlflow:NAME/VERSION": {"name", "size", "sha256"}}``."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, name: str) -> ModelEntry | None:
        """A model version that was fetched; None for others.

        Raises:
            ModelUnknown: the name is none of a model version.
            ModelMissing: the record cannot be read.
        """
        source, file = source_of(name), self._read().get(name)
        if file is None:
            return None
        weights = WeightFile(file.name, file.sha256, file.size)
        return ModelEntry(name, "generator", name, _LICENCE, (weights,), (source,))

    def add(self, name: str, file: WeightFile) -> None:
        """Records a model version, which is in place; OSError where the disk refuses."""
        record = self._read() | {name: RegisteredFile(name=file.name, size=file.size, sha256=file.sha256)}
        write_atomically(self._file, _RECORD.dump_json(record, indent=1))

    def _read(self) -> dict[str, RegisteredFile]:
        try:
            return _RECORD.validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            raise ModelMissing(
                f"{self._file}, which has the digests of registered models, cannot be read; repair it, or remove it "
                "and fetch them again"
            ) from error
