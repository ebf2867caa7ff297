"""Interfaces of vector search: the vectors of a generation, and a database that has those of many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rag.index.search.row_ranges import RowRanges, Rows
from rag.models.embedding.interfaces import FloatMatrix, FloatVector


class VectorSearch(Protocol):
    """Vectors of length 1, by row: scores are cosines. Safe to search from several threads."""

    def __len__(self) -> int: ...

    def search(self, vector: FloatVector, limit: int, among: RowRanges | None = None) -> list[tuple[int, float]]:
        """The nearest rows with their cosines, best first: at most ``limit``, and only rows of ``among`` if given."""

    def cosines(self, vector: FloatVector, rows: Rows) -> FloatVector:
        """The cosine of each of ``rows`` with a vector of length 1. *Shape:* ``(len(rows),)``."""

    def rows(self, rows: range) -> FloatMatrix:
        """The stored vectors of ``rows``, which follow one another. *Shape:* ``(len(rows), dimension)``."""


class VectorDatabase(Protocol):
    """Vectors of many generations, outside of this process."""

    def opened(self, digest: str, read: Callable[[], VectorSearch]) -> VectorSearch:
        """The vectors of the file with this SHA-256.

        Args:
            digest: of the file.
            read: opens the file itself; called where the database does not have them yet.

        Raises:
            VectorsUnreachable: the database does not respond, or refuses.
        """

    def close(self) -> None:
        """Closes the connections that are idle; vectors that are open can still be searched."""
