"""Coverage of a question by each document of the evidence: how many of its words the pages have, rare ones most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.answering.evidence.units import Unit
from rag.answering.usefulness.rarity import Rarity
from rag.text.words import words


def coverage_of_documents(question: str, units: Sequence[Unit]) -> Mapping[str, float]:
    """For the id of each document the share, 0..1, of the question that its pages cover, of that of the best one.

    "The trumpet is full of ice" is not about the ice of a refrigerator, whose manual knows no trumpet. 1 for all where
    none has a word of the question. Linear in the text of the pages.

    Args:
        question: on its own.
        units: of the evidence.
    """
    texts = [frozenset(words(" ".join([*unit.context, unit.text]))) for unit in units]
    pages: dict[str, dict[int, str]] = {}
    known: dict[str, set[str]] = {}
    for unit, own in zip(units, texts, strict=True):
        document, page = unit.evidence.hit.passage.document, unit.evidence.page
        pages.setdefault(document.id, {})[page.number] = page.text
        known.setdefault(document.id, set(words(document.title))).update(own)
    for document_id, found in pages.items():
        known[document_id].update(word for text in found.values() for word in words(text))
    asked = frozenset(words(question)) & frozenset().union(*texts)
    rarity = Rarity(texts)
    shares = {document_id: rarity.share(asked, own.__contains__) for document_id, own in known.items()}
    most = max(shares.values(), default=0.0)
    return {document_id: share / most if most else 1.0 for document_id, share in shares.items()}
