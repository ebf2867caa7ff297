"""Answerer for fits: answers like the service, keeps what its models say from run to run, and shows its work."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.journal import Journal
from benchmarks.remembering import RememberingModel, RememberingReranker
from rag.answering.answerer import Answerer
from rag.answering.trace import AnswerTrace, LastTrace
from rag.composition import open_answerer
from rag.domain.values import Hit, PassagesFound, Question
from rag.errors import RequestFault
from rag.settings import Settings

RESULTS: Final = Path(__file__).parent / "results"


def add_drafts(parser: argparse.ArgumentParser) -> None:
    """``--drafts FILE``."""
    parser.add_argument(
        "--drafts",
        type=Path,
        default=RESULTS / "drafts.jsonl",
        metavar="FILE",
        help="what the language model has said; a rerun asks it only what is not there (default: %(default)s)",
    )


@contextmanager
def remembering_answerer(settings: Settings, index: Path, drafts: Path) -> Iterator[Answerer]:
    """The answerer of an index, whose models are asked the same only once.

    Args:
        settings: those of the models.
        index: directory of the index.
        drafts: journal of what the language model says; that of the reranker is beside it.

    Raises:
        ModelError, IndexFault: as :func:`rag.composition.open_answerer`.
    """
    answerer = open_answerer(settings.model_copy(update={"index": index}))
    retriever = answerer.retriever
    logits = drafts.with_name(f"{settings.reranker}.json")
    reranker = RememberingReranker(retriever.reranker, logits) if retriever.reranker else None
    try:
        yield replace(
            answerer,
            retriever=replace(retriever, reranker=reranker),
            model=RememberingModel(answerer.model, Journal(drafts)),
        )
    finally:
        if reranker:
            reranker.save()
        answerer.close()


def traced(answerer: Answerer, question: str) -> tuple[tuple[Hit, ...], AnswerTrace] | None:
    """The passages that were found for a question, and the trace of its answer; None where it cannot be asked."""
    last = LastTrace()
    events = replace(answerer, recorder=last).stream(Question(question))
    try:
        hits = [event.hits for event in events if isinstance(event, PassagesFound)]
    except RequestFault:
        return None
    return hits[0], last.trace
