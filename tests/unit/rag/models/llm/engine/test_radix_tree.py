"""The radix tree against a list of all that was inserted."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models.llm.engine.radix_tree import Node, RadixTree
from rag.models.llm.engine.scheduler import BATCH_MULTIPLE, round_down

# Few different tokens, so that many share prefixes; lengths are batch multiples, or not.
sequences = st.lists(st.integers(0, 2), max_size=24).map(tuple)


def insert(tree: RadixTree, tokens: tuple[int, ...]) -> None:
    tokens = tokens[: round_down(len(tokens))]
    path, length = tree.walk(tokens)
    if length < len(tokens):
        if path and length < path[-1].end:
            tree.split(path[-1], length)
        tree.add(path[-1] if path else tree.root, tokens[length:])


def spelled(node: Node | None) -> tuple[int, ...]:
    return spelled(node.parent) + node.tokens if node else ()


def common(left: tuple[int, ...], right: tuple[int, ...]) -> int:
    """Length of the common prefix, rounded down to the batch multiple."""
    length = 0
    while (
        length + BATCH_MULTIPLE <= min(len(left), len(right))
        and left[: length + BATCH_MULTIPLE] == right[: length + BATCH_MULTIPLE]
    ):
        length += BATCH_MULTIPLE
    return length


@given(st.lists(sequences, max_size=12), sequences)
def test_a_walk_matches_the_longest_common_prefix(kept: list[tuple[int, ...]], asked: tuple[int, ...]) -> None:
    tree = RadixTree()
    for tokens in kept:
        insert(tree, tokens)
    path, length = tree.walk(asked)
    assert length == max((common(asked, tokens) for tokens in kept), default=0)
    assert [node.parent for node in path] == [tree.root, *path][: len(path)]
    if path:
        assert spelled(path[-1])[:length] == asked[:length]
        assert path[-1].start < length <= path[-1].end


@given(st.lists(sequences, max_size=12))
def test_the_tree_holds_each_inserted_prefix_once(kept: list[tuple[int, ...]]) -> None:
    tree = RadixTree()
    for tokens in kept:
        insert(tree, tokens)
    beginnings = {tokens[:end] for tokens in kept for end in range(BATCH_MULTIPLE, len(tokens) + 1, BATCH_MULTIPLE)}
    assert sum(len(node.tokens) for node in tree.nodes()) == BATCH_MULTIPLE * len(beginnings)
    for node in tree.nodes():
        assert spelled(node) in beginnings
        assert node.tokens
        assert len(spelled(node)) == node.end
        assert node.parent is not None
        assert node.parent.children[node.tokens[:BATCH_MULTIPLE]] is node


@given(st.lists(sequences, min_size=1, max_size=8), st.data())
def test_a_split_keeps_what_is_spelled(kept: list[tuple[int, ...]], data: st.DataObject) -> None:
    tree = RadixTree()
    for tokens in kept:
        insert(tree, tokens)
    long = [node for node in tree.nodes() if len(node.tokens) > BATCH_MULTIPLE]
    if not long:
        return
    node = data.draw(st.sampled_from(long))
    node.readers, node.uses, node.priority = {3}, 5, 2.5
    whole_text, end, children = spelled(node), node.end, dict(node.children)
    position = data.draw(st.integers(1, len(node.tokens) // BATCH_MULTIPLE - 1)) * BATCH_MULTIPLE + node.start
    rest = tree.split(node, position)
    assert spelled(rest) == whole_text
    assert (node.end, rest.start, rest.end) == (position, position, end)
    assert node.children == {rest.tokens[:BATCH_MULTIPLE]: rest}
    assert rest.children == children
    assert all(child.parent is rest for child in children.values())
    assert (rest.readers, rest.uses, rest.priority) == ({3}, 5, 2.5)
    assert rest.readers is not node.readers
    for tokens in kept:
        assert tree.walk(tokens)[1] == round_down(len(tokens))


@given(st.lists(sequences, max_size=10), st.randoms(use_true_random=False))
def test_the_victim_is_a_leaf_without_readers(kept: list[tuple[int, ...]], chance: random.Random) -> None:
    tree = RadixTree()
    for tokens in kept:
        insert(tree, tokens)
    for node in tree.nodes():
        node.readers = {1} if chance.random() < 0.3 else set()
        node.priority = chance.random()
    while victim := tree.victim():
        leaves = [node for node in tree.nodes() if not node.children and not node.readers]
        assert victim in leaves
        assert victim.priority == min(node.priority for node in leaves)
        tree.remove(victim)
    assert all(node.children or node.readers for node in tree.nodes())


def leaf(tree: RadixTree, token: int, multiples: int = 1, uses: int = 1) -> Node:
    node = tree.add(tree.root, (token,) * BATCH_MULTIPLE * multiples)
    for _ in range(uses):
        tree.touch(node)
    return node


@pytest.mark.parametrize(
    ("kept", "evicted"),
    [
        pytest.param({"multiples": 1}, {"multiples": 1}, id="came-later"),
        pytest.param({"uses": 2}, {"uses": 1}, id="used-more-often"),
        pytest.param({"multiples": 800}, {"multiples": 1}, id="dearer-to-compute"),
    ],
)
def test_the_victim_is_worth_less(kept: dict[str, int], evicted: dict[str, int]) -> None:
    tree = RadixTree()
    gone = leaf(tree, 1, **evicted)
    leaf(tree, 2, **kept)
    assert tree.victim() is gone


def test_a_node_that_was_hot_long_ago_is_evicted_in_the_end() -> None:
    tree = RadixTree()
    hot = leaf(tree, 1, uses=5)
    for token in range(2, 20):
        leaf(tree, token)
        victim = tree.victim()
        assert victim is not None
        tree.remove(victim)
        if victim is hot:
            break
    assert victim is hot
    assert token > 5


def test_pinned_nodes_stay_and_what_is_split_from_them() -> None:
    tree = RadixTree()
    node = leaf(tree, 1, multiples=4)
    other = leaf(tree, 2, uses=9)
    node.pinned = True
    assert tree.victim() is other
    tree.split(node, 2 * BATCH_MULTIPLE)
    tree.remove(other)
    assert tree.victim() is None
