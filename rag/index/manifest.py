"""What a generation says about itself. The manifest names every other file with size and SHA-256."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from rag.errors import IndexCorrupt, IndexForeign

FORMAT: Final = 2


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManifestFile(_Frozen):
    """A file of the generation."""

    name: str
    size: int
    sha256: str


class SourceRow(_Frozen):
    """A source file, as an ingest run found it.

    Attributes:
        size: in bytes.
        characters: of all pages, without white space.
        indexed_characters: those of them that are in chunks; the others are running headers and footers.
        remarks: what is to be known of pages, as ``{"empty: ocr off": "3, 7-9"}``.
    """

    path: str
    sha256: str | None
    status: str
    size: int = 0
    pages: int = 0
    pages_with_text: int = 0
    chunks: int = 0
    characters: int = 0
    indexed_characters: int = 0
    remarks: dict[str, str] = {}
    reason: str | None = None


class Counts(_Frozen):
    """How much is in the generation."""

    documents: int
    pages: int
    chunks: int


class Manifest(_Frozen):
    """Format, ancestry, contents and identity of a generation."""

    format: Literal[2] = 2
    generation: str
    parent: str | None
    created: str
    files: tuple[ManifestFile, ...]
    encoder: dict[str, Any]
    chunker: dict[str, Any]
    counts: Counts
    sources: tuple[SourceRow, ...]

    def to_bytes(self) -> bytes:
        """As JSON, for people to read."""
        return self.model_dump_json(indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes, generation: str) -> Manifest:
        """The manifest in ``data``.

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
