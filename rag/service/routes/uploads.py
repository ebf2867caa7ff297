"""``/uploads`` and ``/ingest``: documents are added over HTTP, if the operator has turned it on. For administrators."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from rag.errors import Cancelled
from rag.service.media_types import SUFFIXES
from rag.service.schemas import AddingBody, IngestBody, UploadBody
from rag.service.uploads.folder import Receiving, Stored, UploadFolder
from rag.service.uploads.ingest_jobs import IngestJobs

_log = logging.getLogger(__name__)

_BYTES: Final = "application/octet-stream"
# For OpenAPI, which cannot see that the body is read as it comes.
_DESCRIBED: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}}}
}
# So long a sender may be silent. How long a large document takes in all is up to its line.
_QUIET_SECONDS: Final = 30.0


@dataclass(frozen=True)
class UploadService:
    """What an operator has turned on.

    Attributes:
        folder: where documents are put.
        job: the command that ingests the folder, and tells in lines of JSON where it is.
    """

    folder: UploadFolder
    job: Sequence[str]


def adding_body(adding: UploadService | None) -> AddingBody:
    """What ``/info`` says of it."""
    return AddingBody(enabled=adding is not None, max_bytes=adding.folder.max_bytes if adding else 0, suffixes=SUFFIXES)


def router(adding: UploadService, runs: IngestJobs, route_class: type[APIRoute]) -> APIRouter:
    """The routes of what changes the documents."""
    routes = APIRouter(route_class=route_class)

    @routes.post("/uploads", status_code=201, response_model=UploadBody, openapi_extra=_DESCRIBED)
    async def upload(
        request: Request,
        response: Response,
        name: Annotated[str, Query(description="of the file alone, without folders")],
        *,
        replace: Annotated[bool, Query(description="whether it may take the place of another one of its name")] = False,
    ) -> UploadBody:
        """Put a document into the folder: its bytes are the body. 200 where the same document is there already."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _BYTES:
            raise HTTPException(415, f"send the bytes of the file as they are, with Content-Type: {_BYTES}")
        receiving = await run_in_threadpool(adding.folder.receive, name, _announced(request), replace=replace)
        try:
            stored = await _received(request, receiving)
        finally:
            receiving.discard()
        # Not its name: the log has no texts. The digest is the document's id, once it is in the index.
        _log.info("document %s, %d bytes, %s: %s", stored.sha256, stored.size, _done(stored), request.state.request_id)
        response.status_code = 201 if stored.new else 200
        return UploadBody.of(stored)

    @routes.post("/ingest", status_code=202, response_model=IngestBody)
    def ingest() -> IngestBody:
        """Bring the index in line with the folder. Where a run is at work, another one follows it."""
        return IngestBody.of(runs.start())

    @routes.get("/ingest", response_model=IngestBody)
    def standing() -> IngestBody:
        """Where the latest run is; when it has ended, what it says of each file."""
        return IngestBody.of(runs.standing)

    return routes


def _done(stored: Stored) -> str:
    return "took the place of another one" if stored.replaced else "added" if stored.new else "was there"


def _announced(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


async def _received(request: Request, receiving: Receiving) -> Stored:
    """Takes the body as it comes, beside the event loop."""
    request.state.body.let_through(_QUIET_SECONDS)
    try:
        async for part in request.stream():
            await run_in_threadpool(receiving.write, part)
    except ClientDisconnect as error:
        raise Cancelled("the sender went away; nothing was added") from error
    return await run_in_threadpool(receiving.store)
