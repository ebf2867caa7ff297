"""Synthetic corpora: repeatable, the smaller ones part of the larger, vectors of length 1, vocabularies that grow."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.sizing.corpus import RealPassages, SyntheticCorpus, SyntheticDocument
from benchmarks.sizing.peers import is_same_ranking

COUNT = 150


@pytest.fixture(scope="module")
def corpus() -> SyntheticCorpus:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(60, 8))
    texts = [f"The pump of type{row} is oiled yearly by the mechanic, valve after valve." for row in range(60)]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return SyntheticCorpus(RealPassages(texts, np.asarray(unit, np.float32)))


def words(documents: list[SyntheticDocument]) -> list[str]:
    return [word for one in documents for chunk in one.record.chunks for word in chunk.text.split()]


def test_so_many_passages(corpus: SyntheticCorpus) -> None:
    documents = list(corpus.documents(COUNT))
    assert sum(len(one.record.chunks) for one in documents) == sum(len(one.vectors) for one in documents) == COUNT
    assert len({one.name for one in documents}) == len({one.id for one in documents}) == len(documents) == 3


def test_passages_are_parts_of_their_pages(corpus: SyntheticCorpus) -> None:
    for one in corpus.documents(COUNT):
        pages = {page.number: page.text for page in one.record.pages}
        for chunk in one.record.chunks:
            assert pages[chunk.span.page][chunk.span.start : chunk.span.end] == chunk.text


def test_a_smaller_corpus_is_the_beginning_of_a_larger_one(corpus: SyntheticCorpus) -> None:
    small, large = list(corpus.documents(120)), list(corpus.documents(180))
    for one, other in zip(small, large, strict=False):
        assert (one.name, one.id, one.record) == (other.name, other.id, other.record)
        np.testing.assert_array_equal(one.vectors, other.vectors)


def test_vectors_have_length_one(corpus: SyntheticCorpus) -> None:
    vectors = [*(vector for one in corpus.documents(COUNT) for vector in one.vectors)]
    vectors += [one.vector for one in corpus.questions(20)]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_rare_words_differ_between_documents_and_frequent_ones_do_not(corpus: SyntheticCorpus) -> None:
    first, second, _ = corpus.documents(COUNT)
    assert {"pump", "mechanic,"} <= set(words([first])) & set(words([second]))
    rare = [{word for word in words([one]) if word.startswith("type")} for one in (first, second)]
    assert rare[0]
    assert rare[0].isdisjoint(rare[1])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([2, 0, 1], True, id="the same"),
        pytest.param([2, 1, 0], True, id="equal scores in another order"),
        pytest.param([0, 2, 1], False, id="another order"),
        pytest.param([2, 0, 3], False, id="another row"),
    ],
)
def test_ranking(rows: list[int], *, expected: bool) -> None:
    assert is_same_ranking(rows, np.array([0.5, 0.5, 0.9, 0.1])) is expected
