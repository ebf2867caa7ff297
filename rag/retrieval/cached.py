"""Retrieval cache: identical searches run once, and take turns with the language model at the CPU gate."""

from __future__ import annotations

from typing import Final

from rag.domain.values import Hit, Question
from rag.index.generation import Generation
from rag.retrieval.retriever import Retriever
from rag.runtime.cancellation import Cancellation
from rag.runtime.cpu_gate import CpuGate
from rag.runtime.single_flight_cache import SingleFlightCache

_CAPACITY: Final = 512


class RetrievalCache:
    """Single-flight LRU cache of retrieval results, whose searches run one at a time. Thread-safe."""

    def __init__(self, cpu_gate: CpuGate | None = None, capacity: int = _CAPACITY) -> None:
        """Makes an empty cache.

        Args:
            cpu_gate: shared with the language model of this process; a search takes it with high priority.
            capacity: most results that are kept; the least recently used ones are dropped.
        """
        self._cpu_gate = cpu_gate or CpuGate()
        self._capacity = capacity
        self._results = SingleFlightCache[tuple[Hit, ...]](capacity)

    def emptied(self) -> RetrievalCache:
        """An empty cache that takes turns at the same gate: one for another index."""
        return RetrievalCache(self._cpu_gate, self._capacity)

    def hits(
        self, retriever: Retriever, generation: Generation, question: Question, limit: int, cancelled: Cancellation
    ) -> tuple[Hit, ...]:
        """Cached :meth:`Retriever.retrieve`; waits for an identical search that is already running.

        Raises:
            DocumentUnknown: the question names a document that the index does not have.
            Cancelled: ``cancelled`` was set, also while this waited.
        """
        key = (retriever, generation.id, question.text, question.documents, limit)
        if (cached := self._results.claim(key, cancelled)) is not None:
            return cached
        hits: tuple[Hit, ...] | None = None
        try:
            with self._cpu_gate.high_priority():
                cancelled.check()
                hits = tuple(retriever.retrieve(generation, question, limit, cancelled))
        finally:
            self._results.settle(key, hits)
        return hits
