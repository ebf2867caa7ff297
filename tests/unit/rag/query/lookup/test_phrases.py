"""Phrase search: the first mention of a phrase in each document."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.index.generation import Generation
from rag.query.lookup.phrases import find_mentions, first_passage, mention_in, rows_with
from tests.unit.rag.query.library import library_of

PAGES = {
    "a.pdf": ["Nothing here.", "The Tarn boathouses were sold. A Tarn boathouse is cheap."],
    "b.pdf": ["The boathouse on the Tarn is old."],
    "empty.pdf": [""],
}


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    with library_of(PAGES) as generation:
        yield generation


def test_the_first_mention_of_each_document(generation: Generation) -> None:
    mentions = find_mentions(generation, "Tarn boathouse", generation.documents)
    assert mentions.is_complete
    (mention,) = mentions.found
    assert (mention.passage.document.name, mention.passage.chunk.span.page) == ("a.pdf", 2)
    assert PAGES["a.pdf"][1][mention.start : mention.end] == "Tarn boathouses"


def test_only_in_some_documents(generation: Generation) -> None:
    some = [one for one in generation.documents if one.name == "b.pdf"]
    assert [found.passage.document.name for found in find_mentions(generation, "boathouse", some).found] == ["b.pdf"]


@pytest.mark.parametrize("phrase", ["", "the", "?", "Quist"])
def test_nothing(generation: Generation, phrase: str) -> None:
    assert find_mentions(generation, phrase, generation.documents).found == ()


def test_rows_with_all_terms(generation: Generation) -> None:
    assert rows_with(generation, ["tarn", "old"], None).tolist() == [2]
    assert rows_with(generation, ["tarn", "the", "x"], None).tolist() == [1, 2]
    assert rows_with(generation, ["quist"], None).tolist() == []


def test_first_passage(generation: Generation) -> None:
    passages = [first_passage(generation, one) for one in generation.documents]
    assert [passage and passage.chunk.text for passage in passages] == ["Nothing here.", PAGES["b.pdf"][0], None]
    assert passages[0]
    assert mention_in(passages[0], "nothing here")
    assert mention_in(passages[0], "boathouse") is None
