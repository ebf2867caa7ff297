"""Dense vectors: exact inner product. The only home of faiss. It speaks rows and scores, never documents."""

from __future__ import annotations

import faiss
import numpy as np
import numpy.typing as npt

from rag.embedding import FloatMatrix, FloatVector
from rag.errors import IndexCorrupt

Rows = npt.NDArray[np.int64]


class VectorIndex:
    """Vectors of length 1, searched exhaustively, so that scores are cosines and nothing is missed."""

    def __init__(self, index: faiss.IndexFlatIP) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: FloatMatrix) -> VectorIndex:
        """From rows of length 1. *Shape:* ``(rows, dimension)``."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        return cls(index)

    def to_bytes(self) -> bytes:
        """Serialised here and written by the caller: ``faiss.write_index`` can report success on a full disk."""
        return bytes(faiss.serialize_index(self._index).tobytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> VectorIndex:
        """The inverse of :meth:`to_bytes`; the bytes' digest has been checked before, for faiss has no checksum.

        Raises:
            IndexCorrupt: not an exact inner-product index.
        """
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
        """Length of a row."""
        return int(self._index.d)

    def search(self, vector: FloatVector, limit: int, among: Rows | None = None) -> list[tuple[int, float]]:
        """The nearest rows with their cosines, best first; at most ``limit``, and only rows of ``among`` if given."""
        limit = min(limit, len(self) if among is None else len(among))
        if limit == 0:
            return []
        parameters = None if among is None else faiss.SearchParameters(sel=faiss.IDSelectorBatch(among))  # type: ignore[call-arg]
        scores, rows = self._index.search(vector.reshape(1, -1), limit, params=parameters)
        return [(int(row), float(score)) for row, score in zip(rows[0], scores[0], strict=True) if row >= 0]

    def rows(self, rows: Rows) -> FloatMatrix:
        """The stored vectors of ``rows``. *Shape:* ``(len(rows), dimension)``."""
        return np.asarray(self._index.reconstruct_batch(rows), dtype=np.float32)
