"""Building the files of a generation: rows of unchanged documents are copied from the one before, others are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Final

import numpy as np

from rag.domain.values import in_context
from rag.index import durable_files
from rag.index.bm25 import Bm25Index, Terms
from rag.index.docstore.docstore import Docstore
from rag.index.docstore.writing import Entry
from rag.index.generation import Generation
from rag.index.layout import CODES, DOCSTORE, LEXICAL, VECTORS
from rag.index.manifest import Counts
from rag.index.search.approximate import ApproximateSearch
from rag.index.vectors import VectorIndex
from rag.models.embedding.interfaces import FloatMatrix

# Vectors that are read at once.
_SLAB: Final = 4096


class FreshVectors:
    """Vectors of the staged documents, on disk until they are published. *Shape of each:* ``(dimension,)``."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self._places: dict[str, tuple[int, int]] = {}
        self._rows = 0
        self._dimension = 0

    def reserve(self, document_id: str, chunks: int) -> None:
        """Reserves the rows of a document."""
        self._places[document_id] = (self._rows, chunks)
        self._rows += chunks

    def __contains__(self, document_id: str) -> bool:
        return document_id in self._places

    def put(self, document_id: str, position: int, vector: FloatMatrix) -> None:
        """Stores the vector of a chunk; vectors may come in any order."""
        self._dimension = len(vector)
        self._file.seek((self._places[document_id][0] + position) * self._dimension * 4)
        self._file.write(vector.astype("<f4").tobytes())

    def size(self, dimension: int) -> int:
        """Bytes of all reserved rows."""
        return self._rows * dimension * 4

    def of(self, document_id: str) -> Iterator[FloatMatrix]:
        """The vectors of a document, in slabs. *Shape of each:* ``(rows, dimension)``."""
        first, count = self._places[document_id]
        self._file.flush()
        for start in range(first, first + count, _SLAB):
            rows = min(_SLAB, first + count - start)
            self._file.seek(start * self._dimension * 4)
            data = self._file.read(rows * self._dimension * 4)
            yield np.frombuffer(data, dtype="<f4").reshape(rows, self._dimension)

    def close(self) -> None:
        """Closes the file; no method may be called afterwards."""
        self._file.close()


def write_bm25(folder: Path, entries: Sequence[Entry], before: Generation | None) -> None:
    """Writes the BM25 index, rows in the order of the entries; OSError where the disk refuses."""
    docstore = Docstore(folder / DOCSTORE)
    Bm25Index.build(_terms(docstore, entries, before)).save(folder / LEXICAL)
    docstore.close()


def write_vectors(
    folder: Path, entries: Sequence[Entry], before: Generation | None, fresh: FreshVectors, dimension: int
) -> ApproximateSearch | None:
    """Writes the vector index, rows in the order of the entries; OSError where the disk refuses.

    Returns:
        The setting of the approximate search; None for a small index, whose searches are exact.
    """
    index = VectorIndex.empty(dimension)
    for entry in entries:
        if entry.id in fresh:
            for slab in fresh.of(entry.id):
                index.add(slab)
        elif before:
            index.add(before.vectors_of(entry.id))
    durable_files.write(folder / VECTORS, lambda file: index.write(file.write))
    index = index.approximated()
    if index.approximate_search:
        durable_files.write(folder / CODES, lambda file: index.write_codes(file.write))
    return index.approximate_search


def _terms(docstore: Docstore, entries: Sequence[Entry], before: Generation | None) -> Terms:
    """Tokenized rows in the order of the entries: copied for unchanged documents, tokenized for fresh ones."""
    fresh = [entry.id for entry in entries if entry.fresh]
    unchanged = [entry.id for entry in entries if not entry.fresh]
    parts = [before.terms_of(unchanged)] if before and unchanged else []
    joined = Terms.joined([*parts, Terms.of(_texts(docstore, fresh), _languages(docstore, fresh))])
    # In `joined` the rows of unchanged documents come first.
    start, places = 0, {}
    for document_id in [*unchanged, *fresh]:
        places[document_id] = np.arange(start, start + len(docstore.rows_of(document_id)))
        start += len(places[document_id])
    return joined.rows(np.concatenate([places[entry.id] for entry in entries]))


def _texts(docstore: Docstore, document_ids: Sequence[str]) -> Iterator[str]:
    """The text that BM25 indexes for each row."""
    for document_id in document_ids:
        for passage in docstore.passages(docstore.rows_of(document_id)):
            yield in_context(passage.chunk.context, passage.chunk.text)


def _languages(docstore: Docstore, document_ids: Sequence[str]) -> Iterator[str | None]:
    """The language of each of these rows: that of its document."""
    for document_id in document_ids:
        yield from repeat(docstore.document(document_id).language, len(docstore.rows_of(document_id)))


def counts_of(folder: Path) -> Counts:
    """Numbers of documents, pages and chunks in the docstore that was written."""
    docstore = Docstore(folder / DOCSTORE)
    documents = docstore.documents
    counts = Counts(documents=len(documents), pages=sum(document.pages for document in documents), chunks=len(docstore))
    docstore.close()
    return counts
