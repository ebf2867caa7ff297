"""Vector index: inner-product search, exact in small indexes, approximate in large ones. It knows no documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rag.errors import IndexCorrupt
from rag.index.search.approximate import TIERS, ApproximateIndex, ApproximateSearch, Tier, build_approximate
from rag.index.search.exact import best_in_ranges, best_rows
from rag.index.search.row_ranges import RowRanges, Rows
from rag.models.embedding.interfaces import FloatMatrix, FloatVector

if TYPE_CHECKING:
    import faiss

# An approximate search is not made where there are so few rows to choose from, or not more than one in so many.
_FEW: Final = 20_000
_OF_ALL: Final = 10


class VectorIndex:
    """Index of vectors of length 1: scores are cosines. Without an approximate index every search is exhaustive."""

    def __init__(self, index: faiss.IndexFlatIP, approximate: ApproximateIndex | None = None) -> None:
        self._index = index
        self._approximate = approximate

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

    def approximated(self, tiers: Sequence[Tier] = TIERS) -> VectorIndex:
        """With the approximate search that is used for so many rows, if one is."""
        return VectorIndex(self._index, build_approximate(self._index, tiers))

    @property
    def approximate_search(self) -> ApproximateSearch | None:
        """The setting of the approximate search; None where every search is exact."""
        return self._approximate.search if self._approximate else None

    def write(self, write: Callable[[bytes], Any]) -> None:
        """Serializes the exact vectors in pieces; see :meth:`write_codes`."""
        _write(self._index, write)

    def write_codes(self, write: Callable[[bytes], Any]) -> None:
        """Serializes the codes of the approximate search, of which there must be one, in pieces.

        Raises:
            OSError: ``write`` did.
        """
        assert self._approximate  # noqa: S101 - the caller checked
        _write(self._approximate.codes, write)

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

    @classmethod
    def mapped(cls, vectors: Path, codes: Path, search: ApproximateSearch) -> VectorIndex:
        """Opens files of exact vectors and of codes, mapped into memory. The caller has checked their digests.

        Raises:
            IndexCorrupt: they are not what :meth:`write` and :meth:`write_codes` write, or not of the same rows.
        """
        import faiss

        try:
            index = faiss.read_index(str(vectors), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexCorrupt(f"faiss cannot read the vectors: {error}") from error
        if type(index) is not faiss.IndexFlatIP:
            raise IndexCorrupt(f"the vectors are of type {type(index).__name__}, not IndexFlatIP")
        approximate = ApproximateIndex.read(codes, search)
        if (approximate.codes.ntotal, approximate.codes.d) != (index.ntotal, index.d):
            raise IndexCorrupt("the vectors and their codes are not of the same rows")
        return cls(index, approximate)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Dimension of the vectors."""
        return int(self._index.d)

    def search(self, vector: FloatVector, limit: int, among: RowRanges | None = None) -> list[tuple[int, float]]:
        """The nearest rows with their cosines, best first: at most ``limit``, and only rows of ``among`` if given."""
        limit = min(limit, len(self) if among is None else len(among))
        if limit == 0:
            return []
        rows, scores = (
            self._exact(vector, limit, among) if self._approximate is None else self._best(vector, limit, among)
        )
        return [(int(row), float(score)) for row, score in zip(rows, scores, strict=True) if row >= 0]

    def _exact(self, vector: FloatVector, limit: int, among: RowRanges | None) -> tuple[Rows, FloatVector]:
        if among is not None:
            return best_in_ranges(self._index, vector, among, limit)
        scores, rows = self._index.search(vector.reshape(1, -1), limit)
        return rows[0], scores[0]

    def _best(self, vector: FloatVector, limit: int, among: RowRanges | None) -> tuple[Rows, FloatVector]:
        """The nearest rows by codes, rescored; few rows to choose from are compared by their exact vectors at once."""
        assert self._approximate  # noqa: S101 - the caller checked
        if among is None:
            rows = self._approximate.nearest(vector, max(1.0, limit / self._approximate.search.rescored))
            return best_rows(self._index, vector, rows, limit)
        if len(among) > max(_FEW, len(self) // _OF_ALL):
            rows = self._approximate.nearest(vector, len(self) / len(among))
            rows = rows[among.holds(rows)]
            if len(rows) >= limit:
                return best_rows(self._index, vector, rows, limit)
        return best_in_ranges(self._index, vector, among, limit)

    def cosines(self, vector: FloatVector, rows: Rows) -> FloatVector:
        """The cosine of each of ``rows`` with a vector of length 1. *Shape:* ``(len(rows),)``."""
        stored = self._index.reconstruct_batch(rows) if len(rows) else np.zeros((0, self.dimension), np.float32)
        return np.asarray(stored @ vector, dtype=np.float32)

    def rows(self, rows: range) -> FloatMatrix:
        """The stored vectors of ``rows``, which follow one another. *Shape:* ``(len(rows), dimension)``."""
        return np.asarray(self._index.reconstruct_n(rows.start, len(rows)), dtype=np.float32)


def _write(index: faiss.Index, write: Callable[[bytes], Any]) -> None:
    """Serializes an index in pieces, which ``write`` stores.

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

    faiss.write_index(index, faiss.PyCallbackIOWriter(deliver))  # type: ignore[attr-defined]
    if refused:
        raise refused[0]
