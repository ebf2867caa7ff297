"""Opened index generation: one consistent set of vectors, BM25 index and documents."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from rag.domain.attached_file import is_attached
from rag.domain.values import Document, Page, Passage
from rag.errors import DocumentUnknown, IndexCorrupt
from rag.index.bm25 import Bm25Index, Terms
from rag.index.docstore.docstore import Docstore
from rag.index.document_matching import OPENING, DocumentMatch, DocumentMatcher
from rag.index.layout import IndexLayout
from rag.index.manifest import Manifest
from rag.index.pending_vectors import count_pending
from rag.index.search.interfaces import VectorSearch
from rag.index.search.row_ranges import RowRanges, Rows
from rag.models.embedding.interfaces import FloatMatrix, FloatVector
from rag.text.edit_distance import SpellingIndex
from rag.text.words import LETTERS

# A misspelt word is looked up in at most so many passages for each of at most so many stems.
_MOST_STEMS: Final = 4
_MOST_TEXTS: Final = 20
# An answer reads the pages of its passages several times; each has about 100 kB in memory.
_KEPT_PAGES: Final = 64


class Generation:
    """An opened generation. Immutable, and safe to search from several threads."""

    def __init__(
        self,
        manifest: Manifest,
        manifest_digest: str,
        folder: Path,
        vectors: VectorSearch | None,
        bm25: Bm25Index,
        docstore: Docstore,
        sources: Path,
    ) -> None:
        """Joins the parts; ``folder`` has the generation's files, ``sources`` the copies of the documents.

        A provisional generation has no ``vectors``.

        Raises:
            IndexCorrupt: the parts do not hold the same number of rows.
        """
        sizes = {len(bm25), len(docstore), manifest.counts.chunks} | ({len(vectors)} if vectors else set())
        if len(sizes) != 1:
            raise IndexCorrupt(f"generation {manifest.generation}: its parts hold {sorted(sizes)} rows")
        self.manifest = manifest
        self.manifest_digest = manifest_digest
        self.folder = folder
        self._vectors = vectors
        self._bm25 = bm25
        self._docstore = docstore
        self._sources = sources
        self._published = {row.sha256: row.added for row in manifest.sources if row.sha256 and row.added}
        self._page = lru_cache(_KEPT_PAGES)(docstore.page)

    def __len__(self) -> int:
        return len(self._docstore)

    @property
    def id(self) -> str:
        """Name of the generation."""
        return self.manifest.generation

    @property
    def has_vectors(self) -> bool:
        """False for a provisional generation: only its text can be searched."""
        return self._vectors is not None

    def pending_vectors(self) -> int:
        """Number of vectors of a provisional generation computed so far, by the ingest that is at work."""
        return count_pending(IndexLayout(self.folder.parents[1]), self.manifest.encoder)

    @property
    def documents(self) -> Sequence[Document]:
        """All documents, by name."""
        return self._docstore.documents

    def document(self, document_id: str) -> Document:
        """The document with this id, or DocumentUnknown."""
        return self._docstore.document(document_id)

    def page(self, document_id: str, number: int) -> Page:
        """A page, 1-based, or DocumentUnknown; the last ones are kept in memory."""
        return self._page(document_id, number)

    def pages_without_words(self, document_id: str) -> list[Page]:
        """All pages of a document, in order, without their words; or DocumentUnknown."""
        return self._docstore.pages_without_words(document_id)

    def pages_labelled(self, document_id: str, label: str) -> list[int]:
        """The pages, 1-based, on which this number is printed, such as "iv"; or DocumentUnknown."""
        return self._docstore.pages_labelled(document_id, label)

    def source(self, document_id: str) -> Path:
        """The stored copy of a document's file, or DocumentUnknown."""
        return self._sources / self.document(document_id).id

    def added(self, document_id: str) -> datetime | None:
        """Time at which a document's content was first published, under any name.

        An index of before 0.3 does not tell: it is then the time of the stored copy, or None where that is gone.
        """
        if published := self._published.get(document_id):
            return datetime.fromisoformat(published)
        try:
            return datetime.fromtimestamp(self.source(document_id).stat().st_mtime, UTC)
        except OSError:
            return None

    def nearest(self, vector: FloatVector, limit: int, scope: RowRanges | None = None) -> list[tuple[int, float]]:
        """Vector search: rows with their cosines, best first. *Shape of vector:* ``(dimension,)``, of length 1.

        None are found in a provisional generation.
        """
        if self._vectors is None:
            return []
        return self._vectors.search(vector, limit, scope)

    def cosines(self, vector: FloatVector, rows: Rows) -> FloatVector:
        """The cosine of each of ``rows`` with a vector of length 1. *Shape:* ``(len(rows),)``.

        All are 0 in a provisional generation.
        """
        if self._vectors is None:
            return np.zeros(len(rows), np.float32)
        return self._vectors.cosines(vector, rows)

    def bm25_scores(self, question: str) -> FloatVector:
        """The BM25 score of every row; takes time for each. *Shape:* ``(rows,)``."""
        return self._bm25.scores(question)

    def bm25_scores_of(self, question: str, rows: Rows) -> FloatVector:
        """The BM25 scores of some rows. *Shape:* ``(len(rows),)``."""
        return self._bm25.scores_of(question, rows)

    def matching(self, question: str, limit: int, scope: RowRanges | None = None) -> list[tuple[int, float]]:
        """BM25 search: rows with their scores, best first."""
        return self._bm25.search(question, limit, scope)

    def rows_with(self, word: str) -> Rows:
        """Rows that have the stem of a word, ascending; none for a stop word, which is not indexed."""
        return self._bm25.rows_with(word)

    def document_match(self, question: str) -> DocumentMatch:
        """Match of each document with a question that may name it."""
        ids, rows = self._documents_of_rows
        shares = self._matcher.shares(question).astype(np.float32)
        return DocumentMatch(rows, shares[ids])

    def distinct_match(self, question: str) -> DocumentMatch:
        """The same, less for a document whose matching words other documents have in their text as often."""
        ids, rows = self._documents_of_rows
        shares = self._matcher.shares(question, self._shares_with).astype(np.float32)
        return DocumentMatch(rows, shares[ids])

    def _shares_with(self, word: str) -> FloatVector:
        """The share of each document's passages that have a word, 0..1. *Shape:* ``(documents,)``."""
        ids, rows = self._documents_of_rows
        shares = np.zeros(len(self.documents), np.float32)
        holders = np.searchsorted(rows.starts, self.rows_with(word), side="right") - 1
        shares[ids] = np.bincount(holders, minlength=len(ids)) / (rows.ends - rows.starts)
        return shares

    def match_of_documents(self, question: str) -> dict[str, float]:
        """The same by the id of the document, for documents without rows too."""
        return self._matcher.match(question)

    @cached_property
    def _documents_of_rows(self) -> tuple[Rows, RowRanges]:
        """For each document with rows its place among all documents, and its rows."""
        places = {document.id: place for place, document in enumerate(self.documents)}
        ids, rows = self.rows_of_documents()
        return np.array([places[one] for one in ids], np.int64), rows

    def rows_of_documents(self) -> tuple[Sequence[str], RowRanges]:
        """The documents that have rows, by id in the order of their rows, and the rows of each."""
        return self._docstore.rows_of_documents

    def is_name_of(self, document_id: str, word: str) -> bool:
        """True if a word is one of a document's names, title or cover; false for a stop word."""
        return self._matcher.is_name(document_id, word)

    @cached_property
    def _matcher(self) -> DocumentMatcher:
        # Made for the first question: ingest opens generations too, and asks none.
        return DocumentMatcher(self.documents, self.openings(OPENING))

    def openings(self, characters: int) -> dict[str, str]:
        """The first ``characters`` of each document's first page, by document id."""
        return self._docstore.openings(characters)

    def knows(self, word: str) -> bool:
        """True if the stem of a word occurs in a passage; true for a stop word."""
        return self._bm25.knows(word)

    def spelt_like(self, word: str, edits: int) -> str | None:
        """Spelling correction: the word of the documents that is spelt most like ``word``, in lower case.

        Args:
            word: letters only.
            edits: most letters to insert, leave out, replace or swap.

        Returns:
            None where the stem of ``word`` occurs, or where no word within ``edits`` begins with one of its first two
            letters. Of words that are equally near, the more frequent one.
        """
        if self.knows(word):
            return None
        word = word.casefold()
        counts: Counter[str] = Counter()
        for rows in self.rows_spelt_like(word, edits)[:_MOST_STEMS]:
            # Neighbouring passages have the same inflections of a word: a sample from all over the index has more.
            some = rows[:: len(rows) // _MOST_TEXTS + 1].tolist()
            texts = [passage.chunk.text.casefold() for passage in self.passages(some)]
            for other in set(LETTERS.findall(" ".join(texts))):
                counts[other] = max(counts[other], len(rows))
        words = [other for other, _ in counts.most_common()]
        return next((words[place] for place in SpellingIndex(words).near(word, edits)), None)

    def rows_spelt_like(self, word: str, edits: int) -> list[Rows]:
        """Rows of words spelt similarly to ``word``, a group for each stem within ``edits``, the most similar first."""
        return self._bm25.rows_spelt_like(word, edits)

    def passages(self, rows: Sequence[int]) -> list[Passage]:
        """The passages of ``rows``, in their order."""
        return self._docstore.passages(rows)

    def passages_on(self, document_id: str, first_page: int, last_page: int) -> list[Passage]:
        """The passages on pages of a document, 1-based and inclusive, in reading order; or DocumentUnknown."""
        return self._docstore.passages_on(document_id, first_page, last_page)

    def neighbours(self, row: int, before: int, after: int) -> list[Passage]:
        """The passage of ``row`` with at most so many before and after it in its document, in reading order."""
        return self._docstore.neighbours(row, before, after)

    def rows_named(self, names: Sequence[str]) -> Rows | None:
        """:meth:`scope_of` as rows, ascending."""
        scope = self.scope_of(names)
        return None if scope is None else scope.rows()

    def scope_of(self, names: Sequence[str]) -> RowRanges | None:
        """Rows of the documents with these names; None, meaning all, for no names.

        Raises:
            DocumentUnknown: a name is not in the index.
        """
        return RowRanges.of(self.rows_under(self.names_of(names))) if names else None

    def rows_under(self, names: Sequence[str]) -> Iterator[range]:
        """The rows of each document that has one of these names, spelt as the index has them."""
        ids = {name: document.id for document in self.documents for name in document.names}
        return (self._docstore.rows_of(ids[name]) for name in names if name in ids)

    def names_of(self, names: Sequence[str]) -> tuple[str, ...]:
        """The names as the index has them, and those of the files that are attached to these documents.

        The same name in another Unicode form is the same name.

        Raises:
            DocumentUnknown: a name is not in the index.
        """
        if not names:
            return ()
        if unknown := [name for name in names if name not in self._names and _normal(name) not in self._names]:
            raise DocumentUnknown(f"no document is named {unknown[0]!r}; GET /documents lists them", "documents")
        given = [self._names.get(name) or self._names[_normal(name)] for name in names]
        attached = [name for name in self._names.values() if is_attached(name, given)]
        return tuple(dict.fromkeys([*given, *attached]))

    @cached_property
    def _names(self) -> dict[str, str]:
        """Each name of a document by itself, and by its normal form where no other has that."""
        names = [name for document in self.documents for name in document.names]
        return {**{_normal(name): name for name in reversed(names)}, **{name: name for name in names}}

    def vectors_of(self, document_id: str) -> FloatMatrix:
        """The vectors of a document's chunks, in reading order. *Shape:* ``(chunks, dimension)``.

        A provisional generation has none.
        """
        assert self._vectors is not None  # noqa: S101 - ingest computes those of a provisional generation anew
        return self._vectors.rows(self._docstore.rows_of(document_id))

    def chunks_of(self, document_id: str) -> int:
        """Number of a document's chunks, or DocumentUnknown."""
        return len(self._docstore.rows_of(document_id))

    def terms_of(self, document_ids: Sequence[str]) -> Terms:
        """Tokenized rows of these documents, in their order."""
        rows = [np.arange(*self._span(document_id), dtype=np.int64) for document_id in document_ids]
        return self._bm25.terms.rows(np.concatenate(rows))

    def _span(self, document_id: str) -> tuple[int, int]:
        rows = self._docstore.rows_of(document_id)
        return rows.start, rows.stop

    def close(self) -> None:
        """Frees the files; no method may be called afterwards."""
        self._docstore.close()


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)
