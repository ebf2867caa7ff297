"""Served collections: found by name, opened once, and closed when their folder goes or many others are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from rag.answering.answerer import Answerer
from rag.errors import CollectionUnknown
from rag.service.collections.served import ServedCollection, ServedCollections
from rag.service.uploads.adding import Adding


class Openings:
    """Opens collections over nothing, and remembers which."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.opened: list[str] = []
        self.closed: list[str] = []

    @contextmanager
    def open(self, name: str) -> Iterator[ServedCollection]:
        self.opened.append(name)
        yield ServedCollection(name, cast("Answerer", None))
        self.closed.append(name)

    def made(self, *names: str) -> None:
        for name in names:
            (self.root / "collections" / name).mkdir(parents=True)


DEFAULT = ServedCollection("default", cast("Answerer", None))


@pytest.fixture
def openings(tmp_path: Path) -> Openings:
    openings = Openings(tmp_path)
    openings.made("a", "b")
    return openings


@pytest.fixture
def served(openings: Openings) -> Iterator[ServedCollections]:
    served = ServedCollections(DEFAULT, openings.root, openings.open)
    yield served
    served.close()


def test_each_is_opened_once_and_when_it_is_asked_for(served: ServedCollections, openings: Openings) -> None:
    assert served.names() == ("default", "a", "b")
    assert openings.opened == []
    assert served.find("a") is served.find("a")
    assert openings.opened == ["a"]
    assert served.find(None) is served.find("default") is DEFAULT


def test_one_that_goes_is_closed_and_one_that_comes_again_is_another(
    served: ServedCollections, openings: Openings
) -> None:
    before = served.find("a")
    (openings.root / "collections" / "a").rmdir()
    with pytest.raises(CollectionUnknown, match="there are: default, b"):
        served.find("a")
    assert openings.closed == ["a"]
    openings.made("a")
    assert served.find("a") is not before


def test_the_least_recently_asked_one_is_closed_and_opened_again(openings: Openings) -> None:
    served = ServedCollections(DEFAULT, openings.root, openings.open, most_open=1)
    before = served.find("a")
    served.find("b")
    assert openings.closed == ["a"]
    assert served.find("a") is not before
    assert openings.closed == ["a", "b"]
    served.close()
    assert openings.closed == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("state", "is_busy"), [("idle", False), ("running", True), ("finished", False), ("failed", False)]
)
def test_one_that_documents_are_added_to_is_busy(state: str, *, is_busy: bool) -> None:
    adding = cast("Adding", SimpleNamespace(jobs=SimpleNamespace(status=SimpleNamespace(state=state))))
    assert ServedCollection("a", cast("Answerer", None), adding=adding).is_busy is is_busy
    assert not DEFAULT.is_busy


@pytest.mark.parametrize(
    ("opens", "found"),
    [
        pytest.param(None, "default", id="all"),
        pytest.param({"default", "a"}, "default", id="the default one among others"),
        pytest.param({"a"}, "a", id="one alone"),
        pytest.param({"a", "later"}, "a", id="one that is there"),
        pytest.param({"a", "b"}, None, id="several"),
        pytest.param({"later"}, None, id="none that is there"),
    ],
)
def test_the_one_that_is_asked_where_none_is_named(
    served: ServedCollections, opens: Collection[str] | None, found: str | None
) -> None:
    if found:
        assert served.find(None, opens).name == found
    else:
        with pytest.raises(CollectionUnknown):
            served.find(None, opens)


@pytest.mark.parametrize("name", ["b", "default", "later", "../a", ""])
def test_what_a_key_does_not_open_is_as_what_is_not_there(served: ServedCollections, name: str) -> None:
    with pytest.raises(CollectionUnknown, match=r"there are: a$"):
        served.find(name, {"a"})
    assert served.names({"a"}) == ("a",)


def test_without_a_root_there_is_the_default_one_alone(openings: Openings) -> None:
    for served in (ServedCollections(DEFAULT), ServedCollections(DEFAULT, openings.root)):
        assert served.names() == ("default",)
        with pytest.raises(CollectionUnknown, match=r"there are: default$"):
            served.find("a")
