"""Tables of a docstore, and the columns that docstores of before 0.3 lack."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

# The label comes before the text: what comes after it cannot be read without it.
SCHEMA: Final = """
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
    "end" INTEGER NOT NULL, headings TEXT NOT NULL, lead_in TEXT, PRIMARY KEY (document, position)
) WITHOUT ROWID;
"""
# A chunk's text is not stored twice: it is cut from its page. substr counts from 1, in code points, as Python does.
CHUNKS: Final = """
SELECT c.position, c.page, c.start, c."end", c.headings, {lead_in}, substr(p.text, c.start + 1, c."end" - c.start)
FROM chunk c JOIN page p ON p.document = c.document AND p.number = c.page WHERE c.document = ?
"""
# Columns that docstores of before 0.3 lack, by table.
OPTIONAL: Final = {"document": ("author", "created", "language"), "page": ("label",), "chunk": ("lead_in",)}


def optional_columns(database: sqlite3.Connection, table: str, schema: str = "main") -> str:
    """The optional columns of a table, for a SELECT; NULL for those that it lacks."""
    held = {column[1] for column in database.execute(f"PRAGMA {schema}.table_info({table})")}
    return ", ".join(column if column in held else "NULL" for column in OPTIONAL[table])


def read_only(path: Path) -> str:
    """The address under which SQLite opens a file without locks, and without a folder that it may write."""
    return f"{path.resolve().as_uri()}?mode=ro&immutable=1"
