"""TEDS, the similarity of two tables as trees: table, rows, cells.

Zhong, ShafieiBavani and Jimeno Yepes, "Image-based table recognition: data, model, and evaluation", 2020,
https://arxiv.org/abs/1911.10683. The tree edit distance is that of Zhang and Shasha, "Simple fast algorithms for the
editing distance between trees", 1989. Cells that are merged have to be repeated in both tables: there are no spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from rapidfuzz.distance import Levenshtein

# Rows of cells.
Rows: TypeAlias = Sequence[Sequence[str]]


class _Tree(NamedTuple):
    """The nodes of a tree in postorder.

    Attributes:
        labels: kind and text of each node.
        leftmost: place of the first leaf below each node.
        keyroots: the root, and nodes that have a sibling to the left; ascending.
    """

    labels: list[tuple[str, str]]
    leftmost: list[int]
    keyroots: list[int]


def teds(found: Rows, gold: Rows) -> float:
    """Similarity of two tables: 1 for equal ones, 0 for nothing in common."""
    one, other = _tree(found), _tree(gold)
    return 1.0 - _distance(one, other) / max(len(one.labels), len(other.labels))


def _tree(rows: Rows) -> _Tree:
    labels: list[tuple[str, str]] = []
    leftmost: list[int] = []
    for row in rows:
        first = len(labels)
        for cell in row:
            leftmost.append(len(labels))
            labels.append(("td", " ".join(cell.split())))
        leftmost.append(first)
        labels.append(("tr", ""))
    leftmost.append(0)
    labels.append(("table", ""))
    last = {place: node for node, place in enumerate(leftmost)}
    return _Tree(labels, leftmost, sorted(last.values()))


def _distance(one: _Tree, other: _Tree) -> float:
    below = [[0.0] * len(other.labels) for _ in one.labels]
    for root in one.keyroots:
        for mate in other.keyroots:
            _fill(one, other, root, mate, below)
    return below[-1][-1]


def _fill(one: _Tree, other: _Tree, root: int, mate: int, below: list[list[float]]) -> None:
    """Distances of the subtrees at two keyroots, and of all subtrees on their leftmost paths."""
    left, top = one.leftmost[root], other.leftmost[mate]
    forests = [[0.0] * (mate - top + 2) for _ in range(root - left + 2)]
    for i in range(1, root - left + 2):
        forests[i][0] = float(i)
    for j in range(1, mate - top + 2):
        forests[0][j] = float(j)
    for i in range(1, root - left + 2):
        node = left + i - 1
        for j in range(1, mate - top + 2):
            twin = top + j - 1
            least = min(forests[i - 1][j], forests[i][j - 1]) + 1
            if one.leftmost[node] == left and other.leftmost[twin] == top:
                least = min(least, forests[i - 1][j - 1] + _renaming(one.labels[node], other.labels[twin]))
                below[node][twin] = least
            else:
                before = forests[one.leftmost[node] - left][other.leftmost[twin] - top]
                least = min(least, before + below[node][twin])
            forests[i][j] = least


def _renaming(one: tuple[str, str], other: tuple[str, str]) -> float:
    if one[0] != other[0]:
        return 1.0
    return 0.0 if one[1] == other[1] else float(Levenshtein.normalized_distance(one[1], other[1]))
