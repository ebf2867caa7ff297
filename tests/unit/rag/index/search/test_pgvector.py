"""Vectors in a database: how one is opened. What is searched in it: tests/integration/test_pgvector.py."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.errors import IndexCorrupt, SettingsError
from rag.index.current_index import CurrentIndex
from rag.index.layout import VECTORS
from rag.index.reading import open_current
from rag.index.search.interfaces import VectorSearch
from rag.index.search.pgvector import open_vector_database
from rag.runtime.files import sha256_of_file
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import publish

ENCODER = BagOfWordsEncoder()


class Copies:
    """A database that keeps what it is given."""

    def __init__(self) -> None:
        self.kept: dict[str, VectorSearch] = {}
        self.is_closed = False

    def opened(self, digest: str, read: Callable[[], VectorSearch]) -> VectorSearch:
        if digest not in self.kept:
            self.kept[digest] = read()
        return self.kept[digest]

    def close(self) -> None:
        self.is_closed = True


def test_no_address() -> None:
    assert open_vector_database("") is None


def test_the_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match=r"requirements-pgvector\.txt"):
        open_vector_database("postgresql://host/rag")


def test_a_generation_is_searched_in_the_database(tmp_path: Path) -> None:
    name, database = publish(tmp_path, {"a.pdf": ["The pump is blue."]}, ENCODER), Copies()
    file = tmp_path / "gen" / name / VECTORS
    query = ENCODER.encode(["The pump is blue."])[0]
    expected = open_current(tmp_path, ENCODER.identity).nearest(query, 1)
    for _ in range(2):
        assert open_current(tmp_path, ENCODER.identity, database).nearest(query, 1) == expected
    assert database.kept.keys() == {sha256_of_file(file)}


def test_an_index_that_is_closed_closes_its_connections(tmp_path: Path) -> None:
    publish(tmp_path, {"a.pdf": ["The pump is blue."]}, ENCODER)
    database = Copies()
    index = CurrentIndex(tmp_path, ENCODER.identity, database)
    index.generation()
    assert not database.is_closed
    index.close()
    assert database.is_closed


def test_damaged_vectors_are_not_copied(tmp_path: Path) -> None:
    name, database = publish(tmp_path, {"a.pdf": ["The pump is blue."]}, ENCODER), Copies()
    (tmp_path / "gen" / name / VECTORS).write_bytes(b"damaged")
    with pytest.raises(IndexCorrupt, match=r"vectors\.faiss"):
        open_current(tmp_path, ENCODER.identity, database)
    assert not database.kept
