"""Prefix cache: keys and values of prompt prefixes, shared between sequences and swapped out of the KV cache.

A node of the radix tree has cells in the pool only while a running sequence uses it, so that the pool stays small: what
attention passes over costs time, even if it is masked. Swapping a prompt's keys and values in or out takes about a
millisecond; computing them takes seconds. All cells of a node are also cells of each sequence that uses it, so that no
more are taken than the running sequences have: the engine counts those alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rag.models.llm.engine.context import Context
from rag.models.llm.engine.radix_tree import Node, RadixTree
from rag.models.llm.engine.scheduler import round_down


class PrefixCache:
    """Prefix cache of one context. For the engine's thread.

    Attributes:
        bytes: of the copies outside of the pool.
    """

    def __init__(self, context: Context, *, first_sequence: int, capacity: int) -> None:
        """Starts empty.

        Args:
            context: where the cells are.
            first_sequence: sequence ids from this one on are the cache's.
            capacity: most bytes of copies; 0 for a model whose keys and values cannot be split by position: nothing is
                shared.
        """
        self._context = context
        self._tree = RadixTree()
        self._first_sequence = first_sequence
        self._free = list(range(first_sequence, context.sequences))
        self._nodes_of: defaultdict[int, list[Node]] = defaultdict(list)
        self._capacity = capacity
        self.bytes = 0

    def cached_length(self, tokens: Sequence[int]) -> int:
        """Number of the first tokens that are cached."""
        return self._tree.walk(tokens)[1]

    def attach(self, sequence_id: int, tokens: Sequence[int], most: int) -> int:
        """Gives an empty sequence the cached prefix of ``tokens``, at most ``most`` (a batch multiple) of it.

        Returns:
            How many tokens it has now; fewer than are cached where the pool has no room for their copies.
        """
        path, length = self._tree.walk(tokens)
        length = min(length, most)
        attached = 0
        for node in path:
            end = min(node.end, length)
            if node.start >= end or (cells := self._swap_in(node)) is None:
                break
            self._context.share(cells, sequence_id, node.start, end)
            attached = end
            self._tree.touch(node)
            if end == node.end:
                self._add_reader(sequence_id, node)
            else:
                # No sequence uses the cells of the rest.
                self._swap_out(node)
        return attached

    def insert(self, sequence_id: int, tokens: Sequence[int]) -> None:
        """Caches what a sequence has computed, which are ``tokens``: whole batch multiples of them."""
        if not self._capacity:
            return
        tokens = tokens[: round_down(len(tokens))]
        path, length = self._tree.walk(tokens)
        if length < len(tokens):
            if path and length < path[-1].end and not self._split(path[-1], length):
                return
            if self._free:
                path.append(self._tree.add(path[-1] if path else self._tree.root, tokens[length:]))
                self._tree.touch(path[-1])
        # The new one first: it has no copy yet.
        for node in reversed(path):
            if node.sequence_id is None and node.end <= len(tokens):
                self._share_cells(sequence_id, node)

    def release(self, sequence_id: int) -> None:
        """Ends a sequence's use of its nodes; evicts what is above the capacity."""
        for node in self._nodes_of.pop(sequence_id, ()):
            node.readers.remove(sequence_id)
            self._swap_out(node)
        while self.bytes > self._capacity and (victim := self._tree.victim()):
            self.bytes -= victim.bytes
            self._tree.remove(victim)

    def pin(self, tokens: Sequence[int]) -> None:
        """Keeps the cached prefix of ``tokens`` for good, whole nodes of it."""
        path, length = self._tree.walk(tokens)
        for node in path:
            node.pinned = node.pinned or node.end <= length

    def clear(self) -> None:
        """Empties the cache; the cells are for the caller to free."""
        self._tree = RadixTree()
        self._free = list(range(self._first_sequence, self._context.sequences))
        self._nodes_of.clear()
        self.bytes = 0

    def _add_reader(self, sequence_id: int, node: Node) -> None:
        node.readers.add(sequence_id)
        self._nodes_of[sequence_id].append(node)

    def _share_cells(self, sequence_id: int, node: Node) -> None:
        """Gives a node without cells those of a sequence that has computed its tokens, if an id is free for it."""
        if self._free:
            node.sequence_id = self._free.pop()
            self._context.share(sequence_id, node.sequence_id, node.start, node.end)
            self._add_reader(sequence_id, node)

    def _split(self, node: Node, position: int) -> bool:
        """Splits a node and its keys and values; False where the pool or the ids do not allow it now."""
        if (cells := self._swap_in(node)) is None:
            return False
        if not self._free:
            self._swap_out(node)
            return False
        rest = self._tree.split(node, position)
        for sequence_id in rest.readers:
            self._nodes_of[sequence_id].append(rest)
        rest.sequence_id = self._free.pop()
        self._context.share(cells, rest.sequence_id, rest.start, rest.end)
        self._context.forget(cells, rest.start)
        self.bytes -= node.bytes
        node.saved = None
        self._swap_out(node)
        self._swap_out(rest)
        return True

    def _swap_in(self, node: Node) -> int | None:
        """The id of the sequence that holds a node's cells, which are restored if need be; None without room."""
        if node.sequence_id is None and self._free and node.saved is not None:
            sequence_id = self._free.pop()
            if self._context.restore(node.saved, sequence_id):
                node.sequence_id = sequence_id
            else:
                self._context.forget(sequence_id)
                self._free.append(sequence_id)
        return node.sequence_id

    def _swap_out(self, node: Node) -> None:
        """Frees the cells of a node without readers; a copy of its keys and values stays."""
        if node.readers or node.sequence_id is None:
            return
        if node.saved is None:
            node.saved = self._context.save(node.sequence_id)
            self.bytes += node.bytes
        self._context.forget(node.sequence_id)
        self._free.append(node.sequence_id)
        node.sequence_id = None
