"""Keys and values of beginnings that were read before, shared between sequences and kept outside of the pool.

A node of the tree has cells in the pool only while a running sequence began with it, so that the pool stays small: what
attention passes over costs time, even if it is masked. Copying a prompt's keys and values in or out takes about a
millisecond; reading it takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.generation.context import Context
from rag.generation.prefix_tree import Node, PrefixTree


class PrefixStore:
    """What the engine knows of beginnings of prompts. For the engine's thread."""

    def __init__(self, context: Context, *, first_sequence: int, capacity: int) -> None:
        """Over a context.

        Args:
            context: where the cells are.
            first_sequence: ids from this one on are the store's.
            capacity: most bytes of copies; 0 for a model whose keys and values have no parts: nothing is shared.
        """
        self._context = context
        self._tree = PrefixTree()
        self._free = list(range(first_sequence, context.sequences))
        self._capacity = capacity
        self.bytes = 0

    def known(self, tokens: Sequence[int]) -> int:
        """How many of the first tokens need not be read."""
        return self._tree.walk(tokens)[1]

    def begin(self, sequence: int, tokens: Sequence[int], most: int) -> tuple[list[Node], int]:
        """Gives an empty sequence what is known of the beginning of ``tokens``, ``most`` tokens of it.

        Returns:
            The nodes that it stands on, to be released when it has ended; how many tokens it has now.
        """
        path, length = self._tree.walk(tokens)
        length = min(length, most)
        held: list[Node] = []
        given = 0
        for node in path:
            end = min(node.end, length)
            if node.start >= end or (cells := self._bring(node)) is None:
                break
            self._context.share(cells, sequence, node.start, end)
            given = end
            self._tree.touch(node)
            if end < node.end:
                # The cells of the rest are of no use to anybody.
                self._put_away(node)
                break
            node.readers += 1
            held.append(node)
        return held, given

    def learn(self, sequence: int, tokens: Sequence[int], held: list[Node]) -> list[Node]:
        """Keeps what a sequence has read, which are ``tokens``; returns the nodes that it stands on now."""
        if not self._capacity:
            return held
        path, length = self._tree.walk(tokens)
        if path and length < path[-1].end and not self._split(path[-1], length):
            return held
        if length < len(tokens):
            if not self._free:
                return held
            path.append(self._add(path[-1] if path else self._tree.root, sequence, tokens[length:]))
        for node in path:
            node.readers += 1
        self.release(held)
        return path

    def release(self, held: list[Node]) -> None:
        """Says that a sequence stands on these nodes no longer."""
        for node in held:
            node.readers -= 1
            self._put_away(node)
        while self.bytes > self._capacity and (least := self._tree.least()):
            self.bytes -= least.bytes
            self._tree.remove(least)

    def pin(self, path: list[Node]) -> None:
        """Keeps nodes for good."""
        for node in path:
            node.pinned = True

    def _add(self, parent: Node, sequence: int, tokens: Sequence[int]) -> Node:
        node = self._tree.add(parent, tokens)
        node.sequence = self._free.pop()
        self._context.share(sequence, node.sequence, node.start, node.end)
        self._tree.touch(node)
        return node

    def _split(self, node: Node, position: int) -> bool:
        """Cuts a node, its keys and values too; False where there is no room for that now."""
        if (cells := self._bring(node)) is None or not self._free:
            return False
        rest = self._tree.split(node, position)
        rest.sequence = self._free.pop()
        self._context.share(cells, rest.sequence, rest.start, rest.end)
        self._context.forget(cells, rest.start)
        self.bytes -= node.bytes
        node.saved = None
        self._put_away(node)
        self._put_away(rest)
        return True

    def _bring(self, node: Node) -> int | None:
        """The sequence that holds a node's cells, which are brought back if they are not there; None without room."""
        if node.sequence is None and self._free and node.saved is not None:
            sequence = self._free.pop()
            if self._context.restore(node.saved, sequence):
                node.sequence = sequence
            else:
                self._context.forget(sequence)
                self._free.append(sequence)
        return node.sequence

    def _put_away(self, node: Node) -> None:
        """Frees the cells of a node that nobody stands on; a copy stays."""
        if node.readers or node.sequence is None:
            return
        if node.saved is None:
            node.saved = self._context.save(node.sequence)
            self.bytes += node.bytes
        self._context.forget(node.sequence)
        self._free.append(node.sequence)
        node.sequence = None
