"""Schemas of collections over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class CollectionBody(BaseModel):
    """A collection of documents, with an index of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(description="`default` for the index directory itself")]
    index: Annotated[str | None, Field(description="the current generation; null while it has no documents")]


class CollectionsBody(BaseModel):
    """The collections that the client may open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    collections: tuple[CollectionBody, ...]
    can_make: Annotated[bool, Field(description="whether `POST /collections` makes new ones, with an admin key")]


class NewCollectionBody(BaseModel):
    """A collection to be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(description="at most 40 of a-z, 0-9, - and _")]
