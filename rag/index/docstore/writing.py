"""Writing of docstores: staging of the documents that a run reads, and the file of a new generation.

It is made by copying rows from two others without decoding them: unchanged documents come from the generation before,
new ones from a :class:`Staging` file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rag.domain.stored import DocumentRecord
from rag.domain.values import Chunk
from rag.index.docstore.rows import chunk_of
from rag.index.docstore.schema import CHUNKS, SCHEMA, optional_columns, read_only
from rag.text.language import language_of_pages

_CHUNKS: Final = CHUNKS.format(lead_in="lead_in")


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
                "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(document_id, n, *c.span, json.dumps(c.headings), c.lead_in) for n, c in enumerate(record.chunks)],
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
    properties = optional_columns(database, "document", origin)
    label = optional_columns(database, "page", origin)
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
    lead_in = optional_columns(database, "chunk", origin)
    database.execute(
        f'INSERT INTO chunk SELECT document, position, page, start, "end", headings, {lead_in} FROM {origin}.chunk '  # noqa: S608
        "WHERE document = ?",
        (entry.id,),
    )
    return int(copied[0][0])


def _attach(database: sqlite3.Connection, name: str, path: Path) -> str:
    database.execute(f"ATTACH DATABASE ? AS {name}", (read_only(path),))
    return name


def _create(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path.resolve().as_uri(), uri=True)
    # The index writer syncs the finished file; a journal would only slow this down.
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.executescript(SCHEMA)
    return database


@contextmanager
def _as_os_error(path: Path) -> Iterator[None]:
    """Translates SQLite's errors while writing, which are the disk's or of the file that is copied, into OSError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise OSError(f"{path.name}: {error}") from error
