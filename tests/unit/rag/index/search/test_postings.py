"""Inverted lists with MaxScore: the same rows and the same bits as an exhaustive search."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.search.postings import Postings
from rag.index.search.row_ranges import RowRanges


def postings(lists: Sequence[dict[int, float]], count: int) -> Postings:
    """Of terms with the factor of BM25 below 1, by row; each is multiplied by the term's idf."""
    rows = [sorted(each) for each in lists]
    idf = [math.log1p((count - len(each) + 0.5) / (len(each) + 0.5)) for each in lists]
    scores = [idf[term] * lists[term][row] for term in range(len(lists)) for row in rows[term]]
    starts = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    return Postings(
        starts, np.array([row for each in rows for row in each], np.int32), np.array(scores, np.float32), count
    )


def exhaustive(some: Postings, terms: Sequence[int], limit: int, among: Sequence[int]) -> list[tuple[int, float]]:
    """bm25s' own sum, then a stable sort of all rows."""
    total = np.zeros(some.count, np.float32)
    for term in terms:
        np.add.at(total, *some.of(term))
    best = sorted((row for row in among if total[row] > 0), key=lambda row: (-total[row], row))
    return [(row, float(total[row])) for row in best[:limit]]


def found(some: Postings, terms: Sequence[int], limit: int, scope: RowRanges | None = None) -> list[tuple[int, float]]:
    rows, scores = some.best(terms, limit, scope)
    assert (rows.dtype.name, scores.dtype.name) == ("int64", "float32")
    return list(zip(rows.tolist(), scores.tolist(), strict=True))


def random_postings(seed: int, count: int, terms: int) -> Postings:
    """Lists as in a text: few words in most rows, most in few. There are few factors, so that scores are equal."""
    generator = np.random.default_rng(seed)
    lists = []
    for term in range(terms):
        having = max(1, int(0.6 * count / (term + 1)))
        rows = generator.choice(count, having, replace=False).tolist()
        lists.append(dict(zip(rows, generator.choice([0.3, 0.5, 0.5, 0.8], having).tolist(), strict=True)))
    return postings(lists, count)


@given(st.integers(0, 1000), st.lists(st.integers(0, 11), max_size=8), st.sampled_from([1, 3, 10, 500]))
def test_is_the_exhaustive_search(seed: int, terms: list[int], limit: int) -> None:
    some = random_postings(seed, 300, 12)
    assert found(some, terms, limit) == exhaustive(some, terms, limit, range(300))


@given(
    st.integers(0, 1000),
    st.lists(st.integers(0, 11), min_size=1, max_size=8),
    st.sets(st.integers(0, 29)),
    st.sampled_from([1, 5, 500]),
)
def test_in_a_scope(seed: int, terms: list[int], documents: set[int], limit: int) -> None:
    """Of a few documents, or of many: their lists are cut in another way."""
    some = random_postings(seed, 300, 12)
    scope = RowRanges.of(range(10 * each, 10 * each + 9) for each in documents)
    assert found(some, terms, limit, scope) == exhaustive(some, terms, limit, scope.rows().tolist())


def test_a_search_leaves_nothing_behind() -> None:
    """The sums are made in memory that is used again."""
    some = random_postings(3, 300, 12)
    first = [found(some, [1, 4, 9], 10) for _ in range(3)]
    assert first == [exhaustive(some, [1, 4, 9], 10, range(300))] * 3


def test_frequent_words_are_not_read_once_rare_ones_decide() -> None:
    """The list of a word in all rows is looked up for the best rows only: it may be anything in the others."""
    some = postings([dict.fromkeys(range(20), 0.9), dict.fromkeys(range(1000), 0.5)], 1000)
    harmed = Postings(some.starts, some.rows, some.scores.copy(), some.count)
    harmed.scores[20 + 500 :] = 1e9
    assert found(harmed, [0, 1], 10) == exhaustive(some, [0, 1], 10, range(1000))


@pytest.mark.parametrize("terms", [[], [0], [2, 0, 2]])
def test_scores_of_some_rows(terms: list[int]) -> None:
    some = random_postings(1, 50, 3)
    rows = np.array([4, 0, 49, 4], np.int64)
    np.testing.assert_array_equal(some.scores_of(terms, rows), some.all_scores(terms)[rows])
    expected = dict(exhaustive(some, terms, 50, range(50)))
    assert some.all_scores(terms).tolist() == [expected.get(row, 0.0) for row in range(50)]


def test_no_more_rows_than_there_are() -> None:
    assert found(postings([{}, {3: 0.5}], 5), [0, 1], 0) == []
    assert [row for row, _ in found(postings([{}, {3: 0.5}], 5), [0, 1], 9)] == [3]
