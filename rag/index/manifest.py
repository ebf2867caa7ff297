"""Manifest of a generation: format, ancestry, identities, source files, and size and SHA-256 of every other file."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, ValidationError

from rag.domain.file_status import FileRow
from rag.domain.frozen_model import FrozenModel
from rag.errors import IndexCorrupt, IndexForeign
from rag.index.search.approximate import ApproximateSearch

FORMAT: Final = 2
_DIGEST: Final = re.compile(r"^[0-9a-f]{64}$")
# Relative, and without "..": a manifest must not lead out of the folder of its generation.
_FILE_NAME: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"
# How long each file took is in the report alone.
_NOT_KEPT: Final[dict[str, Any]] = {"sources": {"__all__": {"seconds"}}}


def _check_time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _check_row(row: FileRow) -> FileRow:
    """The row, which the service reads as it is: ValueError where a digest, a size or a time is none."""
    for digest in (row.sha256, row.inside):
        if digest is not None and not _DIGEST.fullmatch(digest):
            raise ValueError("no SHA-256")
    if min(row.size, row.pages, row.pages_with_text, row.chunks, row.characters, row.indexed_characters) < 0:
        raise ValueError("a negative number")
    if row.added:
        _check_time(row.added)
    return row


Count = Annotated[int, Field(ge=0)]
Digest = Annotated[str, Field(pattern=_DIGEST.pattern)]


class ManifestFile(FrozenModel):
    """A file of the generation; ``name`` is relative to its folder, ``size`` in bytes."""

    name: Annotated[str, Field(pattern=_FILE_NAME)]
    size: Count
    sha256: Digest


class Counts(FrozenModel):
    """Numbers of documents, pages and chunks in a generation."""

    documents: Count
    pages: Count
    chunks: Count


class Manifest(FrozenModel):
    """Format, ancestry, contents and identities of a generation.

    Attributes:
        provisional: published with text and BM25, while the vectors are computed; False is not written.
        vector_search: of a large index; None, which is not written, where every search is exact.
    """

    format: Literal[2] = 2
    generation: str
    parent: str | None
    created: Annotated[str, AfterValidator(_check_time)]
    files: tuple[ManifestFile, ...]
    encoder: dict[str, Any]
    chunker: dict[str, Any]
    counts: Counts
    provisional: bool = False
    vector_search: ApproximateSearch | None = None
    sources: tuple[Annotated[FileRow, AfterValidator(_check_row)], ...]

    def to_bytes(self) -> bytes:
        """As indented JSON."""
        unused = {name: True for name in ("provisional", "vector_search") if not getattr(self, name)}
        return self.model_dump_json(indent=1, exclude={**_NOT_KEPT, **unused}).encode()

    @classmethod
    def from_bytes(cls, data: bytes, generation: str) -> Manifest:
        """Parses a manifest.

        Raises:
            IndexForeign: written in another format.
            IndexCorrupt: not a manifest.
        """
        try:
            manifest = cls.model_validate_json(data)
        except ValidationError as error:
            if any(detail["loc"] == ("format",) for detail in error.errors()):
                raise IndexForeign(
                    f"generation {generation} has another format than this version reads ({FORMAT}); "
                    "make it anew: python -m ingest PATH --rebuild"
                ) from error
            raise IndexCorrupt(f"generation {generation}: {MESSAGE}") from error
        if manifest.generation != generation:
            raise IndexCorrupt(f"generation {generation}: the manifest is that of another one; {MESSAGE}")
        return manifest


MESSAGE = "the manifest is damaged; make the index anew: python -m ingest PATH --rebuild"
