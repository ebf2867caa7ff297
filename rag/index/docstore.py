"""Docstore: documents, pages and chunks in one SQLite file. The only home of sqlite3.

A generation's docstore is made by copying rows from two others without decoding them: unchanged documents come from
the generation before, new ones from a :class:`Staging` file. Docstores of before 0.3 have no columns for labels,
authors, dates and languages; they are read as if these were NULL.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from rag.domain.stored import DocumentRecord, PageRecord, pack_words
from rag.domain.values import Chunk, Document, Page, Passage
from rag.errors import DocumentUnknown, IndexCorrupt
from rag.index.docstore_integrity import check_rows, check_tables, limited_steps
from rag.index.docstore_rows import chunk_of, document_of, existing, rows_by_document
from rag.index.search.row_ranges import RowRanges
from rag.text.language import language_of_pages

# The label comes before the text: what comes after it cannot be read without it.
_SCHEMA = """
CREATE TABLE document (
    id TEXT PRIMARY KEY, names TEXT NOT NULL, title TEXT, size INTEGER NOT NULL, pages INTEGER NOT NULL,
    chunks INTEGER NOT NULL, first_row INTEGER NOT NULL, author TEXT, created TEXT, language TEXT
) WITHOUT ROWID;
CREATE TABLE page (
    document TEXT NOT NULL, number INTEGER NOT NULL, label TEXT, text TEXT NOT NULL, width REAL NOT NULL,
    height REAL NOT NULL, words BLOB NOT NULL, headings TEXT NOT NULL, PRIMARY KEY (document, number)
) WITHOUT ROWID;
CREATE TABLE chunk (
    document TEXT NOT NULL, position INTEGER NOT NULL, page INTEGER NOT NULL, start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, headings TEXT NOT NULL, PRIMARY KEY (document, position)
) WITHOUT ROWID;
"""
# A chunk's text is not stored twice: it is cut from its page. substr counts from 1, in code points, as Python does.
_CHUNKS = """
SELECT c.position, c.page, c.start, c."end", c.headings, substr(p.text, c.start + 1, c."end" - c.start)
FROM chunk c JOIN page p ON p.document = c.document AND p.number = c.page WHERE c.document = ?
"""
_MEND: Final = "make the index anew: python -m ingest PATH --rebuild"
# Columns that docstores of before 0.3 lack, by table.
_OPTIONAL: Final = {"document": ("author", "created", "language"), "page": ("label",)}


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of a generation that is being built; its rows follow those of the entry before.

    Attributes:
        names: every path under which the content was found.
        fresh: whether it comes from the staging file, not from the generation before.
    """

    id: str
    names: tuple[str, ...]
    fresh: bool


class Staging:
    """Documents read in this run, on disk, so that memory does not grow with the number of pages.

    Unlike a docstore it is not synced, and not opened after the run.
    """

    def __init__(self, path: Path) -> None:
        """Creates the file; OSError where the disk refuses."""
        with _as_os_error(path):
            self._database = _create(path)
        self._path = path

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self._path

    def add(self, document_id: str, size: int, record: DocumentRecord) -> None:
        """Stores a document; OSError where the disk refuses."""
        with _as_os_error(self._path):
            self._database.execute(
                "INSERT INTO document VALUES (?, '', ?, ?, ?, ?, 0, ?, ?, ?)",
                (
                    document_id,
                    record.title,
                    size,
                    len(record.pages),
                    len(record.chunks),
                    record.author,
                    record.created,
                    language_of_pages([page.text for page in record.pages]),
                ),
            )
            self._database.executemany(
                "INSERT INTO page VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        document_id,
                        page.number,
                        page.label,
                        page.text,
                        page.width,
                        page.height,
                        page.words,
                        page.headings,
                    )
                    for page in record.pages
                ],
            )
            self._database.executemany(
                "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?)",
                [(document_id, n, *c.span, json.dumps(c.headings)) for n, c in enumerate(record.chunks)],
            )

    def chunks(self, document_id: str) -> list[Chunk]:
        """The chunks of a document, in reading order."""
        return [chunk_of(row) for row in self._database.execute(f"{_CHUNKS} ORDER BY c.position", (document_id,))]

    def finish(self) -> None:
        """Commits and closes the file; OSError where the disk refuses."""
        with _as_os_error(self._path):
            self._database.commit()
            self._database.close()

    def close(self) -> None:
        """Closes the file without committing; it may be closed already."""
        self._database.close()


def write_docstore(path: Path, entries: Sequence[Entry], *, staging: Path, before: Path | None) -> None:
    """Writes the docstore of a new generation.

    Args:
        path: of the new file.
        entries: its documents, in the order of their rows.
        staging: closed :class:`Staging` file with the fresh documents.
        before: docstore with the other documents; None where all are fresh.

    Raises:
        OSError: the disk refused.
    """
    with _as_os_error(path), closing(_create(path)) as database, database:
        # Both are attached read-only: SQLite needs no locks, and no writable folder.
        origins = {True: _attach(database, "staging", staging)}
        if before:
            origins[False] = _attach(database, "before", before)
        row = 0
        for entry in entries:
            row += _copy(database, origins[entry.fresh], entry, row)
        database.commit()


def _copy(database: sqlite3.Connection, origin: str, entry: Entry, row: int) -> int:
    """Copies a document, and returns how many chunks it has."""
    properties = _optional(database, "document", origin)
    label = _optional(database, "page", origin)
    copied = database.execute(
        f"INSERT INTO document SELECT id, ?, title, size, pages, chunks, ?, {properties} FROM {origin}.document "  # noqa: S608
        "WHERE id = ? RETURNING chunks",
        (json.dumps(entry.names), row, entry.id),
    ).fetchall()
    database.execute(
        f"INSERT INTO page SELECT document, number, {label}, text, width, height, words, headings FROM {origin}.page "  # noqa: S608
        "WHERE document = ?",
        (entry.id,),
    )
    database.execute(f"INSERT INTO chunk SELECT * FROM {origin}.chunk WHERE document = ?", (entry.id,))  # noqa: S608
    return int(copied[0][0])


def _optional(database: sqlite3.Connection, table: str, schema: str = "main") -> str:
    """The optional columns of a table, for a SELECT; NULL for those that it lacks."""
    held = {column[1] for column in database.execute(f"PRAGMA {schema}.table_info({table})")}
    return ", ".join(column if column in held else "NULL" for column in _OPTIONAL[table])


def _attach(database: sqlite3.Connection, name: str, path: Path) -> str:
    database.execute(f"ATTACH DATABASE ? AS {name}", (_read_only(path),))
    return name


def _create(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path.resolve().as_uri(), uri=True)
    # The index writer syncs the finished file; a journal would only slow this down.
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.executescript(_SCHEMA)
    return database


@contextmanager
def _as_os_error(path: Path) -> Iterator[None]:
    """Translates SQLite's errors while writing, which are the disk's or of the file that is copied, into OSError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise OSError(f"{path.name}: {error}") from error


def _read_only(path: Path) -> str:
    return f"{path.resolve().as_uri()}?mode=ro&immutable=1"


class Docstore:
    """A published docstore, read-only. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Opens the file, whose digest the caller has checked.

        Raises:
            IndexCorrupt: not a docstore.
        """
        self._name = path.name
        with self._decoding():
            self._database = sqlite3.connect(_read_only(path), uri=True, check_same_thread=False)
            check_tables(self._database)
            properties = _optional(self._database, "document")
            self._label = _optional(self._database, "page")
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
                f"{_CHUNKS} AND {column} BETWEEN ? AND ? ORDER BY c.position", (document.id, least, most)
            )
            return [Passage(first + chunk[0], document, chunk_of(chunk)) for chunk in found]

    def _holder(self, row: int) -> tuple[int, Document]:
        """The document of a row, and its first row."""
        return self._holders[bisect_right(self._holders, row, key=lambda holder: holder[0]) - 1]

    def _passage(self, row: int) -> Passage:
        first, document = self._holder(row)
        with self._decoding():
            found = self._database.execute(f"{_CHUNKS} AND c.position = ?", (document.id, row - first)).fetchone()
            return Passage(row, document, chunk_of(existing(found)))
