"""Retrieval cache: identical searches run once, one at a time, and can be cancelled."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Thread
from typing import cast

import pytest

from rag.domain.values import Hit, Question
from rag.errors import Cancelled
from rag.index.generation import Generation
from rag.retrieval.cached import RetrievalCache
from rag.retrieval.retriever import Retriever
from rag.runtime.cancellation import Cancellation
from rag.runtime.cpu_gate import CpuGate

QUESTION = Question("When do ferns unroll?")


@dataclass(frozen=True)
class FakeGeneration:
    id: str = "000001-abc"


@dataclass(frozen=True)
class FakeRetriever:
    """Finds nothing, and records its searches."""

    name: str = "plain"
    searched: list[tuple[str, int]] = field(default_factory=list, compare=False)

    def retrieve(self, _1: FakeGeneration, question: Question, limit: int, _2: Cancellation) -> list[Hit]:
        self.searched.append((question.text, limit))
        return []


def search(
    cache: RetrievalCache,
    retriever: FakeRetriever,
    question: Question = QUESTION,
    *,
    generation: str = "000001-abc",
    limit: int = 4,
    cancelled: Cancellation | None = None,
) -> tuple[Hit, ...]:
    return cache.hits(
        cast(Retriever, retriever),
        cast(Generation, FakeGeneration(generation)),
        question,
        limit,
        cancelled or Cancellation(),
    )


def test_an_identical_search_is_cached() -> None:
    cache, retriever = RetrievalCache(), FakeRetriever()
    for _ in range(3):
        assert search(cache, retriever) == ()
    assert retriever.searched == [(QUESTION.text, 4)]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"question": replace(QUESTION, text="And mosses?")}, id="words"),
        pytest.param({"question": replace(QUESTION, documents=("ferns.pdf",))}, id="documents"),
        pytest.param({"generation": "000002-def"}, id="generation"),
        pytest.param({"limit": 5}, id="limit"),
    ],
)
def test_a_different_search_is_not_cached(other: dict[str, Question | str | int]) -> None:
    cache, retriever = RetrievalCache(), FakeRetriever()
    search(cache, retriever)
    search(cache, retriever, **other)  # type: ignore[arg-type]
    assert len(retriever.searched) == 2


def test_another_retriever_does_not_share_results() -> None:
    """For example, the retriever of a calibration withholds passages."""
    cache, one, other = RetrievalCache(), FakeRetriever(), FakeRetriever("withholding")
    search(cache, one)
    search(cache, other)
    assert one.searched == other.searched


def test_a_search_cancelled_at_the_cpu_gate_does_not_run() -> None:
    cpu_gate, cancelled = CpuGate(), Cancellation()
    cache, retriever, raised = RetrievalCache(cpu_gate), FakeRetriever(), list[BaseException]()

    def work() -> None:
        try:
            search(cache, retriever, cancelled=cancelled)
        except Cancelled as error:
            raised.append(error)

    with cpu_gate.low_priority():
        thread = Thread(target=work)
        thread.start()
        cancelled.cancel()
    thread.join(60)
    assert (len(raised), retriever.searched) == (1, [])
    assert search(cache, retriever) == ()
    assert len(retriever.searched) == 1


def test_a_cached_result_does_not_wait_for_the_cpu_gate() -> None:
    cpu_gate = CpuGate()
    cache, retriever = RetrievalCache(cpu_gate), FakeRetriever()
    search(cache, retriever)
    with cpu_gate.low_priority():
        search(cache, retriever)
    assert len(retriever.searched) == 1
