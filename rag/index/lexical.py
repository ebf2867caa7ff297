"""BM25 over stemmed words, memory-mapped. The only home of bm25s and Stemmer. It speaks rows and scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np
import Stemmer

from rag.errors import IndexCorrupt
from rag.index.vectors import Rows

_LANGUAGE = "english"
_STOPWORDS = "en"


class LexicalIndex:
    """BM25 with bm25s' defaults (Lucene's variant, k1 1.5, b 0.75), English stems and stop words."""

    def __init__(self, scorer: bm25s.BM25) -> None:
        self._scorer = scorer

    @classmethod
    def build(cls, texts: Sequence[str]) -> LexicalIndex:
        """From the text of each row; there is at least one."""
        scorer = bm25s.BM25()
        # A corpus of nothing but stop words would have no vocabulary, which bm25s cannot index.
        words = [row or ["∅"] for row in _words(texts)]
        scorer.index(words, show_progress=False)
        return cls(scorer)

    def save(self, folder: Path) -> None:
        """As plain arrays and JSON, without pickle."""
        self._scorer.save(str(folder), corpus=None, show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """Memory-mapped: ready at once, shared between processes.

        Raises:
            IndexCorrupt: the folder is not an index of bm25s.
        """
        try:
            return cls(bm25s.BM25.load(str(folder), mmap=True, load_corpus=False))
        except (OSError, ValueError, KeyError) as error:
            raise IndexCorrupt(f"bm25s cannot read the lexical index: {error}") from error

    def __len__(self) -> int:
        return int(self._scorer.scores["num_docs"])

    def search(self, question: str, limit: int, among: Rows | None = None) -> list[tuple[int, float]]:
        """The best rows with their scores, best first; only rows that share a word with the question."""
        known = [word for word in _words([question])[0] if word in self._scorer.vocab_dict]
        if not known:
            return []
        scores = self._scorer.get_scores(known)
        rows = np.arange(len(scores)) if among is None else among
        best = rows[np.argsort(-scores[rows], kind="stable")[:limit]]
        return [(int(row), float(scores[row])) for row in best if scores[row] > 0]


def _words(texts: Sequence[str]) -> list[list[str]]:
    return bm25s.tokenize(  # type: ignore[no-any-return]
        list(texts), stopwords=_STOPWORDS, stemmer=Stemmer.Stemmer(_LANGUAGE), return_ids=False, show_progress=False
    )
