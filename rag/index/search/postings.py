"""Inverted lists of BM25 with MaxScore: a search reads rare words' lists whole, and looks the others up.

Turtle and Flood, Query evaluation: strategies and optimizations, 1995. The lists are taken in the order of what their
word adds to a score at most. Once all that are left add less together than what the last of the best rows has, no
further row can become one of the best; the lists that are left, those of the most frequent words, are only searched
for the rows that still can.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from rag.index.search.row_ranges import RowRanges, Rows, positions_of
from rag.models.embedding.interfaces import FloatVector

_Listed = npt.NDArray[np.int32]

# Relative; sums in another order differ by rounding, by less than 1e-4 for a thousand words.
_ROUNDING: Final = 1e-3
# A list is cut by the ranges of a scope where it has so many rows for each; else each row is looked up in the ranges.
_ROWS_FOR_A_RANGE: Final = 16
# To look a row up in a list takes as long as to read so many rows of it.
_LOOK_UP: Final = 8
# It is checked whether lists can be left out each time that what they can add has shrunk to this share: for a question
# of hundreds of words a check for each would take longer than the lists.
_CHECKED: Final = 0.8


@dataclass(frozen=True, eq=False)
class Postings:
    """For each term the rows that have it, ascending, and what it adds to their scores, which is more than 0.

    Attributes:
        starts: where the list of each term starts, and the end of the last. *Shape:* ``(terms + 1,)``.
        rows: the lists of all terms, one after the other.
        scores: of the same shape.
        count: number of rows in the index, with or without terms.
    """

    starts: npt.NDArray[np.integer]
    rows: _Listed
    scores: FloatVector
    count: int
    _spare: list[FloatVector] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def of(self, term: int) -> tuple[_Listed, FloatVector]:
        """The rows that have a term, ascending, and what it adds to their scores."""
        start, end = int(self.starts[term]), int(self.starts[term + 1])
        return self.rows[start:end], self.scores[start:end]

    def scores_of(self, terms: Sequence[int], rows: Rows) -> FloatVector:
        """The scores of some rows: for each the sum over ``terms``, in their order, in float32."""
        total = np.zeros(len(rows), np.float32)
        for term in terms:
            total += _looked_up(*self.of(term), rows)
        return total

    def all_scores(self, terms: Sequence[int]) -> FloatVector:
        """The same for every row. *Shape:* ``(count,)``."""
        total = np.zeros(self.count, np.float32)
        for term in terms:
            rows, scores = self.of(term)
            total[rows] += scores
        return total

    def best(self, terms: Sequence[int], limit: int, scope: RowRanges | None) -> tuple[Rows, FloatVector]:
        """The ``limit`` rows with the highest scores, best first, the lower row first where they are equal.

        Args:
            terms: each counts as often as it is there.
            limit: most rows; there are fewer where fewer have one of the terms.
            scope: rows to choose from; None means all.
        """
        if not limit or not terms:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows = np.sort(self._contenders(Counter(terms), limit, scope))
        scores = self.scores_of(terms, rows)
        order = np.argsort(-scores, kind="stable")[:limit]
        return rows[order], scores[order]

    def _contenders(self, terms: Counter[int], limit: int, scope: RowRanges | None) -> Rows:
        """Rows among which the ``limit`` best are."""
        bounds = {term: times * self._bound(term) for term, times in terms.items()}
        order = sorted(bounds, key=lambda term: -bounds[term])
        rows, scores, read = self._read(order, terms, bounds, limit, scope)
        rest = sum(bounds[term] for term in order[read:])
        for term in order[read:]:
            kept = scores >= _least(scores, rest, limit)
            rows, scores = rows[kept], scores[kept]
            scores += terms[term] * _looked_up(*self.of(term), rows)
            rest -= bounds[term]
        return rows[scores >= _least(scores, 0.0, limit)]

    def _read(
        self,
        order: Sequence[int],
        terms: Counter[int],
        bounds: Mapping[int, float],
        limit: int,
        scope: RowRanges | None,
    ) -> tuple[Rows, FloatVector, int]:
        """Reads lists while it is worth it; the rows that they have, the sums of their scores, and how many lists."""
        pieces: list[Rows] = []
        rest, read = sum(bounds.values()), 0
        next_check = rest / 2  # before that the rows not met can still have more than those that were
        with self._zeros() as sums:
            for term in order:
                listed, scores = self._within(term, scope)
                # numpy converts indices of any other type each time.
                rows = listed.astype(np.intp)
                before = sums.take(rows)
                pieces.append(rows[before == 0])
                sums[rows] = before + terms[term] * scores
                rest, read = rest - bounds[term], read + 1
                if rest < next_check:
                    next_check = rest * _CHECKED
                    if self._is_enough(sums.take(np.concatenate(pieces)), order[read:], rest, limit):
                        break
            found = np.concatenate(pieces)
            scores = sums.take(found)
            sums[found] = 0
        return found, scores, read

    def _is_enough(self, scores: FloatVector, left: Sequence[int], rest: float, limit: int) -> bool:
        """True if no further row can become one of the best, and to look rows up in the lists left takes less time."""
        least = _least(scores, rest, limit)
        listed = sum(int(self.starts[term + 1]) - int(self.starts[term]) for term in left)
        return least > 0 and _LOOK_UP * len(left) * int(np.count_nonzero(scores >= least)) <= listed

    @contextmanager
    def _zeros(self) -> Iterator[FloatVector]:
        """A zero for each row, which the caller leaves as zeros: to make one for each search takes longer."""
        try:
            zeros = self._spare.pop()
        except IndexError:
            zeros = np.zeros(self.count, np.float32)
        yield zeros
        self._spare.append(zeros)

    def _bound(self, term: int) -> float:
        """Upper bound of what a term adds to a score: its idf, for the other factor of BM25 is less than 1."""
        having = int(self.starts[term + 1] - self.starts[term])
        return math.log1p((self.count - having + 0.5) / (having + 0.5))

    def _within(self, term: int, scope: RowRanges | None) -> tuple[_Listed, FloatVector]:
        rows, scores = self.of(term)
        if scope is None:
            return rows, scores
        if len(rows) < _ROWS_FOR_A_RANGE * len(scope.starts):
            held = scope.holds(rows)
            return rows[held], scores[held]
        starts, ends = (np.searchsorted(rows, bounds.astype(rows.dtype)) for bounds in (scope.starts, scope.ends))
        places = positions_of(starts, ends)
        return rows[places], scores[places]


def _looked_up(listed: _Listed, scores: FloatVector, rows: Rows) -> FloatVector:
    """Scores that a list adds to each of ``rows``; 0 where it does not have the row."""
    if not len(listed):
        return np.zeros(len(rows), np.float32)
    # Of the type of the list: numpy would convert the list otherwise.
    wanted = rows.astype(listed.dtype)
    places = np.minimum(listed.searchsorted(wanted), len(listed) - 1)
    return np.where(listed.take(places) == wanted, scores.take(places), np.float32(0))


def _least(scores: FloatVector, rest: float, limit: int) -> float:
    """The least score with which a row can still become one of the ``limit`` best, if ``rest`` is added at most."""
    if len(scores) < limit:
        return 0.0
    return float(np.partition(scores, -limit)[-limit]) * (1 - _ROUNDING) - rest * (1 + _ROUNDING)
