"""Vector index: exact inner-product search. The only home of faiss; it knows rows, not documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import IndexCorrupt
from rag.index.search.row_ranges import Rows
from rag.models.embedding.interfaces import FloatMatrix, FloatVector

if TYPE_CHECKING:
    import faiss


class VectorIndex:
    """Flat (exhaustive) index of vectors of length 1: scores are cosines, and recall is exact."""

    def __init__(self, index: faiss.IndexFlatIP) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: FloatMatrix) -> VectorIndex:
        """Builds an index of rows of length 1. *Shape:* ``(rows, dimension)``."""
        index = cls.empty(vectors.shape[1])
        index.add(vectors)
        return index

    @classmethod
    def empty(cls, dimension: int) -> VectorIndex:
        """An index without rows."""
        import faiss  # here: an ingest run that finds nothing new does not need it

        return cls(faiss.IndexFlatIP(dimension))

    def add(self, vectors: FloatMatrix) -> None:
        """Appends rows of length 1. *Shape:* ``(rows, dimension)``."""
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def write(self, write: Callable[[bytes], Any]) -> None:
        """Serializes the index in pieces, which ``write`` stores.

        ``faiss.write_index`` to a file can report success on a full disk; and serialized as a whole the index would be
        in memory twice.

        Raises:
            OSError: ``write`` did.
        """
        import faiss

        refused: list[OSError] = []

        def deliver(data: bytes) -> int:
            # An exception cannot cross faiss: the first is kept, and the rest is discarded.
            if not refused:
                try:
                    write(data)
                except OSError as error:
                    refused.append(error)
            return len(data)

        faiss.write_index(self._index, faiss.PyCallbackIOWriter(deliver))  # type: ignore[attr-defined]
        if refused:
            raise refused[0]

    @classmethod
    def from_bytes(cls, data: bytes) -> VectorIndex:
        """The inverse of :meth:`write`. The caller has checked the digest of the bytes: faiss has no checksum.

        Raises:
            IndexCorrupt: not an exact inner-product index.
        """
        import faiss

        try:
            index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        except RuntimeError as error:
            raise IndexCorrupt(f"faiss cannot read the vectors: {error}") from error
        if type(index) is not faiss.IndexFlatIP:
            raise IndexCorrupt(f"the vectors are of type {type(index).__name__}, not IndexFlatIP")
        return cls(index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Dimension of the vectors."""
        return int(self._index.d)

    def search(self, vector: FloatVector, limit: int, among: Rows | None = None) -> list[tuple[int, float]]:
        """The nearest rows with their cosines, best first: at most ``limit``, and only rows of ``among`` if given."""
        import faiss

        limit = min(limit, len(self) if among is None else len(among))
        if limit == 0:
            return []
        parameters = None if among is None else faiss.SearchParameters(sel=faiss.IDSelectorBatch(among))  # type: ignore[call-arg]
        scores, rows = self._index.search(vector.reshape(1, -1), limit, params=parameters)
        return [(int(row), float(score)) for row, score in zip(rows[0], scores[0], strict=True) if row >= 0]

    def cosines(self, vector: FloatVector, rows: Rows) -> FloatVector:
        """The cosine of each of ``rows`` with a vector of length 1. *Shape:* ``(len(rows),)``."""
        stored = self._index.reconstruct_batch(rows) if len(rows) else np.zeros((0, self.dimension), np.float32)
        return np.asarray(stored @ vector, dtype=np.float32)

    def rows(self, rows: range) -> FloatMatrix:
        """The stored vectors of ``rows``, which follow one another. *Shape:* ``(len(rows), dimension)``."""
        return np.asarray(self._index.reconstruct_n(rows.start, len(rows)), dtype=np.float32)
