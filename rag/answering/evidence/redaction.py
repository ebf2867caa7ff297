"""Redaction of prompt injection in evidence: what tells a model what to do is taken out before anything reads it.

Prompt, quotes, headings and tables are all made from redacted evidence. Offsets into a page stay what they were: each
character that is taken out leaves a mark that no document has, because ingest removes control characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from rag.answering.grounding import REDACTED, Evidence
from rag.domain.values import Document, Page, Passage
from rag.text.prompt_injection import injected_spans, without_instructions

_UNTITLED: Final = "Untitled document"
# Ends a paragraph on both sides, so that no sentence goes on over the gap.
_BREAK: Final = "\n\n"
# Between the cells of a row.
_BAR: Final = "|"


def redacted(evidence: Evidence) -> Evidence:
    """Evidence without instructions to a model in its text, headings and title; unchanged where there are none."""
    hit, page = evidence.hit, redacted_page(evidence.page)
    passage = _redacted_passage(hit.passage, page)
    if passage is hit.passage and page is evidence.page:
        return evidence
    return Evidence(replace(hit, passage=passage), page)


def redacted_page(page: Page) -> Page:
    """A page with marks in place of instructions to a model, and without the headings and words that were in them.

    A row of a table that has one is taken out whole.
    """
    spans = list(_whole_rows(page.text, injected_spans(page.text)))
    if not spans:
        return page
    return replace(
        page,
        text=_marked(page.text, spans),
        words=[word for word in page.words if not _overlaps(word.start, word.end, spans)],
        headings=[each for each in page.headings if not _overlaps(each.start, each.end, spans)],
    )


def _redacted_passage(passage: Passage, page: Page) -> Passage:
    """The passage as its page is now: what carries out an instruction may be in the passage after it."""
    chunk, document = passage.chunk, _redacted_document(passage.document)
    own = page.text[chunk.span.start : chunk.span.end]
    text = _without_marks(own) if REDACTED in own else chunk.text
    headings = tuple(filter(None, map(without_instructions, chunk.headings)))
    kept = replace(chunk, text=text, headings=headings, lead_in=without_instructions(chunk.lead_in))
    if (kept, document) == (chunk, passage.document):
        return passage
    return replace(passage, document=document, chunk=kept)


def _redacted_document(document: Document) -> Document:
    title = without_instructions(document.title)
    return document if title == document.title else replace(document, title=title or _UNTITLED)


def _whole_rows(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, end in spans:
        first = text.rfind("\n", 0, start) + 1
        last = text.find("\n", end)
        last = len(text) if last < 0 else last
        is_row = _BAR in text[first:start] or _BAR in text[end:last]
        yield (first, last) if is_row else (start, end)


def _marked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    parts, done = [], 0
    for start, end in spans:
        if end <= done:
            continue
        start = max(start, done)
        room = end - start - 2 * len(_BREAK)
        mark = _BREAK + REDACTED * room + _BREAK if room > 0 else REDACTED * (end - start)
        parts += [text[done:start], mark]
        done = end
    return "".join([*parts, text[done:]])


def _without_marks(text: str) -> str:
    return " ".join(filter(None, (part.strip() for part in text.split(REDACTED))))


def _overlaps(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < last and end > first for first, last in spans)
