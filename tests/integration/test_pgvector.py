"""Vectors in PostgreSQL with pgvector: the tests of retrieval pass with them; a server that goes away, and comes back.

The server is pgserver's: PostgreSQL and pgvector in a wheel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tests.unit.rag.retrieval.test_retriever as retriever_tests
from rag.cli.main import main
from rag.errors import VectorsUnreachable
from rag.index.current_index import CurrentIndex
from rag.index.layout import IndexLayout
from rag.index.maintenance import vector_digests
from rag.index.reading import open_current
from rag.index.search.interfaces import VectorSearch
from rag.index.search.pgvector import PgVectorDatabase
from rag.index.vectors import VectorIndex
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.integration import conftest
from tests.integration.conftest import Running, post
from tests.unit.conftest import publish
from tests.unit.rag.index.test_vectors import brute_force, directions, ranges_of

# All of them with their fixtures: here they open generations whose vectors are in the database.
from tests.unit.rag.retrieval.test_retriever import *  # noqa: F403

ENCODER = BagOfWordsEncoder()
DIGEST = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server in processes of its own."""
    pytest.importorskip("psycopg", reason="requirements-pgvector.txt is not installed")
    pgserver = pytest.importorskip("pgserver", reason="pgserver is not installed")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    yield server
    server.cleanup()


@pytest.fixture(scope="module")
def database(server: Any) -> PgVectorDatabase:
    return PgVectorDatabase(server.get_uri())


@pytest.fixture(scope="module", autouse=True)
def retrieval_in_the_database(database: PgVectorDatabase) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retriever_tests, "open_current", lambda root, encoder: open_current(root, encoder, database))
        yield


@pytest.fixture
def empty(database: PgVectorDatabase) -> Iterator[PgVectorDatabase]:
    """The database without vectors of :data:`DIGEST`."""
    yield database
    database.keep_only([])


def never() -> VectorSearch:
    raise AssertionError("the database has the vectors")


class TestVectorsInTheDatabase:
    @pytest.mark.parametrize(("rows", "dimension"), [(1, 3), (70, 33), (5000, 64)])
    def test_is_brute_force(self, empty: PgVectorDatabase, rows: int, dimension: int) -> None:
        vectors = directions(rows, dimension, 1)
        search = empty.opened(DIGEST, lambda: VectorIndex.build(vectors))
        assert len(search) == rows
        np.testing.assert_array_equal(search.rows(range(rows)), vectors)
        for seed in range(5):
            query = directions(1, dimension, seed + 2)[0]
            found = search.search(query, 10)
            expected = brute_force(vectors, query, 10, list(range(rows)))
            assert [row for row, _ in found] == [row for row, _ in expected]
            np.testing.assert_allclose([score for _, score in found], [score for _, score in expected], atol=1e-5)
            some = np.random.default_rng(seed).permutation(rows)[:30]
            among = [row for row, _ in brute_force(vectors, query, 10, some.tolist())]
            assert [row for row, _ in search.search(query, 10, ranges_of(some.tolist()))] == among
            np.testing.assert_allclose(search.cosines(query, some), vectors[some] @ query, atol=1e-5)

    def test_nothing(self, empty: PgVectorDatabase) -> None:
        search = empty.opened(DIGEST, lambda: VectorIndex.build(directions(5, 8, 0)))
        query, none = directions(1, 8, 1)[0], np.zeros(0, np.int64)
        assert search.search(query, 5, ranges_of([])) == []
        assert search.search(query, 0) == []
        assert search.cosines(query, none).shape == (0,)
        assert search.rows(range(2, 2)).shape == (0, 8)
        assert len(search.search(query, 50)) == 5

    def test_of_equal_rows_the_lower_goes_first(self, empty: PgVectorDatabase) -> None:
        search = empty.opened(DIGEST, lambda: VectorIndex.build(np.repeat(directions(1, 8, 0), 9, axis=0)))
        assert [row for row, _ in search.search(directions(1, 8, 1)[0], 4)] == [0, 1, 2, 3]

    def test_by_several_threads(self, empty: PgVectorDatabase) -> None:
        vectors = directions(300, 16, 0)
        search = empty.opened(DIGEST, lambda: VectorIndex.build(vectors))
        with ThreadPoolExecutor(6) as threads:
            found = list(threads.map(lambda row: search.search(vectors[row], 1)[0][0], range(100)))
        assert found == list(range(100))


class TestVectorDatabase:
    def test_vectors_are_copied_once(self, empty: PgVectorDatabase, server: Any) -> None:
        vectors = directions(3, 8, 0)
        assert len(empty.opened(DIGEST, lambda: VectorIndex.build(vectors))) == 3
        np.testing.assert_array_equal(empty.opened(DIGEST, never).rows(range(3)), vectors)
        np.testing.assert_array_equal(PgVectorDatabase(server.get_uri()).opened(DIGEST, never).rows(range(3)), vectors)

    @pytest.mark.usefixtures("empty")
    def test_by_several_services_at_once(self, server: Any) -> None:
        def opened(_: int) -> int:
            database = PgVectorDatabase(server.get_uri())
            return len(database.opened(DIGEST, lambda: VectorIndex.build(directions(500, 8, 0))))

        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(opened, range(4))) == [500] * 4

    def test_a_copy_that_fails_leaves_nothing(self, empty: PgVectorDatabase) -> None:
        class Broken(VectorIndex):
            def rows(self, rows: range) -> Any:
                if len(rows) > 1:
                    raise OSError("the disk failed")
                return super().rows(rows)

        with pytest.raises(OSError, match="the disk failed"):
            empty.opened(DIGEST, lambda: Broken.build(directions(9, 8, 0)))
        assert len(empty.opened(DIGEST, lambda: VectorIndex.build(directions(9, 8, 0)))) == 9

    def test_connections_that_the_server_has_closed(self, empty: PgVectorDatabase, server: Any) -> None:
        search = empty.opened(DIGEST, lambda: VectorIndex.build(directions(3, 8, 0)))
        ended = PgVectorDatabase(server.get_uri()).fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE backend_type = %s AND pid <> pg_backend_pid()",
            ["client backend"],
        )
        assert ended
        assert len(search.search(directions(1, 8, 1)[0], 2)) == 2

    def test_a_table_that_was_removed(self, empty: PgVectorDatabase) -> None:
        search = empty.opened(DIGEST, lambda: VectorIndex.build(directions(3, 8, 0)))
        assert empty.keep_only(["f" * 64]) >= 1
        with pytest.raises(VectorsUnreachable, match="does not exist"):
            search.search(directions(1, 8, 1)[0], 2)

    def test_no_server(self) -> None:
        with pytest.raises(VectorsUnreachable, match="look at RAG_VECTOR_DATABASE"):
            PgVectorDatabase("postgresql://127.0.0.1:1/rag").opened(DIGEST, never)


def test_a_reader_keeps_what_it_has_while_the_database_is_away(
    tmp_path: Path, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, {"a.pdf": ["The pump is blue."]}, ENCODER)
    database = PgVectorDatabase(server.get_uri())
    index = CurrentIndex(tmp_path, ENCODER.identity, database)
    before = index.generation()
    name = publish(tmp_path, {"a.pdf": ["The pump is red."]}, ENCODER)
    monkeypatch.setattr(database, "_address", "postgresql://127.0.0.1:1/rag")
    database.close()
    index.refresh()
    assert isinstance(index.state.fault, VectorsUnreachable)
    assert index.generation() is before
    monkeypatch.setattr(database, "_address", server.get_uri())
    monkeypatch.setattr("rag.index.current_index._TRY_AGAIN_SECONDS", 0.0)
    index.refresh()
    assert index.generation().id == name
    assert index.generation().nearest(ENCODER.encode(["The pump is red."])[0], 1)[0][0] == 0


def test_a_service_while_the_database_is_away(
    serve: Callable[..., Running], server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = PgVectorDatabase(server.get_uri())
    monkeypatch.setattr(conftest, "CurrentIndex", lambda root, encoder: CurrentIndex(root, encoder, database))
    service = serve(ScriptedModel(["The harbour office opens at 8 in the morning."]))
    question = "When does the harbour office open?"
    assert post(service.url, question).json()["answered"]
    monkeypatch.setattr(database, "_address", "postgresql://127.0.0.1:1/rag")
    database.close()
    # Another question: what was found for the first is kept.
    answer = post(service.url, "What does a berth cost?")
    assert answer.status_code == 503
    assert "look at RAG_VECTOR_DATABASE" in answer.json()["detail"]
    monkeypatch.setattr(database, "_address", server.get_uri())
    assert post(service.url, "What does a berth cost?").status_code == 200


def test_garbage(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("The pump is blue.", "The pump is red."):
        publish(tmp_path, {"a.pdf": [text]}, ENCODER)
        open_current(tmp_path, ENCODER.identity, PgVectorDatabase(server.get_uri()))
    monkeypatch.setenv("RAG_INDEX", str(tmp_path))
    monkeypatch.setenv("RAG_VECTOR_DATABASE", server.get_uri())
    assert main(["index", "gc", "--keep", "1"]) == 0
    database = PgVectorDatabase(server.get_uri())
    (kept,) = vector_digests(IndexLayout(tmp_path))
    assert database.keep_only([kept]) == 0
    assert database.keep_only([]) == 1
