"""Feature extraction for the confidence model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rag.answering.confidence import Features
from rag.answering.draft import Draft
from rag.answering.grounding import Support
from rag.domain.values import Hit
from rag.retrieval.retriever import reranker_text
from rag.text.words import words

# A passage with all the words of a question in another language than English counts as one of logit 6, with half of
# them as one of 0: a judgement, about the logits of the reranker for such passages in English.
_LOGITS_OF_COVERAGE: Final = 12.0
_HALF: Final = 0.5


def extract_features(
    question: str, hits: Sequence[Hit], draft: Draft, support: Sequence[Support], self_check: float
) -> Features:
    """The features of a verified draft; of an empty draft, those of the evidence alone.

    Args:
        question: as it was put to the model.
        hits: at least one, best first: those found, or those in the prompt once the model was asked.
        draft: the model's draft.
        support: of each of the draft's sentences.
        self_check: P(True) of the draft, 0..1.
    """
    # The weakest of the supported sentences decides.
    shown = [item for item in support if item.supported] or support
    weakest = min(shown, key=lambda item: (item.agrees, item.score), default=None)
    return Features(
        relevance=max(_relevance(question, hit) for hit in hits),
        coverage=max(coverage_of(question, hit) for hit in hits),
        refusal_probability=draft.refusal_probability,
        certainty=draft.certainty,
        share=weakest.score if weakest else 0.0,
        agrees=float(weakest.agrees) if weakest else 0.0,
        self_check=self_check,
    )


def _relevance(question: str, hit: Hit) -> float:
    """The reranker's logit for a hit; 0 where there is none.

    Rerankers know English. Of a document in another language the words that it shares with the question tell at least
    as much as a logit does that is low.
    """
    if hit.logit is None:
        return 0.0
    if hit.passage.document.language in (None, "English"):
        return hit.logit
    return max(hit.logit, _LOGITS_OF_COVERAGE * (coverage_of(question, hit) - _HALF))


def coverage_of(question: str, hit: Hit) -> float:
    """Share of the words of a question, 0..1, that a passage has with its headings; 1 for a question without any."""
    language = hit.passage.document.language
    asked = set(words(question, language))
    return len(asked & set(words(reranker_text(hit.passage), language))) / len(asked) if asked else 1.0
