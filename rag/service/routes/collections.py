"""``/collections``: those that a client may open, and new ones where documents can be added."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute

from rag.domain.collection_name import DEFAULT_COLLECTION, check_collection_name, unknown_collection
from rag.errors import CollectionUnknown, IndexFault, NameTaken, RequestFault, UploadNotStored
from rag.index.layout import IndexLayout, collection_root
from rag.index.reading import read_current
from rag.service.api_docs.schema import problem_responses
from rag.service.collections.choosing import opened_by
from rag.service.collections.schemas import CollectionBody, CollectionsBody, NewCollectionBody
from rag.service.collections.served import ServedCollections


def router(served: ServedCollections, route_class: type[APIRoute], *, can_make: bool) -> APIRouter:
    """The route that lists them; ``can_make`` says whether there is the other one."""
    routes = APIRouter(route_class=route_class)

    @routes.get("/collections", response_model=CollectionsBody)
    def collections(request: Request) -> CollectionsBody:
        """The collections that the key opens; without further ones, `default` alone."""
        names = served.names(opened_by(request))
        return CollectionsBody(collections=tuple(_described(served, name) for name in names), can_make=can_make)

    return routes


def making_router(served: ServedCollections, root: Path, route_class: type[APIRoute]) -> APIRouter:
    """The route that makes one in an index directory."""
    routes = APIRouter(route_class=route_class)

    @routes.post(
        "/collections", status_code=201, response_model=CollectionBody, responses=problem_responses(404, 409, 507)
    )
    def make(request: Request, body: NewCollectionBody) -> CollectionBody:
        """Make an empty collection, which documents can be added to then."""
        opens = opened_by(request)
        try:
            check_collection_name(body.name)
        except CollectionUnknown as fault:
            raise RequestFault(str(fault), "name") from None
        if opens is not None and body.name not in opens:
            raise unknown_collection(body.name, served.names(opens))
        if body.name in served.names():
            raise NameTaken(f"the collection {body.name} is there already")
        _make(root, body.name)
        return CollectionBody(name=body.name, index=None)

    return routes


def _make(root: Path, name: str) -> None:
    folder = collection_root(root, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UploadNotStored(f"{folder} cannot be made: {error.strerror}; can the service write there?") from error


def _described(served: ServedCollections, name: str) -> CollectionBody:
    if name == DEFAULT_COLLECTION:
        with suppress(IndexFault):
            return CollectionBody(name=name, index=served.default.answerer.generation().id)
        return CollectionBody(name=name, index=None)
    root = served.root
    return CollectionBody(name=name, index=_current(collection_root(root, name)) if root else None)


def _current(root: Path) -> str | None:
    """The current generation of an index that need not be open."""
    with suppress(IndexFault):
        return read_current(IndexLayout(root))[0]
    return None
