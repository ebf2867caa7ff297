"""Names of collections are safe as names of folders, and short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.collection_name import check_collection_name, is_collection_name, unknown_collection
from rag.errors import CollectionUnknown


@pytest.mark.parametrize("name", ["a", "7", "contracts", "hr-2026", "a_b", "x" * 40, "default"])
def test_names(name: str) -> None:
    check_collection_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "-a", "a-", "_a", "A", "ü", "a b", "a/b", "a\\b", "a.b", "a\n", "\0", "x" * 41, "٣"]
)
def test_others(name: str) -> None:
    with pytest.raises(CollectionUnknown, match="cannot name a collection"):
        check_collection_name(name)


@given(st.text(max_size=60))
def test_a_name_is_one_component_of_a_path(text: str) -> None:
    if is_collection_name(text):
        assert text.isascii()
        assert text == text.lower()
        assert not set(text) & set("./\\: \0\n")


def test_the_error_says_which_there_are() -> None:
    assert str(unknown_collection("x" * 100, ["a", "b"])) == f"there is no collection '{'x' * 60}'; there are: a, b"
    assert str(unknown_collection("a\n", [])) == r"there is no collection 'a\n'; there are: none"
