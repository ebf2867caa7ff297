"""How signals about a passage become one score. Arithmetic only.

A passage's score is ``Σ weight · signal``: its log-odds, up to a constant, of being where the answer stands. The
weights were fitted with a softmax over each question's candidates (the loss of ListNet with one relevant passage: Cao
et al., Learning to Rank: From Pairwise Approach to Listwise Approach, 2007); docs/retrieval.md has the data, the folds
and what each signal is worth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from rag.models.embedding.interfaces import FloatVector


@dataclass(frozen=True, eq=False)
class Signals:
    """What is known of each candidate. *Shape of each:* ``(candidates,)``.

    Attributes:
        cosine: of question and passage, -1..1.
        lexical: BM25, as a share of the best passage's in the index, 0..1.
        document: how far the passage's document is the one that the question names, 0..1.
        figures: the share of digits among the passage's characters, 0..1: rerankers have learned on prose, and put
            the rows of a table too low.
        reranker: its logit; 0, the even chance, where it was not asked.
    """

    cosine: FloatVector
    bm25: FloatVector
    document: FloatVector
    digit_share: FloatVector
    reranker: FloatVector


@dataclass(frozen=True)
class SignalWeights:
    """What each signal counts for; the names are those of :class:`Signals`."""

    cosine: float
    bm25: float
    document: float
    digit_share: float
    reranker: float

    def scores(self, signals: Signals) -> FloatVector:
        """*Shape:* ``(candidates,)``."""
        weighted = [getattr(self, each.name) * getattr(signals, each.name) for each in fields(self)]
        return np.asarray(np.sum(weighted, axis=0), dtype=np.float32)


# To choose what the reranker reads, and where there is none.
FIRST_STAGE: Final = SignalWeights(cosine=13.2, bm25=6.9, document=3.7, digit_share=0.0, reranker=0.0)
WITH_RERANKER: Final = SignalWeights(cosine=6.1, bm25=4.3, document=3.7, digit_share=9.3, reranker=0.67)
# The reranker's logits are cut off here, at a chance of one in 22,000 that it is wrong: no passage that it has not read
# can then be better than this.
HIGHEST_LOGIT: Final = 10.0
