"""Set of rows as ranges: a scope of a search takes as much room as it has documents, not as it has rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RowRanges:
    """Rows in ranges that are ascending, disjoint and not empty. *Shape of each:* ``(ranges,)``; ends are exclusive."""

    starts: Rows
    ends: Rows

    @classmethod
    def of(cls, ranges: Iterable[range]) -> RowRanges:
        """The union of ranges of step 1, in any order; neighbours become one range."""
        bounds = np.array([(each.start, each.stop) for each in ranges if each], np.int64).reshape(-1, 2)
        return cls._joined(bounds[:, 0], bounds[:, 1])

    @classmethod
    def whole(cls, count: int) -> RowRanges:
        """The rows 0 to ``count - 1``."""
        return cls.of([range(count)])

    @classmethod
    def _joined(cls, starts: Rows, ends: Rows) -> RowRanges:
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], np.maximum.accumulate(ends[order])
        begins = np.append(True, starts[1:] > ends[:-1])[: len(starts)]
        return cls(starts[begins], ends[np.append(begins[1:], True)[: len(ends)]])

    def __len__(self) -> int:
        return int((self.ends - self.starts).sum())

    def holds(self, rows: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """True for each of ``rows`` that is in the set. *Shape:* ``(len(rows),)``."""
        if not len(self.starts):
            return np.zeros(len(rows), np.bool_)
        places = np.searchsorted(self.starts, rows, side="right") - 1
        return (places >= 0) & (rows < self.ends[places])

    def meets(self, others: RowRanges) -> npt.NDArray[np.bool_]:
        """True for each range of ``others`` of which at least one row is in the set."""
        if not len(self.starts):
            return np.zeros(len(others.starts), np.bool_)
        # The first range that ends after the other one has begun.
        places = np.searchsorted(self.ends, others.starts, side="right")
        first = np.append(self.starts, np.iinfo(np.int64).max)[places]
        return first < others.ends

    def intersection(self, other: RowRanges) -> RowRanges:
        """The rows that both sets have."""
        bounds = np.concatenate([self.starts, other.starts, self.ends, other.ends])
        steps = np.repeat(np.array([1, -1]), len(bounds) // 2)
        order = np.lexsort((steps, bounds))  # of equal bounds an end comes first
        in_both = np.flatnonzero(np.cumsum(steps[order]) == 2)
        return RowRanges(bounds[order[in_both]], bounds[order[in_both + 1]])

    def rows(self) -> Rows:
        """All rows, ascending."""
        return positions_of(self.starts, self.ends)

    def at(self, positions: Rows) -> Rows:
        """The rows at these positions in :meth:`rows`, which is not made."""
        lengths = self.ends - self.starts
        before = np.cumsum(lengths) - lengths
        ranges = np.searchsorted(before, positions, side="right") - 1
        found: Rows = self.starts[ranges] + positions - before[ranges]
        return found

    def without(self, rows: Collection[int]) -> RowRanges:
        """The set without these rows."""
        gone = np.array(sorted(rows), np.int64)
        gone = gone[self.holds(gone)]
        # Each ends a range, and the row after it begins one.
        starts, ends = np.sort(np.append(self.starts, gone + 1)), np.sort(np.append(self.ends, gone))
        kept = starts < ends
        return RowRanges(starts[kept], ends[kept])


def positions_of(starts: Rows, ends: Rows) -> Rows:
    """The numbers of each range from a start to before its end, one range after the other."""
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    positions: Rows = np.arange(lengths.sum(), dtype=np.int64) + np.repeat(starts - before, lengths)
    return positions
