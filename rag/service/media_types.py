"""Media types and content dispositions of stored files, by the suffix of a document's first name."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final, Literal, NamedTuple

from rag.domain.values import Document
from rag.errors import RequestFault

_TEXT: Final = "text/plain; charset=utf-8"


class Media(NamedTuple):
    """Content-Type and Content-Disposition of a file: ``inline`` if a browser may display it."""

    type: str
    disposition: Literal["inline", "attachment"]


# HTML is sent as plain text: as a page, its scripts would run with the origin of the service.
_MEDIA: Final = {
    ".pdf": Media("application/pdf", "inline"),
    **dict.fromkeys((".txt", ".text", ".md", ".markdown", ".html", ".htm"), Media(_TEXT, "inline")),
    ".docx": Media("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "attachment"),
}
# Suffixes of documents that the ingest job reads.
SUFFIXES: Final = tuple(_MEDIA)
_UNKNOWN: Final = Media("application/octet-stream", "attachment")
# All that a stored file may be sent as, without parameters.
MEDIA_TYPES: Final = tuple(sorted({media.type.partition(";")[0] for media in (*_MEDIA.values(), _UNKNOWN)}))


def media_of(name: str) -> Media:
    """Media type of a document with this name; unknown types are attachments."""
    return _MEDIA.get(PurePosixPath(name).suffix.lower(), _UNKNOWN)


def has_page_images(name: str) -> bool:
    """True if a document with this name has page images: it is a PDF."""
    return media_of(name).type == "application/pdf"


def check_has_page_images(document: Document) -> None:
    """Refuses page images of documents that have none.

    Raises:
        RequestFault: the document is no PDF.
    """
    if not has_page_images(document.name):
        raise RequestFault(f"{document.name} is no PDF and has no pictures of pages; request the page without .png")
