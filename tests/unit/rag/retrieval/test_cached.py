"""Searches for answers: made once, in turns."""

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
    """Finds nothing, and notes for what it searched."""

    name: str = "plain"
    asked: list[tuple[str, int]] = field(default_factory=list, compare=False)

    def retrieve(self, _1: FakeGeneration, question: Question, limit: int, _2: Cancellation) -> list[Hit]:
        self.asked.append((question.text, limit))
        return []


def search(
    searches: RetrievalCache,
    retriever: FakeRetriever,
    question: Question = QUESTION,
    *,
    generation: str = "000001-abc",
    limit: int = 4,
    cancelled: Cancellation | None = None,
) -> tuple[Hit, ...]:
    return searches.hits(
        cast(Retriever, retriever),
        cast(Generation, FakeGeneration(generation)),
        question,
        limit,
        cancelled or Cancellation(),
    )


def test_the_same_is_not_searched_for_again() -> None:
    searches, retriever = RetrievalCache(), FakeRetriever()
    for _ in range(3):
        assert search(searches, retriever) == ()
    assert retriever.asked == [(QUESTION.text, 4)]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"question": replace(QUESTION, text="And mosses?")}, id="words"),
        pytest.param({"question": replace(QUESTION, documents=("ferns.pdf",))}, id="documents"),
        pytest.param({"generation": "000002-def"}, id="generation"),
        pytest.param({"limit": 5}, id="limit"),
    ],
)
def test_something_else_is(other: dict[str, Question | str | int]) -> None:
    searches, retriever = RetrievalCache(), FakeRetriever()
    search(searches, retriever)
    search(searches, retriever, **other)  # type: ignore[arg-type]
    assert len(retriever.asked) == 2


def test_another_retriever_searches_for_itself() -> None:
    """As that of a calibration, which withholds passages."""
    searches, one, other = RetrievalCache(), FakeRetriever(), FakeRetriever("withholding")
    search(searches, one)
    search(searches, other)
    assert one.asked == other.asked


def test_who_went_away_while_others_had_their_turn_searches_for_nothing() -> None:
    cpu_gate, cancelled = CpuGate(), Cancellation()
    searches, retriever, raised = RetrievalCache(cpu_gate), FakeRetriever(), list[BaseException]()

    def work() -> None:
        try:
            search(searches, retriever, cancelled=cancelled)
        except Cancelled as error:
            raised.append(error)

    with cpu_gate.low_priority():
        thread = Thread(target=work)
        thread.start()
        cancelled.cancel()
    thread.join(60)
    assert (len(raised), retriever.asked) == (1, [])
    assert search(searches, retriever) == ()
    assert len(retriever.asked) == 1


def test_what_was_found_before_needs_no_turn() -> None:
    cpu_gate = CpuGate()
    searches, retriever = RetrievalCache(cpu_gate), FakeRetriever()
    search(searches, retriever)
    with cpu_gate.low_priority():
        search(searches, retriever)
    assert len(retriever.asked) == 1
