"""Hybrid retrieval in two stages: dense and BM25 candidates with document matching, then a cross-encoder reranker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np

from rag.domain.values import Hit, Passage, Question, in_context
from rag.index.document_matching import DocumentMatch
from rag.index.generation import Generation
from rag.index.search.row_ranges import RowRanges, Rows
from rag.models.embedding.interfaces import Encoder, FloatVector, Reranker
from rag.retrieval.near_duplicates import Shingles
from rag.retrieval.scoring import FIRST_STAGE, HIGHEST_LOGIT, WITH_RERANKER, Signals, SignalWeights
from rag.runtime.cancellation import Cancellation

# Passages in one batch of the reranker.
_BATCH: Final = 8
_NO_VECTOR: Final[FloatVector] = np.zeros(0, np.float32)
# A document counts as named by the question if its match is above 0 and at least this share of the best match.
_NAMED_SHARE: Final = 0.9
# What each passage of a page beyond the first few loses: so much that another page comes before it where that may well
# have the answer, and nothing that is about something else does.
_CROWDED: Final = 2.0


@dataclass(frozen=True)
class Retriever:
    """Two-stage retriever of passages.

    Attributes:
        reranker: scores the best candidates of the first stage; None keeps the ranking of the first stage.
        candidates_per_source: most candidates from each source, dense and BM25.
        candidates: most passages that are reranked, at about 15 ms each; ``limit``, where that is higher.
        first_stage: weights of the first stage's ranking.
        weights: weights of the final ranking, where there is a reranker.
        per_page: passages of one page beyond this number are ranked lower than their scores.
        withheld: rows that are left out of the search, as if they were not in the index.
    """

    encoder: Encoder
    reranker: Reranker | None
    candidates_per_source: int = 50
    candidates: int = 24
    first_stage: SignalWeights = FIRST_STAGE
    weights: SignalWeights = WITH_RERANKER
    per_page: int = 2
    withheld: frozenset[int] = frozenset()

    def retrieve(
        self, generation: Generation, question: Question, limit: int, cancelled: Cancellation | None = None
    ) -> list[Hit]:
        """The passages that best answer a question, best first, at most ``limit``.

        Raises:
            DocumentUnknown: the question names a document that the index does not have.
            Cancelled: ``cancelled`` was set; it is checked after the first stage and after each batch of the reranker.
        """
        cancelled = cancelled or Cancellation()
        candidates = self.candidates_of(generation, question, max(self.candidates, limit))
        cancelled.check()
        ranked = self.rerank(question, candidates, limit, cancelled) if self.reranker else candidates
        return list(ranked.best().spread(self.per_page).first(limit).hits())

    def candidates_of(self, generation: Generation, question: Question, limit: int) -> Candidates:
        """Candidates of the first stage, best first, without near-duplicates, at most ``limit``."""
        query = search_text(question)
        # A provisional generation has no vectors: all cosines are 0, so BM25, document and reranker decide.
        vector = self.encoder.encode_questions([query])[0] if generation.has_vectors else _NO_VECTOR
        allowed = generation.scope_of(question.documents)
        if self.withheld:
            allowed = (RowRanges.whole(len(generation)) if allowed is None else allowed).without(self.withheld)
        document = generation.distinct_match(query)
        rows, best_bm25 = self._candidate_rows(generation, query, vector, document, allowed)
        passages = generation.passages(rows.tolist())
        signals = Signals(
            cosine=generation.cosines(vector, rows) * np.float32(self.encoder.cosine_scale),
            bm25=generation.bm25_scores_of(query, rows) / (best_bm25 or 1.0),
            document=document.of_rows(rows),
            digit_share=np.array([_digit_share(passage.chunk.text) for passage in passages], np.float32),
            reranker=np.zeros(len(rows), np.float32),
        )
        return Candidates(passages, signals, self.first_stage).best().distinct(limit)

    def _candidate_rows(
        self,
        generation: Generation,
        query: str,
        vector: FloatVector,
        document: DocumentMatch,
        allowed: RowRanges | None,
    ) -> tuple[Rows, float]:
        """The best rows of each source, over all allowed rows and within the documents that the question names.

        Also the best BM25 score of an allowed row.
        """
        pool: set[int] = set()
        best_bm25 = 0.0
        for scope in (allowed, *_named_scope(document, allowed)):
            matching = generation.matching(query, max(self.candidates_per_source, 1), scope)
            best_bm25 = max((best_bm25, *(score for _, score in matching[:1])))
            pool |= {row for row, _ in matching[: self.candidates_per_source]}
            pool |= {row for row, _ in generation.nearest(vector, self.candidates_per_source, scope)}
        return np.array(sorted(pool), dtype=np.int64), best_bm25

    def rerank(
        self,
        question: Question,
        candidates: Candidates,
        limit: int | None = None,
        cancelled: Cancellation | None = None,
    ) -> Candidates:
        """The candidates with the reranker's logits, still in the order of the first stage.

        With a ``limit`` it exits early: once no remaining candidate can rank among the first ``limit``, the rest is
        neither scored nor returned.
        """
        assert self.reranker is not None  # noqa: S101 - the caller checked
        logits: list[float] = []
        while len(logits) < len(candidates) and not (limit and self._is_settled(candidates, logits, limit)):
            texts = [reranker_text(passage) for passage in candidates.passages[len(logits) : len(logits) + _BATCH]]
            logits += self.reranker.logits(search_text(question), texts).tolist()
            if cancelled:
                cancelled.check()
        return self._reranked(candidates, logits)

    def _reranked(self, candidates: Candidates, logits: Sequence[float]) -> Candidates:
        """The first ``len(logits)`` candidates, with their logits and the weights of the final ranking."""
        return candidates.first(len(logits)).reranked(np.array(logits, np.float32), self.weights)

    def _is_settled(self, candidates: Candidates, logits: Sequence[float], limit: int) -> bool:
        """True if the first ``limit`` are final: no candidate without a logit can outrank them, even with the highest.

        A further one of a crowded page would come after those that have a higher score, and takes nothing from them.
        """
        if len(logits) < limit:
            return False
        spread = np.sort(self._reranked(candidates, logits).best().spread_scores(self.per_page))[::-1]
        upper_bounds = candidates.reranked(np.full(len(candidates), HIGHEST_LOGIT, np.float32), self.weights).scores
        return bool(upper_bounds[len(logits) :].max(initial=-np.inf) <= spread[limit - 1])


@dataclass(frozen=True, eq=False)
class Candidates:
    """Candidate passages with their ranking signals and the weights that score them."""

    passages: Sequence[Passage]
    signals: Signals
    weights: SignalWeights
    is_reranked: bool = False

    def __len__(self) -> int:
        return len(self.passages)

    @property
    def scores(self) -> FloatVector:
        """Weighted sums of the signals. *Shape:* ``(len(self),)``."""
        return self.weights.scores(self.signals)

    def reranked(self, logits: FloatVector, weights: SignalWeights) -> Candidates:
        """With the reranker's logits, at most :data:`rag.retrieval.scoring.HIGHEST_LOGIT` each, and other weights."""
        bounded = np.minimum(logits, np.float32(HIGHEST_LOGIT))
        return replace(self, signals=replace(self.signals, reranker=bounded), weights=weights, is_reranked=True)

    def best(self) -> Candidates:
        """Sorted by score, best first; the sort is stable."""
        return self._at(np.argsort(-self.scores, kind="stable").tolist())

    def distinct(self, limit: int) -> Candidates:
        """The first ``limit`` candidates that are no near-duplicate of an earlier one."""
        kept: dict[int, Shingles] = {}
        for position, passage in enumerate(self.passages):
            if len(kept) == limit:
                break
            shingles = Shingles(passage.chunk.text)
            if not any(shingles.is_near_duplicate_of(other) for other in kept.values()):
                kept[position] = shingles
        return self._at(list(kept))

    def spread(self, per_page: int) -> Candidates:
        """Sorted by :meth:`spread_scores`; the sort is stable."""
        return self._at(np.argsort(-self.spread_scores(per_page), kind="stable").tolist())

    def spread_scores(self, per_page: int) -> FloatVector:
        """The scores, lower for passages beyond the first ``per_page`` of their page. *Shape:* ``(len(self),)``.

        Of candidates in the order of their scores.
        """
        seen: Counter[tuple[str, int]] = Counter()
        beyond = np.zeros(len(self), np.float32)
        for position, passage in enumerate(self.passages):
            page = (passage.document.id, passage.chunk.span.page)
            seen[page] += 1
            beyond[position] = max(0, seen[page] - per_page)
        return self.scores - np.float32(_CROWDED) * beyond

    def first(self, limit: int) -> Candidates:
        """The first ``limit`` candidates, or all if they are fewer."""
        return self._at(range(min(limit, len(self))))

    def hits(self) -> Iterator[Hit]:
        """The hits, in the order of the candidates."""
        signals = zip(self.signals.reranker, self.signals.document, strict=True)
        for passage, score, (logit, document) in zip(self.passages, self.scores, signals, strict=True):
            yield Hit(passage, float(score), float(logit) if self.is_reranked else None, float(document))

    def _at(self, positions: Sequence[int]) -> Candidates:
        parts = {each.name: getattr(self.signals, each.name)[list(positions)] for each in fields(Signals)}
        return replace(self, passages=[self.passages[p] for p in positions], signals=Signals(**parts))


def _named_scope(document: DocumentMatch, allowed: RowRanges | None) -> list[RowRanges]:
    """The allowed rows of the documents that the question names best; none where these are all, or there are none."""
    within = document.within(allowed)
    named = within.at_least(_NAMED_SHARE * max(within.best(), 1e-6))
    if len(named.shares) in (0, len(within.shares)):
        return []
    return [named.documents if allowed is None else named.documents.intersection(allowed)]


def reranker_text(passage: Passage) -> str:
    """Reranker input for a passage: with document name, title and headings, which the text alone does not show."""
    document = passage.document
    name = document.name.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("_", " ").replace("-", " ")
    title = "" if name in document.title else document.title
    return f"{name} {title}".strip() + "\n" + in_context(passage.chunk.context, passage.chunk.text)


def search_text(question: Question) -> str:
    """Search query of a question: the previous question of the conversation, if there is one, then the question."""
    earlier = [turn.question for turn in question.history[-1:]]
    return " ".join([*earlier, question.text])


def _digit_share(text: str) -> float:
    return sum(character.isdigit() for character in text) / max(len(text), 1)
