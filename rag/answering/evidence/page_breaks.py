"""Sentences over a page break: the passages that they are torn between, brought along as far as the sentence goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answering.evidence.selection import with_page
from rag.answering.grounding import Evidence
from rag.domain.values import Hit, Passage, Span
from rag.index.generation import Generation
from rag.text.sentences import SENTENCE_END, sentence_spans


def goes_on(passage: Passage, other: Passage) -> bool:
    """True if a sentence at the end of a page's last passage goes on in the first one of the next page."""
    one, two = passage.chunk, other.chunk
    return (
        passage.document.id == other.document.id
        and passage.row + 1 == other.row
        and one.span.page + 1 == two.span.page
        and two.text.lstrip()[:1].islower()
        and not SENTENCE_END.search(one.text.rstrip())
    )


def with_torn_sentences(generation: Generation, evidence: Sequence[Evidence]) -> list[Evidence]:
    """The evidence with the missing part of each sentence that a page break tears.

    The part is a passage of its own, cut to the sentence; it has the score of the passage that it was brought along by.
    """
    present = {item.hit.passage.row for item in evidence}
    added: dict[int, Evidence] = {}
    for item in evidence:
        passage = item.hit.passage
        for other in generation.neighbours(passage.row, before=1, after=1):
            if other.row in present or other.row in added:
                continue
            if goes_on(other, passage):
                added[other.row] = _part(generation, item.hit, other, -1)
            elif goes_on(passage, other):
                added[other.row] = _part(generation, item.hit, other, 0)
    return [*evidence, *added.values()]


def _part(generation: Generation, hit: Hit, passage: Passage, which: int) -> Evidence:
    """The last (-1) or the first (0) sentence of a passage, with its page."""
    chunk = passage.chunk
    start, end = list(sentence_spans(chunk.text))[which]
    span = Span(chunk.span.page, chunk.span.start + start, chunk.span.start + end)
    cut = replace(passage, chunk=replace(chunk, span=span, text=chunk.text[start:end]))
    return with_page(generation, replace(hit, passage=cut))
