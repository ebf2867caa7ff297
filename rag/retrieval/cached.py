"""Searches for answers: in turns with the model's steps, and none that was made before."""

from __future__ import annotations

from typing import Final

from rag.domain.values import Hit, Question
from rag.index.generation import Generation
from rag.retrieval.retriever import Retriever
from rag.runtime.cancellation import Cancellation
from rag.runtime.cpu_gate import CpuGate
from rag.runtime.single_flight_cache import SingleFlightCache

_REMEMBERED: Final = 512


class RetrievalCache:
    """Makes each search once, and one at a time. Safe for many threads."""

    def __init__(self, cpu_gate: CpuGate | None = None, remembered: int = _REMEMBERED) -> None:
        """Nothing was searched for yet.

        Args:
            turns: a search takes one, ahead of the steps of a model in this process.
            remembered: how many of the last searches are not made again.
        """
        self._cpu_gate = cpu_gate or CpuGate()
        self._found = SingleFlightCache[tuple[Hit, ...]](remembered)

    def hits(
        self, retriever: Retriever, generation: Generation, question: Question, limit: int, cancelled: Cancellation
    ) -> tuple[Hit, ...]:
        """See :meth:`Retriever.retrieve`. Where the same is being searched for, this waits and finds it, too."""
        asked = (retriever, generation.id, question.text, question.documents, limit)
        if (before := self._found.claim(asked, cancelled)) is not None:
            return before
        found: tuple[Hit, ...] | None = None
        try:
            with self._cpu_gate.high_priority():
                cancelled.check()
                found = tuple(retriever.retrieve(generation, question, limit, cancelled))
        finally:
            self._found.settle(asked, found)
        return found
