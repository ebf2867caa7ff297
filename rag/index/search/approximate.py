"""Approximate vector search for large indexes: RaBitQ codes, the best rescored with their exact vectors.

RaBitQ (Gao and Long, RaBitQ: quantizing high-dimensional vectors with a theoretical error bound, 2024) keeps one bit of
each dimension, scanned in registers (fast scan). The nearest rows by these codes are compared by their exact vectors,
so scores are cosines, and only recall is less than 1. It is measured when the index is built, on queries that are no
rows, and written to the manifest; a setting that does not keep the promise is not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
from pydantic import Field

from rag.domain.frozen_model import FrozenModel
from rag.errors import IndexCorrupt
from rag.index.search.exact import best_rows, vectors_of
from rag.index.search.row_ranges import Rows
from rag.models.embedding.interfaces import FloatMatrix, FloatVector

if TYPE_CHECKING:
    import faiss

# Nearest rows of which recall is measured: as many as a search for candidates asks for, and as many as are shown.
_DEPTHS: Final = (50, 10)
_QUERIES: Final = 100
# A query is a row plus this share of the difference of two others: near some rows, and none of them.
_OFFSET: Final = 0.5
# k-means is trained with so many rows for each cell; faiss warns below 39.
_ROWS_OF_CELL: Final = 40
_SEED: Final = 1234

Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[int, Field(ge=0, le=1_000_000)]


class ApproximateSearch(FrozenModel):
    """Setting of an approximate search, and its recall when it was built.

    Attributes:
        cells: of an inverted file (IVF) over the codes; 0 for none, all codes are scanned.
        probes: cells that a search scans.
        rescored: rows that are compared by their exact vectors.
        recall_at_10: share of the 10 nearest rows that are found; ``recall_at_50`` likewise.
    """

    cells: Number = 0
    probes: Number = 0
    rescored: Annotated[int, Field(ge=1, le=1_000_000)]
    recall_at_10: Share = 0.0
    recall_at_50: Share = 0.0


@dataclass(frozen=True)
class Tier:
    """Settings for indexes of at least ``rows`` rows, the fastest first."""

    rows: int
    settings: tuple[ApproximateSearch, ...]


@dataclass(frozen=True)
class Promise:
    """Recall that a setting must have on held-out queries to be used."""

    at_10: float = 0.99
    at_50: float = 0.97

    def is_kept(self, search: ApproximateSearch) -> bool:
        """True if the recall of a setting is as high as promised."""
        return search.recall_at_10 >= self.at_10 and search.recall_at_50 >= self.at_50


_SCANS: Final = tuple(ApproximateSearch(rescored=rescored) for rescored in (200, 400, 800))
# Which search an index gets. A setting that does not keep the promise is followed by the next of its tier; after the
# last, the search is exact. To measure it: python -m benchmarks.sizing (docs/operations.md).
TIERS: Final = (
    # All codes are scanned. A row of 384 dimensions has 56 bytes of them, in place of 1,536 of its vector, or of 384
    # with eight bits for each dimension (SQ8). Below so many rows the exact search takes a few milliseconds.
    Tier(20_000, _SCANS),
    # Scanning grows with the rows. Of cells few are scanned, but tables are computed anew for each of them: that pays
    # where a cell has hundreds of rows.
    Tier(500_000, (*(ApproximateSearch(cells=4_096, probes=n, rescored=400) for n in (64, 128, 256)), *_SCANS[1:])),
)


@dataclass(frozen=True, eq=False)
class ApproximateIndex:
    """Codes of the rows, and the setting of searches in them."""

    codes: faiss.Index
    search: ApproximateSearch

    @classmethod
    def read(cls, path: Path, search: ApproximateSearch) -> ApproximateIndex:
        """Opens a file of codes whose digest the caller has checked.

        Raises:
            IndexCorrupt: they are not the codes of this setting.
        """
        import faiss

        try:
            codes = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexCorrupt(f"faiss cannot read the codes of the vectors: {error}") from error
        wanted = faiss.IndexIVFRaBitQFastScan if search.cells else faiss.IndexRaBitQFastScan
        if type(codes) is not wanted:
            raise IndexCorrupt(f"the codes of the vectors are of type {type(codes).__name__}, not {wanted.__name__}")
        return cls(codes, search)

    def nearest(self, vector: FloatVector, times: float = 1.0) -> Rows:
        """The rows to rescore for a vector, in any order: ``times`` as many as the setting says."""
        import faiss

        count = min(int(self.search.rescored * times), self.codes.ntotal)
        parameters = faiss.SearchParametersIVF(nprobe=self.search.probes) if self.search.cells else None  # type: ignore[call-arg]
        _, rows = self.codes.search(vector.reshape(1, -1), count, params=parameters)
        return np.asarray(rows[0][rows[0] >= 0], np.int64)


def build_approximate(exact: faiss.IndexFlatIP, tiers: Sequence[Tier]) -> ApproximateIndex | None:
    """The approximate search of the highest tier that the rows reach; None where the exact search is to be used."""
    tier = max((tier for tier in tiers if tier.rows <= exact.ntotal), key=lambda tier: tier.rows, default=None)
    if tier is None:
        return None
    queries = _queries(exact)
    nearest = exact.search(queries, _DEPTHS[0])[1]
    built: dict[int, faiss.Index] = {}
    for setting in tier.settings:
        if setting.cells not in built:
            built[setting.cells] = _codes(exact, setting.cells)
        index = _measured(ApproximateIndex(built[setting.cells], setting), exact, queries, nearest)
        if Promise().is_kept(index.search):
            return index
    return None


def _codes(exact: faiss.IndexFlatIP, cells: int) -> faiss.Index:
    import faiss

    codes = faiss.index_factory(exact.d, f"IVF{cells},RaBitQfs" if cells else "RaBitQfs")
    vectors = vectors_of(exact)
    some = min(exact.ntotal, _ROWS_OF_CELL * cells) if cells else exact.ntotal
    codes.train(vectors[np.linspace(0, exact.ntotal - 1, some).astype(np.int64)] if cells else vectors)
    codes.add(vectors)
    return codes


def _queries(exact: faiss.IndexFlatIP) -> FloatMatrix:
    """Vectors of length 1 near rows, the same for the same rows. *Shape:* ``(queries, dimension)``."""
    chosen = np.random.default_rng(_SEED).integers(exact.ntotal, size=(3, _QUERIES))
    near, one, other = (exact.reconstruct_batch(rows) for rows in chosen)
    vectors = near + np.float32(_OFFSET) * (one - other)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _measured(
    index: ApproximateIndex, exact: faiss.IndexFlatIP, queries: FloatMatrix, nearest: Rows
) -> ApproximateIndex:
    """The index with the recall of its setting. *Shape of nearest:* ``(queries, 50)``."""
    found = [best_rows(exact, query, index.nearest(query), _DEPTHS[0])[0] for query in queries]
    recall = [
        sum(len(np.intersect1d(some[:depth], right[:depth])) for some, right in zip(found, nearest, strict=True))
        / sum(len(right[:depth]) for right in nearest)
        for depth in _DEPTHS
    ]
    return ApproximateIndex(
        index.codes, index.search.model_copy(update={"recall_at_50": recall[0], "recall_at_10": recall[1]})
    )
