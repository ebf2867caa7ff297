"""Ranking variants for the ablation study: the retriever without or with further parts, and common alternatives."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from rag.domain.values import Hit, Question, in_context
from rag.index.generation import Generation
from rag.models.embedding.interfaces import Encoder, FloatVector, Reranker
from rag.retrieval.retriever import Candidates, Retriever, search_text
from rag.retrieval.scoring import FIRST_STAGE, WITH_RERANKER

FULL: Final = "full"
_LEG: Final = 50
# Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet and individual rank learning methods (2009).
_RRF_K: Final = 60
_PER_DOCUMENT: Final = 3

# The first passages for a question, best first; at most so many.
Find: TypeAlias = Callable[[Generation, Question, int], Sequence[Hit]]


@dataclass
class CountingReranker:
    """Passes on what it is asked, and counts it."""

    reranker: Reranker
    read: int = 0

    def logits(self, question: str, texts: Sequence[str]) -> FloatVector:
        """See :class:`rag.models.embedding.Reranker`."""
        self.read += len(texts)
        return self.reranker.logits(question, texts)


@dataclass(frozen=True)
class Untitled:
    """Does not see the first line of what it reads, which names the document."""

    reranker: Reranker

    def logits(self, question: str, texts: Sequence[str]) -> FloatVector:
        """See :class:`rag.models.embedding.Reranker`."""
        return self.reranker.logits(question, [text.partition("\n")[2] for text in texts])


@dataclass(frozen=True)
class Variant:
    """A way to rank; ``reads`` is what it asks a reranker, if it has one."""

    find: Find
    reads: CountingReranker | None = field(default=None, repr=False)


def variants(encoder: Encoder, reranker: Reranker) -> dict[str, Variant]:
    """Every variant by name, from the least to the full system, then what was tried beside it."""

    def without(find: Callable[[Encoder, Generation, Question], Sequence[int]]) -> Variant:
        return Variant(
            lambda generation, question, limit: _hits(generation, find(encoder, generation, question), limit)
        )

    def reranked(make: Callable[[Reranker], Find]) -> Variant:
        counting = CountingReranker(reranker)
        return Variant(make(counting), counting)

    plain = replace(WITH_RERANKER, digit_share=0.0)
    return {
        "dense": without(_dense),
        "BM25": without(_lexical),
        "RRF of both": without(_fused),
        "RRF, then the reranker alone": reranked(lambda some: _RerankedFusion(encoder, some)),
        "first stage without document match": Variant(
            Retriever(encoder, None, first_stage=replace(FIRST_STAGE, document=0.0)).retrieve
        ),
        "first stage": Variant(Retriever(encoder, None).retrieve),
        "+ reranker that reads no names": reranked(
            lambda some: Retriever(encoder, Untitled(some), weights=plain).retrieve
        ),
        "+ reranker that reads names": reranked(lambda some: Retriever(encoder, some, weights=plain).retrieve),
        FULL: reranked(lambda some: Retriever(encoder, some).retrieve),
        "full, all candidates read": reranked(lambda some: _Patient(Retriever(encoder, some))),
        "full, one of a page first": reranked(lambda some: Retriever(encoder, some, per_page=1).retrieve),
        "full, pages without a bound": reranked(lambda some: Retriever(encoder, some, per_page=99).retrieve),
        "full, three of a document first": reranked(lambda some: _PerDocument(Retriever(encoder, some))),
        "full and the neighbours' cosine": reranked(lambda some: _Neighbours(Retriever(encoder, some))),
    }


def _dense(encoder: Encoder, generation: Generation, question: Question) -> list[int]:
    vector = encoder.encode_questions([search_text(question)])[0]
    return [row for row, _ in generation.nearest(vector, _LEG)]


def _lexical(_encoder: Encoder, generation: Generation, question: Question) -> list[int]:
    scores = generation.bm25_scores(search_text(question))
    best = np.argsort(-scores, kind="stable")[:_LEG]
    return [int(row) for row in best if scores[row] > 0]


def _fused(encoder: Encoder, generation: Generation, question: Question) -> list[int]:
    scores: defaultdict[int, float] = defaultdict(float)
    for source in (_dense, _lexical):
        for rank, row in enumerate(source(encoder, generation, question), start=1):
            scores[row] += 1 / (_RRF_K + rank)
    return sorted(scores, key=lambda row: (-scores[row], row))


def _hits(generation: Generation, rows: Sequence[int], limit: int) -> list[Hit]:
    return [Hit(passage, 1 / rank) for rank, passage in enumerate(generation.passages(rows[:limit]), start=1)]


@dataclass(frozen=True)
class _RerankedFusion:
    """Baseline with a reranker: its order of the first by RRF."""

    encoder: Encoder
    reranker: Reranker
    candidates: int = Retriever.candidates

    def __call__(self, generation: Generation, question: Question, limit: int) -> list[Hit]:
        passages = generation.passages(_fused(self.encoder, generation, question)[: self.candidates])
        texts = [in_context(passage.chunk.headings, passage.chunk.text) for passage in passages]
        relevance = self.reranker.logits(search_text(question), texts)
        order = np.argsort(-relevance, kind="stable")[:limit]
        return [Hit(passages[place], float(relevance[place])) for place in order]


def _all_read(retriever: Retriever, generation: Generation, question: Question) -> Candidates:
    return retriever.rerank(question, retriever.candidates_of(generation, question, retriever.candidates))


@dataclass(frozen=True)
class _Patient:
    """Without the early exit."""

    retriever: Retriever

    def __call__(self, generation: Generation, question: Question, limit: int) -> list[Hit]:
        read = _all_read(self.retriever, generation, question)
        return list(read.best().spread(self.retriever.per_page).first(limit).hits())


@dataclass(frozen=True)
class _PerDocument:
    """So that one file cannot own an answer."""

    retriever: Retriever

    def __call__(self, generation: Generation, question: Question, limit: int) -> list[Hit]:
        read = _all_read(self.retriever, generation, question)
        return list(_spread_over_documents(read.best().spread(self.retriever.per_page).hits()))[:limit]


def _spread_over_documents(hits: Iterable[Hit]) -> Iterator[Hit]:
    seen: Counter[str] = Counter()
    rest = []
    for hit in hits:
        seen[hit.passage.document.id] += 1
        if seen[hit.passage.document.id] <= _PER_DOCUMENT:
            yield hit
        else:
            rest.append(hit)
    yield from rest


@dataclass(frozen=True)
class _Neighbours:
    """The better cosine of the passages before and after counts half as much as a passage's own."""

    retriever: Retriever

    def __call__(self, generation: Generation, question: Question, limit: int) -> list[Hit]:
        read = _all_read(self.retriever, generation, question)
        vector = self.retriever.encoder.encode_questions([search_text(question)])[0]
        rows = np.array([passage.row for passage in read.passages], np.int64)
        best = np.maximum(*(_cosines_beside(generation, vector, rows, step) for step in (-1, 1)))
        signals = replace(read.signals, cosine=np.asarray(read.signals.cosine + best / 2, np.float32))
        return list(replace(read, signals=signals).best().spread(self.retriever.per_page).first(limit).hits())


def _cosines_beside(generation: Generation, vector: FloatVector, rows: npt.NDArray[np.int64], step: int) -> FloatVector:
    """0 where a document begins or ends."""
    beside = np.clip(rows + step, 0, len(generation) - 1)
    here, there = generation.passages(rows.tolist()), generation.passages(beside.tolist())
    same = [
        one.document.id == other.document.id and one.row != other.row for one, other in zip(here, there, strict=True)
    ]
    return np.where(same, generation.cosines(vector, beside), np.float32(0))
