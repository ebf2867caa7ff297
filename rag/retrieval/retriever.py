"""From a question to ranked evidence: dense and BM25, what the question says of the document, and a reranker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from rag.domain.values import Hit, Passage, Question, in_context
from rag.index.generation import Generation
from rag.models.embedding.interfaces import Encoder, FloatVector, Reranker
from rag.retrieval.near_duplicates import Shingles
from rag.retrieval.scoring import FIRST_STAGE, HIGHEST_LOGIT, WITH_RERANKER, Signals, SignalWeights
from rag.runtime.cancellation import Cancellation

Rows = npt.NDArray[np.int64]

# Passages that the reranker reads at once.
_BATCH: Final = 8
# A document is named by the question if it has this share of the best match, and the best match is worth a look.
_NAMED: Final = 0.9


@dataclass(frozen=True)
class Retriever:
    """How evidence is found.

    Attributes:
        reranker: judges the best of the first ranking; None leaves them as they are.
        leg: how many passages each of dense and BM25 brings in.
        candidates: most passages that the reranker reads, at about 15 ms each.
        first_stage: weights of the first ranking.
        weights: weights of the final one, where there is a reranker.
        per_page: most passages of one page before those of other pages.
        withheld: rows that are not searched, as if the index did not have them.
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
        """The passages that best answer a question, best first; at most ``limit``.

        Raises:
            DocumentUnknown: the question names a document that the index does not have.
            Cancelled: ``cancelled`` was called; between two batches of the reranker.
        """
        cancelled = cancelled or Cancellation()
        candidates = self.candidates_of(generation, question, max(self.candidates, limit))
        cancelled.check()
        ranked = self.read(question, candidates, limit, cancelled) if self.reranker else candidates
        return list(ranked.best().spread(self.per_page).first(limit).hits())

    def candidates_of(self, generation: Generation, question: Question, limit: int) -> Candidates:
        """The best of the first ranking, without duplicates, best first; at most ``limit``."""
        query = search_text(question)
        vector = self.encoder.encode([query])[0]
        bm25 = generation.bm25_scores(query)
        document = generation.document_match(query)
        among = generation.rows_named(question.documents)
        if among is None:
            among = np.arange(len(generation), dtype=np.int64)
        if self.withheld:
            among = among[~np.isin(among, list(self.withheld))]
        rows = self._pool(generation, vector, bm25, document, among)
        best = float(bm25[among].max(initial=0.0)) or 1.0
        passages = generation.passages(rows.tolist())
        signals = Signals(
            cosine=generation.cosines(vector, rows),
            bm25=bm25[rows] / best,
            document=document[rows],
            digit_share=np.array([_digit_share(passage.chunk.text) for passage in passages], np.float32),
            reranker=np.zeros(len(rows), np.float32),
        )
        return Candidates(passages, signals, self.first_stage).best().distinct(limit)

    def _pool(
        self, generation: Generation, vector: FloatVector, bm25: FloatVector, document: FloatVector, among: Rows
    ) -> Rows:
        """The best of each leg, over all and within the documents that the question names."""
        named = among[document[among] >= _NAMED * max(float(document[among].max(initial=0.0)), 1e-6)]
        scopes = [among] if len(named) in (0, len(among)) else [among, named]
        pool: set[int] = set()
        for scope in scopes:
            whole = len(scope) == len(generation)
            pool |= {row for row, _ in generation.nearest(vector, self.candidates_per_source, None if whole else scope)}
            best = scope[np.argsort(-bm25[scope], kind="stable")[: self.candidates_per_source]]
            pool |= set(best[bm25[best] > 0].tolist())
        return np.array(sorted(pool), dtype=np.int64)

    def read(
        self,
        question: Question,
        candidates: Candidates,
        limit: int | None = None,
        cancelled: Cancellation | None = None,
    ) -> Candidates:
        """What the reranker says of the candidates, in their order, which is that of the first ranking.

        Where a ``limit`` is given, it reads only until none that is left can come among the first so many.
        """
        assert self.reranker is not None  # noqa: S101 - the caller asked
        logits: list[float] = []
        while len(logits) < len(candidates) and not (limit and self._is_settled(candidates, logits, limit)):
            texts = [reranker_text(passage) for passage in candidates.passages[len(logits) : len(logits) + _BATCH]]
            logits += self.reranker.logits(search_text(question), texts).tolist()
            if cancelled:
                cancelled.check()
        return self._reranked(candidates, logits)

    def _reranked(self, candidates: Candidates, logits: Sequence[float]) -> Candidates:
        """As many of the candidates as there are logits."""
        return candidates.first(len(logits)).reranked(np.array(logits, np.float32), self.weights)

    def _is_settled(self, candidates: Candidates, logits: Sequence[float], limit: int) -> bool:
        """Whether the first ``limit`` stay what they are, however good those are that were not read.

        What is moved back for its page counts as not found: another may come in its place.
        """
        read = self._reranked(candidates, logits).best()
        places = read.places(self.per_page)
        if len(places) < limit:
            return False
        unread = candidates.reranked(np.full(len(candidates), HIGHEST_LOGIT, np.float32), self.weights)
        return bool(unread.scores[len(logits) :].max(initial=-np.inf) <= read.scores[places[limit - 1]])


@dataclass(frozen=True, eq=False)
class Candidates:
    """Passages with what is known of them."""

    passages: Sequence[Passage]
    signals: Signals
    weights: SignalWeights
    is_reranked: bool = False

    def __len__(self) -> int:
        return len(self.passages)

    @property
    def scores(self) -> FloatVector:
        """*Shape:* ``(len(self),)``."""
        return self.weights.scores(self.signals)

    def reranked(self, logits: FloatVector, weights: SignalWeights) -> Candidates:
        """With what the reranker says of each, bounded by :data:`rag.retrieval.scoring.HIGHEST_LOGIT`."""
        bounded = np.minimum(logits, np.float32(HIGHEST_LOGIT))
        return replace(self, signals=replace(self.signals, reranker=bounded), weights=weights, is_reranked=True)

    def best(self) -> Candidates:
        """Best first; ties as they are."""
        return self._at(np.argsort(-self.scores, kind="stable").tolist())

    def distinct(self, limit: int) -> Candidates:
        """The first ``limit`` of those that do not say the same as one before."""
        kept: dict[int, Shingles] = {}
        for position, passage in enumerate(self.passages):
            if len(kept) == limit:
                break
            shingles = Shingles(passage.chunk.text)
            if not any(shingles.is_near_duplicate_of(other) for other in kept.values()):
                kept[position] = shingles
        return self._at(list(kept))

    def spread(self, per_page: int) -> Candidates:
        """In their order, but those beyond the first ``per_page`` of a page after all others."""
        places = self.places(per_page)
        return self._at([*places, *sorted(set(range(len(self))).difference(places))])

    def places(self, per_page: int) -> list[int]:
        """Where the first ``per_page`` of each page are, ascending."""
        seen: Counter[tuple[str, int]] = Counter()
        places = []
        for position, passage in enumerate(self.passages):
            page = (passage.document.id, passage.chunk.span.page)
            seen[page] += 1
            if seen[page] <= per_page:
                places.append(position)
        return places

    def first(self, limit: int) -> Candidates:
        """At most ``limit`` of them."""
        return self._at(range(min(limit, len(self))))

    def hits(self) -> Iterator[Hit]:
        """As they are ranked."""
        signals = zip(self.signals.reranker, self.signals.document, strict=True)
        for passage, score, (reranked, document) in zip(self.passages, self.scores, signals, strict=True):
            yield Hit(passage, float(score), float(reranked) if self.is_reranked else None, float(document))

    def _at(self, positions: Sequence[int]) -> Candidates:
        parts = {each.name: getattr(self.signals, each.name)[list(positions)] for each in fields(Signals)}
        return replace(self, passages=[self.passages[p] for p in positions], signals=Signals(**parts))


def reranker_text(passage: Passage) -> str:
    """What the reranker reads of a passage: it cannot know otherwise which document and section it is from."""
    document = passage.document
    name = document.name.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("_", " ").replace("-", " ")
    title = "" if name in document.title else document.title
    return f"{name} {title}".strip() + "\n" + in_context(passage.chunk.headings, passage.chunk.text)


def search_text(question: Question) -> str:
    """What is searched for: the question, after the one before it in the same conversation."""
    earlier = [turn.question for turn in question.history[-1:]]
    return " ".join([*earlier, question.text])


def _digit_share(text: str) -> float:
    return sum(character.isdigit() for character in text) / max(len(text), 1)
