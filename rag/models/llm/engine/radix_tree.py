"""Which beginnings of prompts are known: a radix tree over tokens, and what of it is worth keeping.

Each node stands for the tokens of the edge that leads to it; a path from the root spells a beginning of some prompt.
Edges are of whole groups of tokens: what is known of a prompt is used by whole groups only (see scheduling).
What is let go first is what a cache does best without: the priority of a node is the clock when it was last used, plus
how often it was, times what it costs to read again, over what it takes to keep (greedy dual size frequency, Cherkasova,
1998; for such trees: Jin et al., RAGCache, 2024, arXiv:2404.12457).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.models.llm.engine.scheduler import BATCH_MULTIPLE, whole

if TYPE_CHECKING:
    from rag.models.llm.engine.context import Saved

# Tokens before one that make reading it cost twice as much: on a CPU, a model of 1.5 billion weights.
_DOUBLE_COST = 20_000


@dataclass(eq=False, slots=True)
class Node:
    """An edge of the tree, and where its keys and values are.

    Attributes:
        tokens: of the edge; at least a group, except for the root.
        start: position of the first of them.
        readers: running sequences that stand on it: its cells are theirs too. Without any, it has no cells.
        uses: sequences that ever began with it.
        priority: the node that has the least goes first.
        pinned: never goes.
        sequence: the one that holds its cells, while it has any.
        saved: a copy of them, once there is one.
    """

    tokens: tuple[int, ...]
    start: int
    parent: Node | None
    children: dict[tuple[int, ...], Node] = field(default_factory=dict)
    readers: set[int] = field(default_factory=set)
    uses: int = 0
    priority: float = 0.0
    pinned: bool = False
    sequence: int | None = None
    saved: Saved | None = None

    @property
    def end(self) -> int:
        """Position after the last token."""
        return self.start + len(self.tokens)

    @property
    def bytes(self) -> int:
        """Of the copy."""
        return len(self.saved) if self.saved is not None else 0


class RadixTree:
    """The nodes, without a thought about cells."""

    def __init__(self) -> None:
        self.root = Node((), 0, None)
        self._clock = 0.0

    def walk(self, tokens: Sequence[int]) -> tuple[list[Node], int]:
        """The path that spells the most of ``tokens``, and how many; of its last node, perhaps only a part."""
        tokens = tuple(tokens)
        node, path, length = self.root, list[Node](), 0
        while child := node.children.get(tokens[length : length + BATCH_MULTIPLE]):
            path.append(child)
            common = whole(_common(child.tokens, tokens[length : length + len(child.tokens)]))
            length += common
            if common < len(child.tokens):
                break
            node = child
        return path, length

    def split(self, node: Node, position: int) -> Node:
        """Cuts an edge before ``position``, between two groups; ``node`` keeps the beginning.

        Returns:
            The node of the rest, which has the children, the readers and the uses of the whole; its keys and values are
            for the caller to part.
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
        """A new edge of whole groups from ``parent``, which has none that begins with the same group."""
        node = Node(tuple(tokens), parent.end, parent)
        parent.children[node.tokens[:BATCH_MULTIPLE]] = node
        return node

    def touch(self, node: Node) -> None:
        """Says that a node was used."""
        node.uses += 1
        # Each token takes the same to keep. A later one costs more to read, for attention looks at all before it.
        node.priority = self._clock + node.uses * (1 + node.end / _DOUBLE_COST)

    def remove(self, node: Node) -> None:
        """Forgets a leaf."""
        assert node.parent is not None  # noqa: S101 - it is not the root
        self._clock = max(self._clock, node.priority)
        del node.parent.children[node.tokens[:BATCH_MULTIPLE]]

    def nodes(self) -> Iterator[Node]:
        """All but the root; of siblings, the one that came first."""
        stack = list(reversed(self.root.children.values()))
        while stack:
            node = stack.pop()
            yield node
            stack += reversed(node.children.values())

    def least(self) -> Node | None:
        """The leaf to let go first; None where each is in use or pinned."""
        leaves = (node for node in self.nodes() if not (node.children or node.readers or node.pinned))
        return min(leaves, key=lambda node: node.priority, default=None)


def _common(left: tuple[int, ...], right: tuple[int, ...]) -> int:
    if left == right:  # most often; compared in C
        return len(left)
    pairs = enumerate(zip(left, right, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(left), len(right)))
