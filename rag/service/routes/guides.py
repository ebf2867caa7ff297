"""``/guide`` and ``/documents/{id}/guide``: guides of all documents, and of one."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute

from rag.domain.values import Document
from rag.index.generation import Generation
from rag.service.collections.choosing import ChosenCollection, links_in
from rag.service.guides.guide import SourceGuide
from rag.service.guides.maker import GuideMaker
from rag.service.guides.schemas import CollectionGuideBody, DocumentGuideBody, collection_guide, document_guide


def router(route_class: type[APIRoute]) -> APIRouter:
    """The routes of guides; in a collection without a maker there are none, and the responses say so."""
    routes = APIRouter(route_class=route_class)

    @routes.get("/guide", response_model=CollectionGuideBody)
    def guide(request: Request, collection: ChosenCollection) -> CollectionGuideBody:
        """What the documents are and say, and questions that they answer, as far as their guides are made."""
        generation, maker = collection.answerer.generation(), collection.maker
        guides = [(document, _guide(maker, generation, document)) for document in generation.documents]
        return collection_guide(generation, guides, is_on=maker is not None, links=links_in(request, collection))

    @routes.get("/documents/{document_id}/guide", response_model=DocumentGuideBody)
    def guide_of_document(request: Request, document_id: str, collection: ChosenCollection) -> DocumentGuideBody:
        """What a document is and says, its topics, and questions that it answers. What is asked for is made first."""
        generation, maker = collection.answerer.generation(), collection.maker
        document = generation.document(document_id)
        found = _guide(maker, generation, document)
        if maker and not (found and found.is_whole):
            maker.wanted = document.id
        links = links_in(request, collection)
        return document_guide(generation, document, found, is_on=maker is not None, links=links)

    return routes


def _guide(maker: GuideMaker | None, generation: Generation, document: Document) -> SourceGuide | None:
    return maker.guide(generation, document) if maker else None
