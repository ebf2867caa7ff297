"""Pointer to a generation in object storage: its name, and the digest of its manifest."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationError

from rag.domain.frozen_model import FrozenModel
from rag.index.manifest import Digest
from rag.index.reading import GENERATION_NAME


class GenerationPointer(FrozenModel):
    """Name of a generation and digest of its manifest, with the fields of an index's ``CURRENT``."""

    generation: Annotated[str, Field(pattern=f"^{GENERATION_NAME.pattern}$")]
    manifest_sha256: Digest

    def to_bytes(self) -> bytes:
        """As JSON."""
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> GenerationPointer | None:
        """The inverse; None for what is no pointer."""
        try:
            return cls.model_validate_json(data)
        except ValidationError:
            return None
