"""Vector search in PostgreSQL with pgvector: one copy of the vectors for all services of an index.

A table has the vectors of one file, and the first half of the file's SHA-256 in its name. It is filled in one
transaction when a generation is opened, and never changed. Every search is exact, as in a small index in this process.
https://github.com/pgvector/pgvector
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from queue import Empty, LifoQueue
from typing import Any, Final

import numpy as np

from rag.errors import SettingsError, VectorsUnreachable
from rag.index.search.interfaces import VectorSearch
from rag.index.search.row_ranges import RowRanges, Rows
from rag.models.embedding.interfaces import FloatMatrix, FloatVector

_CONNECT_SECONDS: Final = 5
# Of a digest in a table's name, which has at most 63 characters.
_IN_NAME: Final = 32
# Rows that are sent at once.
_SLAB: Final = 4_096
# Whoever fills a table holds this lock.
_LOCK: Final = 7_246_331_012

# A query of the catalogue sees what another transaction has just committed; to_regclass may not.
_EXISTS: Final = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = %s AND pg_table_is_visible(oid))"
_TABLES: Final = "SELECT relname FROM pg_class WHERE relname ~ '^pageproof_[0-9a-f]{32}$' AND pg_table_is_visible(oid)"
_SIZE: Final = (
    "SELECT (SELECT count(*) FROM {table}), atttypmod FROM pg_attribute "
    "WHERE attrelid = %s::regclass AND attname = 'vector'"
)
_NEAREST: Final = "SELECT row, -(vector <#> %s::vector) AS cosine FROM {table} ORDER BY cosine DESC, row LIMIT %s"
_NEAREST_AMONG: Final = (
    "SELECT row, -(vector <#> %s::vector) AS cosine FROM {table} WHERE row = ANY(%s) ORDER BY cosine DESC, row LIMIT %s"
)
_COSINES: Final = "SELECT row, -(vector <#> %s::vector) FROM {table} WHERE row = ANY(%s)"
_VECTORS: Final = "SELECT vector::real[] FROM {table} WHERE row >= %s AND row < %s ORDER BY row"


class PgVectorDatabase:
    """A database, with connections that are kept. Made by :func:`open_vector_database`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._idle: LifoQueue[Any] = LifoQueue()

    def opened(self, digest: str, read: Callable[[], VectorSearch]) -> PgVectorSearch:
        """The vectors of a file, which are copied if they are not there yet; see :class:`VectorDatabase`."""
        table = _table(digest)
        if not self.fetch(_EXISTS, [table])[0][0]:
            self._fill(table, read())
        count, dimension = self.fetch(_SIZE, [table], table)[0]
        return PgVectorSearch(self, table, count, dimension)

    def keep_only(self, digests: Collection[str]) -> int:
        """Removes the vectors of all files but these; returns of how many. Raises VectorsUnreachable."""
        kept = {_table(digest) for digest in digests}
        gone = [name for (name,) in self.fetch(_TABLES, []) if name not in kept]
        with self._connection() as connection:
            for name in gone:
                connection.execute(_with(name, "DROP TABLE IF EXISTS {table}"))
        return len(gone)

    def fetch(self, query: str, parameters: Sequence[object], table: str | None = None) -> list[tuple[Any, ...]]:
        """The rows that a query finds; a connection that the server has closed meanwhile is made anew.

        Raises:
            VectorsUnreachable: the database does not respond, or refuses.
        """
        import psycopg

        with self._connection() as connection:
            try:
                return list(connection.execute(_with(table, query), parameters).fetchall())
            except psycopg.OperationalError:
                if not connection.closed:
                    raise
        # The server has probably closed them all.
        self.close()
        with self._connection() as connection:
            return list(connection.execute(_with(table, query), parameters).fetchall())

    def _fill(self, table: str, vectors: VectorSearch) -> None:
        rows = len(vectors)
        dimension = vectors.rows(range(min(1, rows))).shape[1]
        with self._connection() as connection, connection.transaction():
            # Of several services that open the same generation one copies, and the others find it done.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            if connection.execute(_EXISTS, [table]).fetchone()[0]:
                return
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            columns = f"(row integer PRIMARY KEY, vector vector({dimension}) NOT NULL)"
            connection.execute(_with(table, f"CREATE TABLE {{table}} {columns}"))
            with connection.cursor().copy(_with(table, "COPY {table} (row, vector) FROM STDIN")) as copy:
                for start in range(0, rows, _SLAB):
                    slab = range(start, min(rows, start + _SLAB))
                    for row, vector in zip(slab, vectors.rows(slab), strict=True):
                        copy.write_row((row, _text(vector)))

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """A connection of this thread's own, kept afterwards unless it failed."""
        import psycopg

        try:
            try:
                connection = self._idle.get_nowait()
            except Empty:
                connection = psycopg.connect(self._address, autocommit=True, connect_timeout=_CONNECT_SECONDS)
            with ExitStack() as failed:
                failed.callback(connection.close)
                yield connection
                failed.pop_all()
        except psycopg.Error as error:
            raise VectorsUnreachable(
                f"the database of vectors cannot be used: {_message(error)}; look at RAG_VECTOR_DATABASE, PGUSER, "
                "PGPASSWORD, and whether it has pgvector (CREATE EXTENSION vector)"
            ) from error
        if connection.closed:
            return
        self._idle.put(connection)

    def close(self) -> None:
        """Closes the idle connections; a search makes one anew."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return


class PgVectorSearch:
    """The vectors of one file, in a table. See :class:`VectorSearch`."""

    def __init__(self, database: PgVectorDatabase, table: str, count: int, dimension: int) -> None:
        self._database = database
        self._table = table
        self._count = count
        self._dimension = dimension

    def __len__(self) -> int:
        return self._count

    def search(self, vector: FloatVector, limit: int, among: RowRanges | None = None) -> list[tuple[int, float]]:
        """See :class:`VectorSearch`; of equal rows the lower one goes first."""
        if among is None:
            found = self._database.fetch(_NEAREST, [_text(vector), limit], self._table)
        else:
            found = self._database.fetch(_NEAREST_AMONG, [_text(vector), among.rows().tolist(), limit], self._table)
        return [(int(row), float(cosine)) for row, cosine in found]

    def cosines(self, vector: FloatVector, rows: Rows) -> FloatVector:
        """See :class:`VectorSearch`."""
        found = dict(self._database.fetch(_COSINES, [_text(vector), rows.tolist()], self._table)) if len(rows) else {}
        return np.array([found[row] for row in rows.tolist()], np.float32)

    def rows(self, rows: range) -> FloatMatrix:
        """See :class:`VectorSearch`."""
        found = self._database.fetch(_VECTORS, [rows.start, rows.stop], self._table)
        return np.array([vector for (vector,) in found], np.float32).reshape(-1, self._dimension)


def open_vector_database(address: str) -> PgVectorDatabase | None:
    """The database at an address of libpq, such as ``postgresql://host/name``; None where there is none.

    Raises:
        SettingsError: psycopg is not installed.
    """
    if not address:
        return None
    try:
        import psycopg  # noqa: F401 - whether it is there
    except ImportError as error:
        raise SettingsError(
            "RAG_VECTOR_DATABASE is set, and psycopg is not installed: pip install -r requirements-pgvector.txt"
        ) from error
    return PgVectorDatabase(address)


def _table(digest: str) -> str:
    return f"pageproof_{digest[:_IN_NAME]}"


def _with(table: str | None, query: str) -> Any:  # noqa: ANN401 - of a library that may be missing
    from psycopg import sql

    return sql.SQL(query).format(table=sql.Identifier(table)) if table else query


def _text(vector: FloatVector) -> str:
    """A vector as pgvector reads it; each number comes back as it was."""
    return f"[{','.join(map(repr, vector.tolist()))}]"


def _message(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
