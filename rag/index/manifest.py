"""Manifest of a generation: format, ancestry, identities, source files, and size and SHA-256 of every other file."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import ValidationError

from rag.domain.file_status import FileRow
from rag.domain.frozen_model import FrozenModel
from rag.errors import IndexCorrupt, IndexForeign

FORMAT: Final = 2
# How long each file took is in the report alone.
_NOT_KEPT: Final = {"sources": {"__all__": {"seconds"}}}


class ManifestFile(FrozenModel):
    """A file of the generation."""

    name: str
    size: int
    sha256: str


class Counts(FrozenModel):
    """Numbers of documents, pages and chunks in a generation."""

    documents: int
    pages: int
    chunks: int


class Manifest(FrozenModel):
    """Format, ancestry, contents and identities of a generation."""

    format: Literal[2] = 2
    generation: str
    parent: str | None
    created: str
    files: tuple[ManifestFile, ...]
    encoder: dict[str, Any]
    chunker: dict[str, Any]
    counts: Counts
    sources: tuple[FileRow, ...]

    def to_bytes(self) -> bytes:
        """As indented JSON."""
        return self.model_dump_json(indent=1, exclude=_NOT_KEPT).encode()

    @classmethod
    def from_bytes(cls, data: bytes, generation: str) -> Manifest:
        """Parses a manifest.

        Raises:
            IndexForeign: written in another format.
            IndexCorrupt: not a manifest.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            if any(detail["loc"] == ("format",) for detail in error.errors()):
                raise IndexForeign(
                    f"generation {generation} has another format than this version reads ({FORMAT}); "
                    "make it anew: python -m ingest PATH --rebuild"
                ) from error
            raise IndexCorrupt(f"generation {generation}: {MESSAGE}") from error


MESSAGE = "the manifest is damaged; make the index anew: python -m ingest PATH --rebuild"
