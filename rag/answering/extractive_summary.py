"""A summary made of a text's own sentences: those that say most of what it is about, in reading order.

Nothing is worded anew, so nothing can be wrong that the document does not say; and no model reads a whole chapter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from rag.answering.grounding import Evidence, Quote, Support
from rag.domain.values import Span
from rag.models.embedding.interfaces import Encoder
from rag.text.prompt_injection import speaks_to_the_machine
from rag.text.sentences import sentence_spans

_SENTENCES: Final = 5
# Sentences that are compared; of more, so many are taken evenly from beginning to end.
_MOST_COMPARED: Final = 96
_FEWEST_WORDS: Final = 5
_LONGEST: Final = 400
# How much a sentence loses by resembling one that was chosen (Carbonell, Goldstein: MMR, 1998).
_SAME: Final = 0.4


def central_sentences(evidence: Sequence[Evidence], encoder: Encoder) -> list[Support]:
    """Up to five sentences of the evidence, each its own proof, in the order of the evidence.

    Chosen by closeness to the mean of all, less the closeness to those chosen before.
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
            gains = gains - _SAME / _SENTENCES * (vectors @ vectors[chosen[-1]])
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
    return whole and not speaks_to_the_machine(text)


def _in_line(quote: Quote) -> str:
    return " ".join(quote.text.split())
