"""``/documents``: the documents of the index, their pages as text and images, search in one, and the original files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute

from rag.domain.values import Box
from rag.service.answer_task import cancel_on_disconnect
from rag.service.api_docs.schema import binary, problem_responses
from rag.service.collections.choosing import ChosenCollection
from rag.service.collections.served import ServedCollection
from rag.service.document_text import MAX_QUERY, FoundBody, PagesBody, SearchBody, WordsBody, find_text
from rag.service.media_types import MEDIA_TYPES, check_has_page_images, media_of
from rag.service.page_images import PageImages
from rag.service.routes.page import make_way
from rag.service.schemas.documents import DocumentBody, DocumentsBody, PageBody, UnreadBody

# Offset into the text of a page, in characters.
Offset = Annotated[int, Query(ge=0)]

# Occurrences that are returned, of all that a document has.
_MOST_FOUND = 200

_IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}


def router(page_images: PageImages, route_class: type[APIRoute]) -> APIRouter:
    """The routes of documents. Most are plain functions, which FastAPI runs in its thread pool."""
    routes = APIRouter(prefix="/documents", route_class=route_class)

    @routes.get("", response_model=DocumentsBody)
    def documents(collection: ChosenCollection) -> DocumentsBody:
        """Every document of the generation that is served, and the files that could not be read for it."""
        generation = collection.answerer.generation()
        rows = {row.path: row for row in generation.manifest.sources}
        named = {name for document in generation.documents for name in document.names}
        return DocumentsBody(
            index=generation.id,
            published=generation.manifest.created,
            documents=tuple(
                DocumentBody.of(document, rows.get(document.name), generation.added(document.id))
                for document in generation.documents
            ),
            unread=tuple(UnreadBody.of(row) for row in generation.manifest.sources if row.path not in named),
        )

    @routes.get("/{document_id}/pages/{number}.png", response_class=Response, responses=binary("image/png"))
    async def picture(
        request: Request,
        document_id: str,
        number: int,
        collection: ChosenCollection,
        start: Offset = 0,
        end: Offset = 0,
    ) -> Response:
        """A page as a PNG, with its text from ``start`` to ``end`` highlighted."""
        make_way(request.app)
        path, boxes = await run_in_threadpool(_highlight, collection, document_id, number, start, end)
        png = await cancel_on_disconnect(request, page_images.draw(path, number, boxes))
        return Response(png, media_type="image/png", headers=_IMMUTABLE)

    @routes.get("/{document_id}/pages/{number}", response_model=PageBody)
    def page(
        document_id: str, number: int, collection: ChosenCollection, start: Offset = 0, end: Offset = 0
    ) -> PageBody:
        """The text of a page, which offsets of citations refer to, and the boxes of ``text[start:end]``."""
        generation = collection.answerer.generation()
        return PageBody.of(generation.document(document_id), generation.page(document_id, number), start, end)

    @routes.get("/{document_id}/pages", response_model=PagesBody)
    def pages(document_id: str, collection: ChosenCollection) -> PagesBody:
        """Size, printed number and headings of each page."""
        generation = collection.answerer.generation()
        return PagesBody.of(generation.document(document_id), generation.pages_without_words(document_id))

    @routes.get("/{document_id}/pages/{number}/words", response_model=WordsBody)
    def words(document_id: str, number: int, collection: ChosenCollection) -> WordsBody:
        """The text of a page, and where each of its words stands."""
        return WordsBody.of(document_id, collection.answerer.generation().page(document_id, number))

    @routes.get("/{document_id}/search", response_model=SearchBody)
    def search(
        document_id: str,
        text: Annotated[str, Query(min_length=1, max_length=MAX_QUERY)],
        collection: ChosenCollection,
    ) -> SearchBody:
        """The places of a document where a text stands, in any case; any white space stands for any other."""
        generation = collection.answerer.generation()
        spans = find_text(generation.pages_without_words(document_id), text)
        shown = spans[:_MOST_FOUND]
        found = tuple(FoundBody.of(generation.page(document_id, span.page), span) for span in shown)
        return SearchBody(document_id=document_id, total=len(spans), found=found)

    @routes.get(
        "/{document_id}/file",
        response_class=FileResponse,
        responses={**binary(*MEDIA_TYPES), 206: binary(*MEDIA_TYPES)[200], **problem_responses(416)},
    )
    def file(document_id: str, collection: ChosenCollection) -> FileResponse:
        """The original file, as it was when it was ingested."""
        generation = collection.answerer.generation()
        name = generation.document(document_id).name.rpartition("/")[2]
        media = media_of(name)
        return FileResponse(
            generation.source(document_id),
            media_type=media.type,
            filename=name,
            content_disposition_type=media.disposition,
            headers=_IMMUTABLE,
        )

    return routes


def _highlight(
    collection: ServedCollection, document_id: str, number: int, start: int, end: int
) -> tuple[Path, tuple[Box, ...]]:
    generation = collection.answerer.generation()
    page = generation.page(document_id, number)
    check_has_page_images(generation.document(document_id))
    return generation.source(document_id), page.boxes(start, end)
