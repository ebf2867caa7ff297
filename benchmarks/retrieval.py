"""Retrieval benchmark: page hits, and seconds of ingest and search, compared with the tutorial's index."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.tutorial import TutorialIndex
from ingest.__main__ import open_job
from ingest.discovery import discover
from ingest.reporting.progress import Progress
from rag.domain.values import Question
from rag.evaluation.questions import LabelledQuestion
from rag.index.reading import open_current
from rag.models.embedding.interfaces import Encoder, Reranker
from rag.retrieval.retriever import Retriever
from rag.settings import read_settings

Found = Sequence[tuple[str, int]]  # documents and pages, best first


@dataclass(frozen=True)
class Measured:
    """One side of the comparison; ``seconds`` per question, the median."""

    page_hit_1: float
    page_hit_5: float
    seconds: float
    pages_per_second: float


def compare(
    folder: Path, questions: Sequence[LabelledQuestion], encoder: Encoder, reranker: Reranker | None
) -> tuple[Measured, Measured]:
    """Measures ours and the tutorial's over the same documents and questions."""
    paged = [question for question in questions if question.answerable and question.pages]
    with tempfile.TemporaryDirectory() as root:
        start = perf_counter()
        with open_job(read_settings(), Path(root), Progress()) as job:
            report = job.run(discover([folder]))
        our_rate = report.pages / (perf_counter() - start)
        generation = open_current(Path(root), encoder.identity)
        start = perf_counter()
        tutorial = TutorialIndex(folder, encoder)
        their_rate = tutorial.pages / (perf_counter() - start)
        retriever = Retriever(encoder, reranker)

        def ours(question: str) -> Found:
            hits = retriever.retrieve(generation, Question(question), 5)
            return [(hit.passage.document.name, hit.passage.chunk.span.page) for hit in hits]

        def theirs(question: str) -> Found:
            return [(piece.document, piece.page) for piece in tutorial.search(question, 5)]

        mine, peer = _interleaved(paged, ours, theirs)
        generation.close()
    return _measured(paged, *mine, our_rate), _measured(paged, *peer, their_rate)


def _interleaved(
    questions: Sequence[LabelledQuestion], *sides: Callable[[str], Found]
) -> list[tuple[list[Found], list[float]]]:
    outcomes: list[tuple[list[Found], list[float]]] = [([], []) for _ in sides]
    for question in questions:
        for side, (found, seconds) in zip(sides, outcomes, strict=True):
            start = perf_counter()
            found.append(side(question.question))
            seconds.append(perf_counter() - start)
    return outcomes


def _measured(
    questions: Sequence[LabelledQuestion], found: Sequence[Found], seconds: Sequence[float], rate: float
) -> Measured:
    def hit(depth: int) -> float:
        right = [
            any(document in question.gold_documents and page in question.pages for document, page in places[:depth])
            for question, places in zip(questions, found, strict=True)
        ]
        return sum(right) / len(right)

    return Measured(hit(1), hit(5), median(seconds), rate)
