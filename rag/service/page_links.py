"""Addresses of pages, as citations have them."""

from __future__ import annotations

from dataclasses import dataclass

from rag.service.media_types import has_page_images


@dataclass(frozen=True)
class PageLinks:
    """Makes the addresses of pages of one collection.

    Attributes:
        root: the path under which a proxy offers the service; empty for ``/``.
        collection: name of the collection; None for the default one.
    """

    root: str = ""
    collection: str | None = None

    def url(self, name: str, document_id: str, page: int, start: int, end: int) -> str:
        """Path of a page's image with ``start`` to ``end`` of its text highlighted; of its text, if it has no image."""
        suffix = ".png" if has_page_images(name) else ""
        chosen = f"&collection={self.collection}" if self.collection else ""
        return f"{self.root}/documents/{document_id}/pages/{page}{suffix}?start={start}&end={end}{chosen}"
