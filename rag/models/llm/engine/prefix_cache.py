"""Keys and values of beginnings that were read before, shared between sequences and kept outside of the pool.

A node of the tree has cells in the pool only while a running sequence began with it, so that the pool stays small: what
attention passes over costs time, even if it is masked. Copying a prompt's keys and values in or out takes about a
millisecond; reading it takes seconds. All cells of a node are also cells of each sequence that stands on it, so that no
more are taken than the running sequences have: the engine counts those alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rag.models.llm.engine.context import Context
from rag.models.llm.engine.radix_tree import Node, RadixTree
from rag.models.llm.engine.scheduler import whole


class PrefixCache:
    """What the engine knows of beginnings of prompts. For the engine's thread.

    Attributes:
        bytes: of the copies.
    """

    def __init__(self, context: Context, *, first_sequence: int, capacity: int) -> None:
        """Over a context.

        Args:
            context: where the cells are.
            first_sequence: ids from this one on are the store's.
            capacity: most bytes of copies; 0 for a model whose keys and values have no parts: nothing is shared.
        """
        self._context = context
        self._tree = RadixTree()
        self._first_sequence = first_sequence
        self._free = list(range(first_sequence, context.sequences))
        self._stands_on: defaultdict[int, list[Node]] = defaultdict(list)
        self._capacity = capacity
        self.bytes = 0

    def cached_length(self, tokens: Sequence[int]) -> int:
        """How many of the first tokens need not be read."""
        return self._tree.walk(tokens)[1]

    def begin(self, sequence: int, tokens: Sequence[int], most: int) -> int:
        """Gives an empty sequence what is known of the beginning of ``tokens``, ``most`` (in whole groups) of it.

        Returns:
            How many tokens it has now.
        """
        path, length = self._tree.walk(tokens)
        length = min(length, most)
        given = 0
        for node in path:
            end = min(node.end, length)
            if node.start >= end or (cells := self._bring(node)) is None:
                break
            self._context.share(cells, sequence, node.start, end)
            given = end
            self._tree.touch(node)
            if end == node.end:
                self._stand(sequence, node)
            else:
                # The cells of the rest are of no use to anybody.
                self._put_away(node)
        return given

    def learn(self, sequence: int, tokens: Sequence[int]) -> None:
        """Keeps what a sequence has read, which are ``tokens``: whole groups of them."""
        if not self._capacity:
            return
        tokens = tokens[: whole(len(tokens))]
        path, length = self._tree.walk(tokens)
        if length < len(tokens):
            if path and length < path[-1].end and not self._split(path[-1], length):
                return
            if self._free:
                path.append(self._tree.add(path[-1] if path else self._tree.root, tokens[length:]))
                self._tree.touch(path[-1])
        # The new one first: it has no copy yet.
        for node in reversed(path):
            if node.sequence is None and node.end <= len(tokens):
                self._lend(sequence, node)

    def release(self, sequence: int) -> None:
        """Says that a sequence stands on nothing any longer."""
        for node in self._stands_on.pop(sequence, ()):
            node.readers.remove(sequence)
            self._put_away(node)
        while self.bytes > self._capacity and (least := self._tree.least()):
            self.bytes -= least.bytes
            self._tree.remove(least)

    def pin(self, tokens: Sequence[int]) -> None:
        """Keeps for good what is known of ``tokens``, whole nodes of it."""
        path, length = self._tree.walk(tokens)
        for node in path:
            node.pinned = node.pinned or node.end <= length

    def clear(self) -> None:
        """Forgets all; the cells are for the caller to free."""
        self._tree = RadixTree()
        self._free = list(range(self._first_sequence, self._context.sequences))
        self._stands_on.clear()
        self.bytes = 0

    def _stand(self, sequence: int, node: Node) -> None:
        node.readers.add(sequence)
        self._stands_on[sequence].append(node)

    def _lend(self, sequence: int, node: Node) -> None:
        """Gives a node that has no cells those of a sequence that has read it, if there is an id for it."""
        if self._free:
            node.sequence = self._free.pop()
            self._context.share(sequence, node.sequence, node.start, node.end)
            self._stand(sequence, node)

    def _split(self, node: Node, position: int) -> bool:
        """Cuts a node, its keys and values too; False where there is no room for that now."""
        if (cells := self._bring(node)) is None:
            return False
        if not self._free:
            self._put_away(node)
            return False
        rest = self._tree.split(node, position)
        for sequence in rest.readers:
            self._stands_on[sequence].append(rest)
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
