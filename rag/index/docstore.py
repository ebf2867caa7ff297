"""Documents, pages and chunks in one SQLite file. The only home of sqlite3."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from rag.domain import Box, Chunk, Document, Heading, Page, Passage, Span, Word
from rag.errors import DocumentUnknown, IndexCorrupt

_SCHEMA = """
CREATE TABLE document (
    id TEXT PRIMARY KEY, names TEXT NOT NULL, title TEXT NOT NULL, pages INTEGER NOT NULL, size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE page (
    document TEXT NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL, width REAL NOT NULL, height REAL NOT NULL,
    words BLOB NOT NULL, headings TEXT NOT NULL, PRIMARY KEY (document, number)
) WITHOUT ROWID;
CREATE TABLE chunk (
    "row" INTEGER PRIMARY KEY, document TEXT NOT NULL, page INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, headings TEXT NOT NULL
);
CREATE INDEX chunk_document ON chunk (document);
"""
# A chunk's text is not stored twice: it is cut from its page. substr counts from 1, in code points, as Python does.
_CHUNKS = """
SELECT c."row", c.document, c.page, c.start, c."end", c.headings, substr(p.text, c.start + 1, c."end" - c.start)
FROM chunk c JOIN page p ON p.document = c.document AND p.number = c.page
"""


def write_docstore(path: Path, documents: Iterable[tuple[Document, Sequence[Page], Sequence[Chunk]]]) -> None:
    """Writes a new file; chunks get rows 0, 1, 2 … in the order given.

    Raises:
        OSError: the disk refused.
    """
    try:
        _write(path, documents)
    except sqlite3.OperationalError as error:
        raise OSError(f"{path.name}: {error}") from error


def _write(path: Path, documents: Iterable[tuple[Document, Sequence[Page], Sequence[Chunk]]]) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        # The publication syncs the finished file; a journal of its own would only slow the writing.
        database.execute("PRAGMA journal_mode = OFF")
        database.executescript(_SCHEMA)
        row = 0
        for document, pages, chunks in documents:
            _insert(database, document, pages)
            database.executemany(
                "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?)",
                [(row + n, document.id, *chunk.span, json.dumps(chunk.headings)) for n, chunk in enumerate(chunks)],
            )
            row += len(chunks)


def _insert(database: sqlite3.Connection, document: Document, pages: Sequence[Page]) -> None:
    database.execute(
        "INSERT INTO document VALUES (?, ?, ?, ?, ?)",
        (document.id, json.dumps(document.names), document.title, document.pages, document.size),
    )
    database.executemany(
        "INSERT INTO page VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (document.id, p.number, p.text, p.width, p.height, _pack(p.words), json.dumps(list(p.headings)))
            for p in pages
        ],
    )


class Docstore:
    """A published docstore, read only. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Opens the file, whose digest has been checked.

        Raises:
            IndexCorrupt: not a docstore.
        """
        try:
            # immutable: nobody writes here, so SQLite needs neither locks nor a writable folder.
            self._database = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            rows = self._database.execute("SELECT * FROM document").fetchall()
        except sqlite3.Error as error:
            raise IndexCorrupt(f"{path.name} cannot be read: {error}") from error
        documents = [Document(id_, tuple(json.loads(names)), *rest) for id_, names, *rest in rows]
        self._documents = {d.id: d for d in sorted(documents, key=lambda document: document.name)}

    def close(self) -> None:
        """No method may be called afterwards."""
        self._database.close()

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM chunk").fetchone()[0])

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
        row = self._database.execute(
            "SELECT number, text, width, height, words, headings FROM page WHERE document = ? AND number = ?",
            (document_id, number),
        ).fetchone()
        return _page(row)

    def pages(self, document_id: str) -> list[Page]:
        """All pages of a document."""
        rows = self._database.execute(
            "SELECT number, text, width, height, words, headings FROM page WHERE document = ? ORDER BY number",
            (document_id,),
        )
        return [_page(row) for row in rows]

    def passages(self, rows: Sequence[int]) -> list[Passage]:
        """The passages of ``rows``, in their order."""
        marks = ",".join("?" * len(rows))
        found = {
            row[0]: self._passage(row)
            for row in self._database.execute(f'{_CHUNKS} WHERE c."row" IN ({marks})', list(rows))
        }
        return [found[row] for row in rows]

    def passages_of(self, document_id: str) -> list[Passage]:
        """All passages of a document, in reading order."""
        rows = self._database.execute(f'{_CHUNKS} WHERE c.document = ? ORDER BY c."row"', (document_id,))
        return [self._passage(row) for row in rows]

    def rows_of(self, document_ids: Sequence[str]) -> list[int]:
        """The rows of all chunks of these documents, ascending."""
        marks = ",".join("?" * len(document_ids))
        query = f'SELECT "row" FROM chunk WHERE document IN ({marks}) ORDER BY "row"'  # noqa: S608
        return [row for (row,) in self._database.execute(query, list(document_ids))]

    def _passage(self, row: tuple[int, str, int, int, int, str, str]) -> Passage:
        number, document, page, start, end, headings, text = row
        return Passage(
            number, self._documents[document], Chunk(Span(page, start, end), text, tuple(json.loads(headings)))
        )


def _page(row: tuple[int, str, float, float, bytes, str]) -> Page:
    number, text, width, height, words, headings = row
    return Page(number, text, width, height, _unpack(words), tuple(Heading(*h) for h in json.loads(headings)))


def _pack(words: Sequence[Word]) -> bytes:
    """Offsets as int32 pairs, then boxes as float32 fours, compressed."""
    offsets = np.array([(word.start, word.end) for word in words], dtype="<i4")
    boxes = np.array([word.box for word in words], dtype="<f4")
    return zlib.compress(offsets.tobytes() + boxes.tobytes(), level=1)


def _unpack(data: bytes) -> tuple[Word, ...]:
    raw = zlib.decompress(data)
    count = len(raw) // 24
    offsets = np.frombuffer(raw, dtype="<i4", count=count * 2).reshape(-1, 2).tolist()
    boxes = np.frombuffer(raw, dtype="<f4", offset=count * 8).reshape(-1, 4).astype(np.float64).round(2).tolist()
    return tuple(Word(start, end, Box(*box)) for (start, end), box in zip(offsets, boxes, strict=True))
