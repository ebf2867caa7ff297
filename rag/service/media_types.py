"""What a stored file is sent as. A document's type is the suffix of its first name."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final, Literal, NamedTuple

from rag.domain.values import Document
from rag.errors import RequestFault

_TEXT: Final = "text/plain; charset=utf-8"


class Media(NamedTuple):
    """How a browser is to take a file: what it may show itself, and what it is to save."""

    type: str
    disposition: Literal["inline", "attachment"]


# HTML is shown as its source: as a page, it would run as a part of the service.
_MEDIA: Final = {
    ".pdf": Media("application/pdf", "inline"),
    **dict.fromkeys((".txt", ".text", ".md", ".markdown", ".html", ".htm"), Media(_TEXT, "inline")),
    ".docx": Media("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "attachment"),
}
# Of the names of documents: what the ingest job reads.
SUFFIXES: Final = tuple(_MEDIA)
_UNKNOWN: Final = Media("application/octet-stream", "attachment")


def media_of(name: str) -> Media:
    """How the file of a document with this name is sent; what is not known is only to be saved."""
    return _MEDIA.get(PurePosixPath(name).suffix.lower(), _UNKNOWN)


def has_pictures(name: str) -> bool:
    """Whether the pages of a document with this name can be drawn."""
    return media_of(name).type == "application/pdf"


def check_pictures(document: Document) -> None:
    """Refuses to draw what has no pages of its own.

    Raises:
        RequestFault: it is no PDF.
    """
    if not has_pictures(document.name):
        raise RequestFault(f"{document.name} is no PDF and has no pictures of pages; ask for the page without .png")
