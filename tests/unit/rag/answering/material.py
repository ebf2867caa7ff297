"""Evidence made of text: pages with headings, and the passages on them."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.grounding import Evidence
from rag.domain.values import Chunk, Document, Heading, Hit, Page, Passage, Span


def document_of(name: str = "manual.pdf", title: str = "Manual", pages: int = 9) -> Document:
    return Document(f"{name:0>64}", (name,), title, pages, 1)


DOCUMENT = document_of()


def page_with_headings(text: str, number: int = 1) -> Page:
    """A page; a line that begins with ``# `` is a heading."""
    lines, headings, position = [], [], 0
    for line in text.split("\n"):
        bare = line.removeprefix("# ")
        if bare != line:
            headings.append(Heading(position, position + len(bare), 1))
        lines.append(bare)
        position += len(bare) + 1
    return Page(number, "\n".join(lines), 595.0, 842.0, (), tuple(headings))


def evidence_on(
    page: Page,
    part: str | None = None,
    *,
    document: Document = DOCUMENT,
    row: int | None = None,
    headings: tuple[str, ...] = (),
    logit: float | None = None,
) -> Evidence:
    """A passage: a part of a page's text, by default all of it; its row is by default the page's number."""
    part = page.text if part is None else part
    start = page.text.index(part)
    chunk = Chunk(Span(page.number, start, start + len(part)), part, headings)
    return Evidence(Hit(Passage(page.number if row is None else row, document, chunk), 1.0, logit), page)


def evidence_of(*texts: str, document: Document = DOCUMENT) -> Sequence[Evidence]:
    """A passage for each page of a document, from page 1 on."""
    return [evidence_on(page_with_headings(text, number), document=document) for number, text in enumerate(texts, 1)]
