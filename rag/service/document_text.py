"""Text of documents for a viewer: layout of all pages, word boxes of one, and search for a text in a document."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, WithJsonSchema

from rag.domain.values import Document, Page, Span
from rag.service.schemas.fields import Points

MAX_QUERY: Final = 200
# Characters before and after an occurrence.
_AROUND: Final = 60
# Six numbers are an array to JSON Schema, as in ``Points``.
_PlacedWord = Annotated[
    tuple[int, int, float, float, float, float],
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 6, "maxItems": 6}),
]


class _TextBody(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HeadingBody(_TextBody):
    """A heading of a page; ``level`` is 1 for the largest."""

    text: str
    level: int


class LayoutBody(_TextBody):
    """Size of a page in PDF points, its printed number and its headings."""

    page: int
    label: str | None
    width: float
    height: float
    headings: tuple[HeadingBody, ...]

    @classmethod
    def of(cls, page: Page) -> LayoutBody:
        """The schema of a page."""
        headings = tuple(
            HeadingBody(text=" ".join(page.text[start:end].split()), level=level) for start, end, level in page.headings
        )
        return cls(page=page.number, label=page.label, width=page.width, height=page.height, headings=headings)


class PagesBody(_TextBody):
    """All pages of a document."""

    document: str
    document_id: str
    pages: tuple[LayoutBody, ...]

    @classmethod
    def of(cls, document: Document, pages: Iterable[Page]) -> PagesBody:
        """The schema of a document's pages."""
        return cls(document=document.name, document_id=document.id, pages=tuple(map(LayoutBody.of, pages)))


class WordsBody(_TextBody):
    """The text of a page, and for each word ``start, end`` in it and its box ``x0, y0, x1, y1`` in points."""

    document_id: str
    page: int
    text: str
    words: tuple[_PlacedWord, ...]

    @classmethod
    def of(cls, document_id: str, page: Page) -> WordsBody:
        """The schema of a page's words."""
        words = tuple((word.start, word.end, *word.box) for word in page.words)
        return cls(document_id=document_id, page=page.number, text=page.text, words=words)


class FoundBody(_TextBody):
    """An occurrence: ``text`` is ``text[start:end]`` of the page; before and after it stands what is around it."""

    page: int
    label: str | None
    start: int
    end: int
    before: str
    text: str
    after: str
    boxes: tuple[Points, ...]

    @classmethod
    def of(cls, page: Page, span: Span) -> FoundBody:
        """The schema of an occurrence."""
        return cls(
            page=page.number,
            label=page.label,
            start=span.start,
            end=span.end,
            before=page.text[max(0, span.start - _AROUND) : span.start],
            text=page.text[span.start : span.end],
            after=page.text[span.end : span.end + _AROUND],
            boxes=page.boxes(span.start, span.end),
        )


class SearchBody(_TextBody):
    """Occurrences in the order of the document: the first ones of ``total``."""

    document_id: str
    total: int
    found: tuple[FoundBody, ...]


def find_text(pages: Iterable[Page], query: str) -> list[Span]:
    """Occurrences of ``query`` in the texts of pages, in any case, with any white space between its words.

    Time is linear in the texts: white space is never given back once it has matched.
    """
    words = query.split()
    if not words:
        return []
    pattern = re.compile(r"\s++".join(map(re.escape, words)), re.IGNORECASE)
    return [Span(page.number, *found.span()) for page in pages for found in pattern.finditer(page.text)]
