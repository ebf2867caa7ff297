"""What can be observed of a draft answer and of its evidence, in numbers."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.confidence import Features
from rag.answering.draft import Draft
from rag.answering.grounding import Support
from rag.domain.values import Hit
from rag.models.embedding.interfaces import logit
from rag.retrieval.retriever import reranker_text
from rag.text.sentences import words

_FIFTH = 4


def extract_features(
    question: str, hits: Sequence[Hit], draft: Draft, support: Sequence[Support], self_check: float
) -> Features:
    """What is known once a draft has been verified; with an empty draft, what is known of the evidence alone.

    Args:
        question: as it was put to the model.
        hits: what was found, best first; at least one.
        draft: what the model said.
        support: of each of the draft's sentences.
        affirmed: probability that the model stands by it.
    """
    # Of the sentences that may be said the one that carries least decides.
    shown = [item for item in support if item.supported] or support
    weakest = min(shown, key=lambda item: (item.agrees, item.score), default=None)
    return Features(
        relevance=max(_relevance(hit) for hit in hits),
        margin=hits[0].score - hits[min(_FIFTH, len(hits) - 1)].score,
        coverage=max(_coverage(question, hit) for hit in hits),
        document=hits[0].document_match,
        refusal_probability=draft.refusal_probability,
        certainty=draft.certainty,
        lowest=draft.lowest,
        share=weakest.score if weakest else 0.0,
        agrees=float(weakest.agrees) if weakest else 0.0,
        self_check=self_check,
    )


def _relevance(hit: Hit) -> float:
    return logit(hit.relevance) if hit.relevance is not None else 0.0


def _coverage(question: str, hit: Hit) -> float:
    asked = set(words(question))
    return len(asked & set(words(reranker_text(hit.passage)))) / len(asked) if asked else 1.0
