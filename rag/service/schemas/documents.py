"""Schemas of documents and their pages: ``GET /documents`` and below."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from rag.domain.file_status import FileRow, FileStatus
from rag.domain.values import Document, Page
from rag.service.media_types import has_page_images
from rag.service.schemas.fields import Body, Points


class DocumentBody(Body):
    """A document of the index; ``reason`` tells which parts of it could not be read."""

    id: str
    name: str
    names: tuple[str, ...]
    title: str
    author: Annotated[str | None, Field(description="as the file's properties give it")]
    created: Annotated[str | None, Field(description="date in the file's properties, such as 2024-05-31")]
    language: Annotated[str | None, Field(description="of most of its text, such as German; null where it is unknown")]
    pages: int
    size: int
    status: FileStatus
    reason: str | None
    added: Annotated[str | None, Field(description="when the index got it, in ISO 8601; null where it is unknown")]

    @classmethod
    def of(cls, document: Document, row: FileRow | None, added: datetime | None) -> DocumentBody:
        """The schema of a document, with its row in the ingest report, and the time when it was added."""
        return cls(
            id=document.id,
            name=document.name,
            names=document.names,
            title=document.title,
            author=document.author,
            created=document.created,
            language=document.language,
            pages=document.pages,
            size=document.size,
            status=row.status if row else "ok",
            reason=row.reason if row else None,
            added=added.isoformat(timespec="seconds") if added else None,
        )


class UnreadBody(Body):
    """A file that is not in the index, and why."""

    name: str
    status: FileStatus
    reason: str | None

    @classmethod
    def of(cls, row: FileRow) -> UnreadBody:
        """The file as it is sent."""
        return cls(name=row.path, status=row.status, reason=row.reason)


class DocumentsBody(Body):
    """All documents of the served generation, and the files that the run which published it could not read."""

    index: str
    published: Annotated[str, Field(description="when that was, in ISO 8601")]
    documents: tuple[DocumentBody, ...]
    unread: tuple[UnreadBody, ...]


class PageBody(Body):
    """The text of a page, which offsets of citations refer to; ``boxes`` of the requested range."""

    document: str
    document_id: str
    page: int
    label: Annotated[str | None, Field(description="the number that is printed on the page")]
    pages: int
    text: str
    width: float
    height: float
    has_picture: bool
    boxes: tuple[Points, ...]

    @classmethod
    def of(cls, document: Document, page: Page, start: int, end: int) -> PageBody:
        """The schema of a page, with the boxes of ``text[start:end]``."""
        return cls(
            document=document.name,
            document_id=document.id,
            page=page.number,
            label=page.label,
            pages=document.pages,
            text=page.text,
            width=page.width,
            height=page.height,
            has_picture=has_page_images(document.name),
            boxes=page.boxes(start, end),
        )
