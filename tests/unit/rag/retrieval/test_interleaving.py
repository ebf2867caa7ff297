"""Interleaving: round-robin merge of rankings, by rank and not by score."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Chunk, Document, Hit, Passage, Span
from rag.retrieval.interleaving import interleave

rankings = st.lists(st.lists(st.integers(0, 20), unique=True, max_size=12), max_size=4)


def hits(rows: list[int], score: float = 1.0) -> list[Hit]:
    document = Document("0" * 64, ("a.pdf",), "A", 1, 1)
    return [Hit(Passage(row, document, Chunk(Span(1, 0, 1), "x")), score) for row in rows]


def test_the_best_of_each_first_and_each_once() -> None:
    merged = interleave([hits([1, 2, 3], 0.1), hits([7, 1, 8, 9], 0.9)])
    assert [hit.passage.row for hit in merged] == [1, 7, 2, 3, 8, 9]
    assert merged[0].score == 0.1


@given(rankings)
def test_every_row_once_and_no_ranking_falls_behind(given_rankings: list[list[int]]) -> None:
    merged = [hit.passage.row for hit in interleave(map(hits, given_rankings))]
    assert sorted(merged) == sorted({row for ranking in given_rankings for row in ranking})
    for ranking in given_rankings:
        for rank, row in enumerate(ranking):
            assert merged.index(row) < (rank + 1) * len(given_rankings)
    if len(given_rankings) == 1:
        assert merged == given_rankings[0]
