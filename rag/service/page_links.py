"""Addresses of pages, as citations have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.domain.collection_name import DEFAULT_COLLECTION
from rag.service.media_types import has_page_images


@dataclass(frozen=True)
class PageLinks:
    """Makes the addresses of pages of one collection, or of several that are asked as one.

    Attributes:
        root: the path under which a proxy offers the service; empty for ``/``.
        collection: name of the collection; None for the default one, and where there are several.
        collections: names of those that are asked, if there are several.
        homes: of several, the name of the one that has each document, by its id; empty where there is one.
    """

    root: str = ""
    collection: str | None = None
    collections: tuple[str, ...] = ()
    homes: Mapping[str, str] = field(default_factory=dict)

    def url(self, name: str, document_id: str, page: int, start: int, end: int) -> str:
        """Path of a page's image with ``start`` to ``end`` of its text highlighted; of its text, if it has no image."""
        suffix = ".png" if has_page_images(name) else ""
        held_by = self.homes.get(document_id, DEFAULT_COLLECTION) if self.homes else self.collection
        chosen = f"&collection={held_by}" if held_by and held_by != DEFAULT_COLLECTION else ""
        return f"{self.root}/documents/{document_id}/pages/{page}{suffix}?start={start}&end={end}{chosen}"
