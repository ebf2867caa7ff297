"""Peers of the sizing benchmark: LangChain's FAISS default, and rank_bm25 (with its own weights, and with Lucene's)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final

import faiss
import numpy as np
import numpy.typing as npt

from rag.models.embedding.interfaces import FloatMatrix, FloatVector

HAS_RANK_BM25: Final = find_spec("rank_bm25") is not None

_Numbers = npt.NDArray[np.int64]


class LangChainFlat:
    """``langchain_community.vectorstores.FAISS``: an IndexFlatL2 in memory. Its look-up of the texts is left out."""

    def __init__(self, dimension: int) -> None:
        self._index = faiss.IndexFlatL2(dimension)

    def add(self, vectors: FloatMatrix) -> None:
        """Appends rows."""
        self._index.add(np.ascontiguousarray(vectors, np.float32))

    def search(self, vector: FloatVector, limit: int) -> _Numbers:
        """The nearest rows, best first: exact."""
        return np.asarray(self._index.search(vector.reshape(1, -1), limit)[1][0], np.int64)


class RankBm25:
    """``rank_bm25.BM25Okapi`` over tokenized rows."""

    def __init__(self, rows: Sequence[Sequence[str]], *, lucene: bool) -> None:
        """Takes the rows' words; with ``lucene``, a word weighs log(1 + (N - n + .5) / (n + .5)), as ours does."""
        from rank_bm25 import BM25Okapi  # type: ignore[import-not-found]

        class Lucene(BM25Okapi):  # type: ignore[misc]
            def _calc_idf(self, nd: dict[str, int]) -> None:
                count = self.corpus_size
                self.idf = {word: math.log(1 + (count - n + 0.5) / (n + 0.5)) for word, n in nd.items()}

        self._bm25: Any = (Lucene if lucene else BM25Okapi)(rows)

    def search(self, words: Sequence[str], limit: int) -> tuple[_Numbers, FloatVector]:
        """The best rows, best first, as ``get_top_n`` ranks them; and the scores of all rows."""
        scores = self._bm25.get_scores(words)
        return np.asarray(np.argsort(scores)[::-1][:limit], np.int64), scores


def is_same_ranking(rows: Sequence[int], scores: FloatVector) -> bool:
    """True if ``rows`` are the best by ``scores``, in this order; rows whose scores differ by rounding are equal."""
    found = scores[list(rows)]
    best = np.sort(scores)[::-1][: len(rows)]
    return bool(np.allclose(found, best, rtol=1e-5))
