"""Docstore: documents, pages and chunks in one SQLite file, read-only.

Docstores of before 0.3 have no columns for labels, authors, dates and languages; they are read as if these were NULL.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from rag.domain.stored import PageRecord, pack_words
from rag.domain.values import Document, Page, Passage
from rag.errors import DocumentUnknown, IndexCorrupt
from rag.index.docstore.integrity import check_rows, check_tables, limited_steps
from rag.index.docstore.rows import chunk_of, document_of, existing, rows_by_document
from rag.index.docstore.schema import CHUNKS, optional_columns, read_only
from rag.index.search.row_ranges import RowRanges

_MEND: Final = "make the index anew: python -m ingest PATH --rebuild"


class Docstore:
    """A published docstore, read-only. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Opens the file, whose digest the caller has checked.

        Raises:
            IndexCorrupt: not a docstore.
        """
        self._name = path.name
        with self._decoding():
            self._database = sqlite3.connect(read_only(path), uri=True, check_same_thread=False)
            check_tables(self._database)
            properties = optional_columns(self._database, "document")
            self._label = optional_columns(self._database, "page")
            self._chunks = CHUNKS.format(lead_in=optional_columns(self._database, "chunk"))
            with limited_steps(self._database, path.stat().st_size):
                rows = self._database.execute(
                    f"SELECT first_row, chunks, id, names, title, pages, size, {properties} FROM document "  # noqa: S608
                    "ORDER BY first_row, chunks, id"
                ).fetchall()
                documents = [document_of(*row[2:]) for row in rows]
                self._rows = rows_by_document(rows)
                held = {document.id: (document.pages, len(self._rows[document.id])) for document in documents}
                check_rows(self._database, held)
        # A document without chunks holds no row.
        self._holders = [(row[0], document) for row, document in zip(rows, documents, strict=True) if row[1]]
        self._documents = {d.id: d for d in sorted(documents, key=lambda document: document.name)}

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        """Translates what a damaged file leads to into IndexCorrupt."""
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
            raise IndexCorrupt(f"{self._name} cannot be read: {error}; {_MEND}") from error

    def close(self) -> None:
        """Closes the file; no method may be called afterwards."""
        self._database.close()

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    @property
    def documents(self) -> Sequence[Document]:
        """All documents, by name."""
        return list(self._documents.values())

    def document(self, document_id: str) -> Document:
        """The document with this id.

        Raises:
            DocumentUnknown: there is none.
        """
        if document_id not in self._documents:
            raise DocumentUnknown(f"no document has the id {document_id!r}")
        return self._documents[document_id]

    def page(self, document_id: str, number: int) -> Page:
        """A page with its words and headings.

        Raises:
            DocumentUnknown: there is no such document or page.
        """
        document = self.document(document_id)
        if not 1 <= number <= document.pages:
            raise DocumentUnknown(f"{document.name} has pages 1 to {document.pages}, not {number}")
        with self._decoding():
            row = self._database.execute(
                f"SELECT number, text, width, height, words, headings, {self._label} FROM page "  # noqa: S608
                "WHERE document = ? AND number = ?",
                (document_id, number),
            ).fetchone()
            return PageRecord(*existing(row)).page()

    def pages_without_words(self, document_id: str) -> list[Page]:
        """All pages of a document, in order, with their texts and headings; ``words`` are left empty.

        Raises:
            DocumentUnknown: there is no such document.
        """
        document = self.document(document_id)
        with self._decoding():
            rows = self._database.execute(
                f"SELECT number, text, width, height, ?, headings, {self._label} FROM page "  # noqa: S608
                "WHERE document = ? ORDER BY number",
                (pack_words(()), document.id),
            )
            return [PageRecord(*row).page() for row in rows]

    def pages_labelled(self, document_id: str, label: str) -> list[int]:
        """The pages with a printed number, in any case, ascending; none where the document has no labels.

        Raises:
            DocumentUnknown: there is no such document.
        """
        document = self.document(document_id)
        with self._decoding():
            labels = self._database.execute(
                f"SELECT number, {self._label} FROM page WHERE document = ? ORDER BY number",  # noqa: S608
                (document.id,),
            ).fetchall()
        wanted = label.strip().casefold()
        return [number for number, held in labels if isinstance(held, str) and held.casefold() == wanted]

    def openings(self, characters: int) -> dict[str, str]:
        """The first ``characters`` of each document's first page, by document id."""
        with self._decoding():
            found = self._database.execute(
                "SELECT d.id, substr(p.text, 1, ?) FROM document d CROSS JOIN page p "
                "ON p.document = d.id AND p.number = 1",  # in this order: a search for each, not a walk over all
                (characters,),
            ).fetchall()
        return {document_id: text for document_id, text in found if isinstance(text, str)}

    @property
    def rows_of_documents(self) -> tuple[Sequence[str], RowRanges]:
        """The documents that have rows, by id in the order of their rows, and the rows of each."""
        held = [(name, rows) for name, rows in self._rows.items() if rows]
        bounds = np.array([(rows.start, rows.stop) for _, rows in held], np.int64).reshape(-1, 2)
        return [name for name, _ in held], RowRanges(bounds[:, 0], bounds[:, 1])

    def rows_of(self, document_id: str) -> range:
        """The rows of a document's chunks, in reading order."""
        return self._rows[self.document(document_id).id]

    def passages(self, rows: Sequence[int]) -> list[Passage]:
        """The passages of ``rows``, in their order."""
        return [self._passage(row) for row in rows]

    def passages_on(self, document_id: str, first_page: int, last_page: int) -> list[Passage]:
        """The passages on a range of pages, 1-based and inclusive, in reading order; none outside of the document.

        Raises:
            DocumentUnknown: there is no such document.
        """
        document = self.document(document_id)
        first = self.rows_of(document_id).start
        return self._passages_where(document, first, "c.page", first_page, last_page)

    def neighbours(self, row: int, before: int, after: int) -> list[Passage]:
        """A passage with those before and after it in its document, in reading order.

        Args:
            row: of the passage.
            before: most passages before it, 0 or more; there are fewer at the start of the document.
            after: most passages after it.
        """
        first, document = self._holder(row)
        position = row - first
        return self._passages_where(document, first, "c.position", position - before, position + after)

    def _passages_where(self, document: Document, first: int, column: str, least: int, most: int) -> list[Passage]:
        """The passages of a document with a column from ``least`` to ``most``; ``first`` is the row of its first."""
        with self._decoding():
            found = self._database.execute(
                f"{self._chunks} AND {column} BETWEEN ? AND ? ORDER BY c.position", (document.id, least, most)
            )
            return [Passage(first + chunk[0], document, chunk_of(chunk)) for chunk in found]

    def _holder(self, row: int) -> tuple[int, Document]:
        """The document of a row, and its first row."""
        return self._holders[bisect_right(self._holders, row, key=lambda holder: holder[0]) - 1]

    def _passage(self, row: int) -> Passage:
        first, document = self._holder(row)
        with self._decoding():
            found = self._database.execute(f"{self._chunks} AND c.position = ?", (document.id, row - first)).fetchone()
            return Passage(row, document, chunk_of(existing(found)))
