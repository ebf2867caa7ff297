"""Choice of a collection by a request: the parameter ``collection``, within what its key opens."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, TypeAlias

from fastapi import Depends, Query, Request

from rag.index.generation import Generation
from rag.index.joint.generation import JointGeneration
from rag.service.collections.served import ServedCollection, ServedCollections
from rag.service.page_links import PageLinks


def opened_by(request: Request) -> Collection[str] | None:
    """The collections that the key of a request opens; None for all, as where no key is needed."""
    opens: Collection[str] | None = getattr(request.state, "collections", None)
    return opens


def links_in(request: Request, collection: ServedCollection, generation: Generation | None = None) -> PageLinks:
    """The addresses of pages of a collection, or of a joint generation of several, for the client of a request."""
    homes = generation.homes if isinstance(generation, JointGeneration) else {}
    return PageLinks(request.state.root_path, collection.label, collection.joined, homes)


def _chosen(
    request: Request,
    collection: Annotated[
        str | None, Query(description="name of a collection; default: `default`, or the only one that the key opens")
    ] = None,
) -> ServedCollection:
    served: ServedCollections = request.app.state.collections
    return served.find(collection, opened_by(request))


# A plain function as a dependency runs in the thread pool: opening a collection reads files.
ChosenCollection: TypeAlias = Annotated[ServedCollection, Depends(_chosen)]
