"""Schemas of the language model over HTTP, in ``GET /info``."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from rag.models.weights.catalogue import ModelEntry
from rag.models.weights.recommendation import commands_to_try
from rag.service.schemas.fields import Body

ModelKind: TypeAlias = Literal["small", "large", "server"]


class BetterModelBody(Body):
    """A model of the catalogue that is ranked above the one that answers, and fits this machine."""

    name: str
    title: str
    licence: str
    download_bytes: int
    measured: Annotated[bool, Field(description="whether its answers were measured with this program")]
    commands: Annotated[tuple[str, ...], Field(description="of a shell, for who runs the service")]

    @classmethod
    def of(cls, entry: ModelEntry) -> BetterModelBody:
        """The schema of a model of the catalogue."""
        return cls(
            name=entry.name,
            title=entry.title,
            licence=entry.licence,
            download_bytes=entry.size,
            measured=entry.measured,
            commands=commands_to_try(entry),
        )


class LanguageModelBody(Body):
    """The language model that answers: there is one, and it is loaded once."""

    name: str
    title: Annotated[str | None, Field(description="null for a model that is not in the catalogue")]
    licence: Annotated[str | None, Field(description="by its SPDX name where it has one; null where it is not known")]
    kind: Annotated[
        ModelKind,
        Field(
            description="`small`: less than three billion parameters, and held to the words of the passages; `large`: "
            "any other that runs here; `server`: it runs on a model server, which is sent questions and passages"
        ),
    ]
    measured: Annotated[bool, Field(description="whether its answers were measured with this program")]
    better: Annotated[BetterModelBody | None, Field(description="as `rag models recommend` has it; null for none")]
