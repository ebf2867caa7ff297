"""Integrity check of a docstore's file: its tables are the known ones, and hold every page and chunk of each document.

SQLite reads files that were made to harm: a table may be a view that never ends, or a tree whose pages refer to each
other in circles (https://www.sqlite.org/security.html). Only plain tables with known columns are read, and the one walk
through all rows has a limit of steps, after which every search in them is short.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Final

from rag.index.docstore.schema import OPTIONAL

# The columns that each table must have, beside the optional ones.
_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "document": frozenset({"id", "names", "title", "size", "pages", "chunks", "first_row"}),
    "page": frozenset({"document", "number", "text", "width", "height", "words", "headings"}),
    "chunk": frozenset({"document", "position", "page", "start", "end", "headings"}),
}
# A walk through all rows takes about 20 steps of SQLite's machine for each; a row has at least 70 bytes.
_STEPS_PER_BYTE: Final = 1
_FEWEST_STEPS: Final = 100_000
_STEPS_AT_A_TIME: Final = 10_000


def check_tables(database: sqlite3.Connection) -> None:
    """Checks that there are the known tables, with the known columns, and nothing else that SQLite would run.

    Raises:
        ValueError: there is something else.
        sqlite3.Error: the file cannot be read.
    """
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    held = set(database.execute("SELECT type, name FROM sqlite_master"))
    if held != {("table", name) for name in _COLUMNS}:
        raise ValueError("its tables are not those of a docstore")
    for name, needed in _COLUMNS.items():
        columns = database.execute(f"PRAGMA table_xinfo({name})").fetchall()
        names = {column[1] for column in columns}
        if any(column[6] for column in columns) or not needed <= names <= needed.union(OPTIONAL.get(name, ())):
            raise ValueError(f"the columns of its table {name} are not those of a docstore")
        (kind,) = database.execute("SELECT type FROM pragma_table_list WHERE schema = 'main' AND name = ?", (name,))
        if kind != ("table",):
            raise ValueError(f"{name} is no table")


@contextmanager
def limited_steps(database: sqlite3.Connection, size: int) -> Iterator[None]:
    """Ends statements that take more steps than a sound file of ``size`` bytes needs, by sqlite3.OperationalError."""
    left = (_FEWEST_STEPS + _STEPS_PER_BYTE * size) // _STEPS_AT_A_TIME

    def is_too_long() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    database.set_progress_handler(is_too_long, _STEPS_AT_A_TIME)
    try:
        yield
    finally:
        database.set_progress_handler(None, 0)


def check_rows(database: sqlite3.Connection, documents: Mapping[str, tuple[int, int]]) -> None:
    """Checks that all pages and chunks are there, numbered from 1 and from 0.

    Args:
        database: the docstore.
        documents: numbers of pages and chunks by the id of the document.

    Raises:
        ValueError: one is missing, or there is one too many.
        sqlite3.Error: the file cannot be read, or the walk takes too long.
    """
    _check_numbers(
        database.execute("SELECT document, number FROM page ORDER BY document, number"),
        {name: range(1, count + 1) for name, (count, _) in documents.items() if count},
        "a page is missing, or one too many",
    )
    _check_numbers(
        database.execute("SELECT document, position FROM chunk ORDER BY document, position"),
        {name: range(count) for name, (_, count) in documents.items() if count},
        "a passage is missing, or one too many",
    )
    # A passage on a page that is not there would be lost without a word. All pages are there, so numbers tell it.
    for document, page in database.execute("SELECT document, page FROM chunk"):
        if not (isinstance(page, int) and 1 <= page <= documents[document][0]):
            raise ValueError("a passage is on no page")


def _check_numbers(rows: Iterable[tuple[str, int]], expected: Mapping[str, range], fault: str) -> None:
    """Checks that rows of a document and a number, in order, have these numbers for each document, each once.

    They are compared here: the same in SQL, a search for the page of each passage, takes four times as long.
    """
    missing = dict(expected)
    for document, own in groupby(rows, key=itemgetter(0)):
        numbers, needed = [number for _, number in own], missing.pop(document, range(0))
        # A document may claim more of them than memory has room for.
        is_complete = len(numbers) == needed.stop - needed.start
        if not is_complete or any(one != other for one, other in zip(numbers, needed, strict=True)):
            raise ValueError(fault)
    if missing:
        raise ValueError(fault)
