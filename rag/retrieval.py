"""From a question to ranked evidence: dense and BM25, fused, without duplicates, reranked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rag.domain import Hit, Passage, Question, in_context
from rag.embedding import Encoder, Reranker, logit
from rag.index import Generation

# Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods (2009).
_RRF_K: Final = 60


@dataclass(frozen=True)
class Retriever:
    """How evidence is found.

    Attributes:
        reranker: judges the best of the fused ranking; None leaves them as they are fused.
        leg: how many passages each of dense and BM25 brings in.
        candidates: how many of the fused ranking the reranker reads, at about 15 ms each.
    """

    encoder: Encoder
    reranker: Reranker | None
    leg: int = 50
    candidates: int = 20

    def retrieve(self, generation: Generation, question: Question, limit: int) -> list[Hit]:
        """The passages that best answer a question, best first; at most ``limit``.

        Raises:
            DocumentUnknown: the question names a document that the index does not have.
        """
        query = search_text(question)
        among = generation.rows_named(question.documents)
        dense = generation.nearest(self.encoder.encode([query])[0], self.leg, among)
        lexical = generation.matching(query, self.leg, among)
        fused = fuse([[row for row, _ in dense], [row for row, _ in lexical]])
        hits = without_duplicates(_hits(generation, fused[: max(self.candidates, limit) * 2]))
        return self._reranked(query, hits[: max(self.candidates, limit)])[:limit]

    def _reranked(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        if self.reranker is None or not hits:
            return list(hits)
        relevance = self.reranker.relevance(query, [_judged_text(hit) for hit in hits])
        judged = [Hit(hit.passage, logit(float(p)), float(p)) for hit, p in zip(hits, relevance, strict=True)]
        # Stable: hits that the reranker finds equal keep their order.
        return sorted(judged, key=lambda hit: -hit.score)


def _judged_text(hit: Hit) -> str:
    chunk = hit.passage.chunk
    return in_context(chunk.headings, chunk.text)


def search_text(question: Question) -> str:
    """What is searched for: the question, after the one before it in the same conversation."""
    earlier = [turn.question for turn in question.history[-1:]]
    return " ".join([*earlier, question.text])


def fuse(rankings: Iterable[Sequence[int]]) -> list[tuple[int, float]]:
    """Reciprocal rank fusion: rows with their scores, best first; ties by row.

    ``score(row) = Σ 1 / (60 + rank)`` over the rankings that hold the row, ranks from 1.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, row in enumerate(ranking, start=1):
            scores[row] = scores.get(row, 0.0) + 1.0 / (_RRF_K + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def without_duplicates(hits: Iterable[Hit]) -> list[Hit]:
    """The hits without those whose words all stood in a better one: two copies of a text are one piece of evidence."""
    kept: dict[str, Hit] = {}
    for hit in hits:
        kept.setdefault(_words(hit.passage), hit)
    return list(kept.values())


def _words(passage: Passage) -> str:
    return " ".join(passage.chunk.text.casefold().split())


def _hits(generation: Generation, ranking: Sequence[tuple[int, float]]) -> list[Hit]:
    passages = generation.passages([row for row, _ in ranking])
    return [Hit(passage, score) for passage, (_, score) in zip(passages, ranking, strict=True)]
