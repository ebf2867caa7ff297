"""Extractive summary: a text's most central sentences, chosen by maximal marginal relevance, in reading order.

The sentences are verbatim, so the summary states only what the document does; and no model reads a whole chapter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from rag.answering.grounding import Evidence, Quote, Support
from rag.domain.values import Span
from rag.models.embedding.interfaces import Encoder
from rag.text.prompt_injection import is_prompt_injection
from rag.text.sentences import sentence_spans

_SENTENCES: Final = 5
# Most sentences that are compared; a longer text is sampled evenly from beginning to end.
_MOST_COMPARED: Final = 96
_FEWEST_WORDS: Final = 5
_LONGEST: Final = 400
# Weight of the similarity to sentences already chosen (Carbonell, Goldstein: MMR, 1998).
_REDUNDANCY: Final = 0.4


def central_sentences(evidence: Sequence[Evidence], encoder: Encoder) -> list[Support]:
    """Up to five sentences of the evidence, each with itself as its quote, in the order of the evidence.

    Chosen by similarity to the mean of all sentences, less the similarity to those chosen before (MMR).
    """
    quotes = list(_quotes(evidence))
    if len(quotes) > _MOST_COMPARED:
        quotes = [quotes[int(n)] for n in np.linspace(0, len(quotes) - 1, _MOST_COMPARED)]
    chosen: list[int] = []
    if quotes:
        vectors = encoder.encode([_in_line(quote) for quote in quotes])
        gains = vectors @ vectors.mean(axis=0)
        for _ in range(min(_SENTENCES, len(quotes))):
            gains[chosen] = -np.inf
            chosen.append(int(gains.argmax()))
            gains = gains - _REDUNDANCY / _SENTENCES * (vectors @ vectors[chosen[-1]])
    return [Support(_in_line(quotes[n]), (quotes[n],), score=1.0, agrees=True) for n in sorted(chosen)]


def _quotes(evidence: Sequence[Evidence]) -> Iterator[Quote]:
    """The whole sentences of the evidence, each once."""
    seen: set[tuple[str, Span]] = set()
    for item in evidence:
        chunk = item.hit.passage.chunk
        for start, end in sentence_spans(item.page.text):
            quote = Quote(item, Span(chunk.span.page, start, end), 1.0)
            place = (item.hit.passage.document.id, quote.span)
            if start >= chunk.span.start and end <= chunk.span.end and place not in seen and _is_sentence(quote.text):
                seen.add(place)
                yield quote


def _is_sentence(text: str) -> bool:
    whole = text[-1] in ".!?" and len(text) <= _LONGEST and len(text.split()) >= _FEWEST_WORDS
    return whole and not is_prompt_injection(text)


def _in_line(quote: Quote) -> str:
    return " ".join(quote.text.split())
