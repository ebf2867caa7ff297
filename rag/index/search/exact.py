"""Exact vector search among some rows: cosines of whole vectors, read where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from rag.index.search.row_ranges import RowRanges, Rows
from rag.models.embedding.interfaces import FloatMatrix, FloatVector

if TYPE_CHECKING:
    import faiss

# Vectors that are copied at once.
_SLAB: Final = 4_096
# Vectors of ranges that are shorter than this on average are copied: a product for each range would take longer.
_SHORT: Final = 8


def vectors_of(exact: faiss.IndexFlatIP) -> FloatMatrix:
    """The vectors of an index, not copied. *Shape:* ``(rows, dimension)``."""
    import faiss

    found: FloatMatrix = faiss.rev_swig_ptr(exact.get_xb(), exact.ntotal * exact.d).reshape(exact.ntotal, exact.d)
    return found


def best_rows(exact: faiss.IndexFlatIP, vector: FloatVector, rows: Rows, limit: int) -> tuple[Rows, FloatVector]:
    """The best of some rows by their exact cosines, best first; the lower row first where they are equal."""
    rows = np.sort(rows)
    slabs = np.split(rows, range(_SLAB, len(rows), _SLAB))
    cosines = np.concatenate([np.asarray(exact.reconstruct_batch(slab) @ vector, np.float32) for slab in slabs])
    best = _best(cosines, limit)
    return rows[best], cosines[best]


def best_in_ranges(
    exact: faiss.IndexFlatIP, vector: FloatVector, ranges: RowRanges, limit: int
) -> tuple[Rows, FloatVector]:
    """The same for rows in ranges, as those of whole documents are: their vectors are not copied."""
    count = len(ranges)
    if count < _SHORT * len(ranges.starts):
        return best_rows(exact, vector, ranges.rows(), limit)
    vectors, cosines, position = vectors_of(exact), np.empty(count, np.float32), 0
    for start, end in zip(ranges.starts.tolist(), ranges.ends.tolist(), strict=True):
        np.dot(vectors[start:end], vector, out=cosines[position : position + end - start])
        position += end - start
    best = _best(cosines, limit)
    return ranges.at(best), cosines[best]


def _best(cosines: FloatVector, limit: int) -> Rows:
    """Positions of the highest cosines, the highest first; the lower position first where they are equal."""
    last = len(cosines) - min(limit, len(cosines))
    # Only those that can be among the best are sorted.
    likely = np.flatnonzero(cosines >= np.partition(cosines, last)[last])
    order: Rows = np.argsort(-cosines[likely], kind="stable")[:limit]
    return likely[order]
