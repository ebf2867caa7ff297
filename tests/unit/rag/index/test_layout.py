"""Folders of collections in an index directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import CollectionUnknown, IndexMissing
from rag.index.layout import IndexLayout, collection_names, collection_root, known_collection_root
from rag.index.reading import read_current


def test_the_default_collection_is_the_directory_itself(tmp_path: Path) -> None:
    assert collection_root(tmp_path, "default") == known_collection_root(tmp_path, "default") == tmp_path
    assert collection_names(tmp_path / "nowhere") == ("default",)


def test_others_are_folders_by_name(tmp_path: Path) -> None:
    for name in ("b", "a", "default", "Not One", ".hidden", "tmp.x"):
        (tmp_path / "collections" / name).mkdir(parents=True)
    (tmp_path / "collections" / "file").write_text("")
    assert collection_names(tmp_path) == ("default", "a", "b")
    assert known_collection_root(tmp_path, "a") == tmp_path / "collections" / "a"


@pytest.mark.parametrize("name", ["c", "file", "..", "", "a/../a", "Not One"])
def test_an_unknown_one(tmp_path: Path, name: str) -> None:
    (tmp_path / "collections" / "a").mkdir(parents=True)
    (tmp_path / "collections" / "Not One").mkdir()
    (tmp_path / "collections" / "file").write_text("")
    with pytest.raises(CollectionUnknown, match=r"there are: default, a$"):
        known_collection_root(tmp_path, name)


def test_a_new_one_needs_a_name_that_can_be_one(tmp_path: Path) -> None:
    assert collection_root(tmp_path, "new") == tmp_path / "collections" / "new"
    with pytest.raises(CollectionUnknown, match="cannot name a collection"):
        collection_root(tmp_path, "../new")


def test_a_collection_without_an_index_says_how_to_make_it(tmp_path: Path) -> None:
    for name, command in (("default", "PATH"), ("new", "PATH --collection new")):
        with pytest.raises(IndexMissing, match=rf"python -m ingest {command}$"):
            read_current(IndexLayout(collection_root(tmp_path, name)))
