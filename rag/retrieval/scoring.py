"""Linear ranking model: a passage's score is a weighted sum of retrieval signals. Arithmetic only.

The score ``Σ weight · signal`` is, up to a constant, the passage's log-odds of containing the answer. The weights were
fitted with a softmax over each question's candidates (the loss of ListNet with one relevant passage: Cao et al.,
Learning to Rank: From Pairwise Approach to Listwise Approach, 2007); docs/retrieval.md has the data, the folds and what
each signal is worth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from rag.models.embedding.interfaces import FloatVector


@dataclass(frozen=True, eq=False)
class Signals:
    """Ranking signals of the candidates. *Shape of each:* ``(candidates,)``.

    Attributes:
        cosine: of question and passage, -1..1, times the encoder's scale.
        bm25: BM25 score, divided by that of the best passage that may be searched, 0..1.
        document: match of the passage's document with the document that the question names, 0..1.
        digit_share: digits among the passage's characters, 0..1. Rerankers were trained on prose and score the rows
            of a table too low; this signal makes up for it.
        reranker: the reranker's logit; 0, which is P = 0.5, without a reranker.
    """

    cosine: FloatVector
    bm25: FloatVector
    document: FloatVector
    digit_share: FloatVector
    reranker: FloatVector


@dataclass(frozen=True)
class SignalWeights:
    """Weight of each signal; the names are those of :class:`Signals`."""

    cosine: float
    bm25: float
    document: float
    digit_share: float
    reranker: float

    def scores(self, signals: Signals) -> FloatVector:
        """Weighted sums of the signals, in float32. *Shape:* ``(candidates,)``."""
        weighted = [getattr(self, each.name) * getattr(signals, each.name) for each in fields(self)]
        return np.asarray(np.sum(weighted, axis=0), dtype=np.float32)


# Ranks the candidates for the reranker; the final ranking where there is no reranker.
FIRST_STAGE: Final = SignalWeights(cosine=13.2, bm25=6.9, document=3.7, digit_share=0.0, reranker=0.0)
WITH_RERANKER: Final = SignalWeights(cosine=6.1, bm25=4.3, document=3.7, digit_share=9.3, reranker=0.67)
# Upper limit of the reranker's logits (1 - P is then 1 in 22,000). It bounds the score of a candidate that was not
# reranked, which the early exit of the retriever needs.
HIGHEST_LOGIT: Final = 10.0
