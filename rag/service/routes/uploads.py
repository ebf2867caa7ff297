"""``/uploads`` and ``/ingest``: documents added and removed over HTTP, if the operator has turned it on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from rag.errors import Cancelled, UploadNotStored
from rag.service.api_docs.schema import problem_responses
from rag.service.auth import Keys
from rag.service.collections.choosing import ChosenCollection
from rag.service.collections.served import ServedCollection
from rag.service.media_types import SUFFIXES
from rag.service.uploads.adding import Adding, UploadService
from rag.service.uploads.folder import StoredUpload, UploadInProgress
from rag.service.uploads.schemas import AddingBody, IngestBody, RemovedBody, UploadBody

_log = logging.getLogger(__name__)

_BYTES: Final = "application/octet-stream"
# For OpenAPI: FastAPI cannot derive the schema of a body that is read as a stream.
_DESCRIBED: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}}}
}
# Longest silence of the client between two parts of a body; the whole upload has no time limit.
_QUIET_SECONDS: Final = 30.0


def uploads_info(uploads: UploadService | None, keys: Keys) -> Callable[[Request], AddingBody]:
    """The field ``adding`` of ``/info``, for a request."""

    def adding(request: Request) -> AddingBody:
        is_open = keys.is_admin_open(request.scope)
        if uploads is None or (uploads.without_key and not is_open):
            return AddingBody(enabled=False, needs_key=False, max_bytes=0, suffixes=SUFFIXES)
        return AddingBody(enabled=True, needs_key=not is_open, max_bytes=uploads.folder.max_bytes, suffixes=SUFFIXES)

    return adding


def router(route_class: type[APIRoute]) -> APIRouter:
    """The routes that change the documents."""
    routes = APIRouter(route_class=route_class)

    @routes.post(
        "/uploads",
        status_code=201,
        response_model=UploadBody,
        responses={
            200: {"model": UploadBody, "description": "it is there already"},
            **problem_responses(409, 415, 507),
        },
        openapi_extra=_DESCRIBED,
    )
    async def upload(
        request: Request,
        response: Response,
        name: Annotated[str, Query(description="file name, without folders")],
        collection: ChosenCollection,
        *,
        replace: Annotated[bool, Query(description="whether it may replace another document of this name")] = False,
    ) -> UploadBody:
        """Add a document to the folder: its bytes are the body. 200 if the same document is there already."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _BYTES:
            raise HTTPException(415, f"send the bytes of the file as they are, with Content-Type: {_BYTES}")
        receiving = await run_in_threadpool(
            _adding(collection).folder.receive, name, _announced(request), replace=replace
        )
        try:
            stored = await _received(request, receiving)
        finally:
            receiving.discard()
        # Without its name: the log holds no text. The digest is the document's id once it is in the index.
        _log.info("document %s, %d bytes, %s: %s", stored.sha256, stored.size, _done(stored), request.state.request_id)
        response.status_code = 201 if stored.new else 200
        return UploadBody.of(stored)

    @routes.delete("/uploads", response_model=RemovedBody, responses=problem_responses(404, 409, 507))
    def remove(
        request: Request,
        name: Annotated[str, Query(description="of the document, relative to the folder")],
        collection: ChosenCollection,
    ) -> RemovedBody:
        """Take a document out of the folder. The file is kept in a hidden folder there, and is not found any more."""
        kept = _adding(collection).folder.remove(name)
        _log.info("a document was taken out: %s", request.state.request_id)
        return RemovedBody(name=name, kept=kept)

    @routes.post("/ingest", status_code=202, response_model=IngestBody)
    def ingest(collection: ChosenCollection) -> IngestBody:
        """Bring the index in line with the folder. If a run is in progress, another one follows it."""
        return IngestBody.of(_adding(collection).jobs.start())

    @routes.get("/ingest", response_model=IngestBody)
    def status(collection: ChosenCollection) -> IngestBody:
        """Status of the latest run, and once it has ended, of each file."""
        return IngestBody.of(_adding(collection).jobs.status)

    return routes


def _adding(collection: ServedCollection) -> Adding:
    if collection.adding is None:
        raise UploadNotStored(
            f"no documents can be added to the collection {collection.name} over HTTP; the service's log may say why"
        )
    return collection.adding


def _done(stored: StoredUpload) -> str:
    return "took the place of another one" if stored.replaced else "added" if stored.new else "was there"


def _announced(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


async def _received(request: Request, receiving: UploadInProgress) -> StoredUpload:
    """Writes the body as it comes, in the thread pool."""
    request.state.body.lift_limit(_QUIET_SECONDS)
    try:
        async for part in request.stream():
            await run_in_threadpool(receiving.write, part)
    except ClientDisconnect as error:
        raise Cancelled("the client disconnected; nothing was added") from error
    return await run_in_threadpool(receiving.store)
