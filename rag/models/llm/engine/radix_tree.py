"""Radix tree over token sequences: the index of a prefix cache (Zheng et al., SGLang, 2024, arXiv:2312.07104).

Each node stands for the tokens of the edge that leads to it; a path from the root spells a prefix of some prompt. Edges
are whole multiples of ``BATCH_MULTIPLE`` tokens, as cached prefixes are used in such multiples only (see scheduler).
Eviction is greedy dual size frequency (GDSF, Cherkasova, 1998; for such trees: Jin et al., RAGCache, 2024,
arXiv:2404.12457): the priority of a node is the clock when it was last used, plus how often it was used, times what it
costs to recompute, over what it takes to keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.models.llm.engine.scheduler import BATCH_MULTIPLE, round_down

if TYPE_CHECKING:
    from rag.models.llm.engine.context import Saved

# A token after this many others costs twice as much to compute as the first: on a CPU, a model of 1.5 billion weights.
_DOUBLE_COST = 20_000


@dataclass(eq=False, slots=True)
class Node:
    """An edge of the tree, and where its keys and values are.

    Attributes:
        tokens: of the edge; at least ``BATCH_MULTIPLE``, except for the root.
        start: position of the first of them.
        readers: ids of running sequences that share its cells. Without any, it has no cells.
        uses: sequences that ever used it.
        priority: the node with the lowest is evicted first.
        pinned: never evicted.
        sequence_id: of the sequence that holds its cells, while it has any.
        saved: a copy of its keys and values outside of the pool, once there is one.
    """

    tokens: tuple[int, ...]
    start: int
    parent: Node | None
    children: dict[tuple[int, ...], Node] = field(default_factory=dict)
    readers: set[int] = field(default_factory=set)
    uses: int = 0
    priority: float = 0.0
    pinned: bool = False
    sequence_id: int | None = None
    saved: Saved | None = None

    @property
    def end(self) -> int:
        """Position after the last token."""
        return self.start + len(self.tokens)

    @property
    def bytes(self) -> int:
        """Size of the copy; 0 without one."""
        return len(self.saved) if self.saved is not None else 0


class RadixTree:
    """The nodes and their eviction order; moves no keys and values."""

    def __init__(self) -> None:
        self.root = Node((), 0, None)
        self._clock = 0.0

    def walk(self, tokens: Sequence[int]) -> tuple[list[Node], int]:
        """Longest-prefix match: the path that spells the most of ``tokens``, and how many it spells.

        Of the last node of the path perhaps only a part matches.
        """
        tokens = tuple(tokens)
        node, path, length = self.root, list[Node](), 0
        while child := node.children.get(tokens[length : length + BATCH_MULTIPLE]):
            path.append(child)
            common = round_down(_common_length(child.tokens, tokens[length : length + len(child.tokens)]))
            length += common
            if common < len(child.tokens):
                break
            node = child
        return path, length

    def split(self, node: Node, position: int) -> Node:
        """Cuts an edge before ``position``, a batch multiple; ``node`` keeps the beginning.

        Returns:
            The node of the rest, which has the children, the readers and the uses of the whole; its keys and values are
            for the caller to split.
        """
        cut = position - node.start
        rest = Node(node.tokens[cut:], position, node, node.children, set(node.readers), node.uses, node.priority)
        rest.pinned = node.pinned
        for child in rest.children.values():
            child.parent = rest
        node.tokens = node.tokens[:cut]
        node.children = {rest.tokens[:BATCH_MULTIPLE]: rest}
        return rest

    def add(self, parent: Node, tokens: Sequence[int]) -> Node:
        """Adds an edge to ``parent``, which has none that begins with the same ``BATCH_MULTIPLE`` tokens."""
        node = Node(tuple(tokens), parent.end, parent)
        parent.children[node.tokens[:BATCH_MULTIPLE]] = node
        return node

    def touch(self, node: Node) -> None:
        """Records a use of a node: updates its priority."""
        node.uses += 1
        # Each token takes the same to keep. A later one costs more to compute, for it attends to all before it.
        node.priority = self._clock + node.uses * (1 + node.end / _DOUBLE_COST)

    def remove(self, node: Node) -> None:
        """Removes a leaf, and advances the clock to its priority."""
        assert node.parent is not None  # noqa: S101 - it is not the root
        self._clock = max(self._clock, node.priority)
        del node.parent.children[node.tokens[:BATCH_MULTIPLE]]

    def nodes(self) -> Iterator[Node]:
        """All but the root; of siblings, the one that was added first comes first."""
        stack = list(reversed(self.root.children.values()))
        while stack:
            node = stack.pop()
            yield node
            stack += reversed(node.children.values())

    def victim(self) -> Node | None:
        """The leaf to evict first; None where each is in use or pinned."""
        leaves = (node for node in self.nodes() if not (node.children or node.readers or node.pinned))
        return min(leaves, key=lambda node: node.priority, default=None)


def _common_length(left: tuple[int, ...], right: tuple[int, ...]) -> int:
    if left == right:  # most often; compared in C
        return len(left)
    pairs = enumerate(zip(left, right, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(left), len(right)))
