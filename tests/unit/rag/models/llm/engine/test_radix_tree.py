"""The tree against a list of all that was ever put into it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models.llm.engine.radix_tree import Node, RadixTree
from rag.models.llm.engine.scheduler import BATCH_MULTIPLE, whole

# Few letters, so that many begin alike; the lengths are of whole groups, or not.
sequences = st.lists(st.integers(0, 2), max_size=24).map(tuple)


def put(tree: RadixTree, tokens: tuple[int, ...]) -> None:
    tokens = tokens[: whole(len(tokens))]
    path, length = tree.walk(tokens)
    if length < len(tokens):
        if path and length < path[-1].end:
            tree.split(path[-1], length)
        tree.add(path[-1] if path else tree.root, tokens[length:])


def spelled(node: Node | None) -> tuple[int, ...]:
    return spelled(node.parent) + node.tokens if node else ()


def common(left: tuple[int, ...], right: tuple[int, ...]) -> int:
    """In whole groups."""
    length = 0
    while (
        length + BATCH_MULTIPLE <= min(len(left), len(right))
        and left[: length + BATCH_MULTIPLE] == right[: length + BATCH_MULTIPLE]
    ):
        length += BATCH_MULTIPLE
    return length


@given(st.lists(sequences, max_size=12), sequences)
def test_a_walk_is_as_long_as_the_longest_beginning_in_common(
    kept: list[tuple[int, ...]], asked: tuple[int, ...]
) -> None:
    tree = RadixTree()
    for tokens in kept:
        put(tree, tokens)
    path, length = tree.walk(asked)
    assert length == max((common(asked, tokens) for tokens in kept), default=0)
    assert [node.parent for node in path] == [tree.root, *path][: len(path)]
    if path:
        assert spelled(path[-1])[:length] == asked[:length]
        assert path[-1].start < length <= path[-1].end


@given(st.lists(sequences, max_size=12))
def test_the_tree_spells_what_was_put_into_it_and_each_beginning_once(kept: list[tuple[int, ...]]) -> None:
    tree = RadixTree()
    for tokens in kept:
        put(tree, tokens)
    beginnings = {tokens[:end] for tokens in kept for end in range(BATCH_MULTIPLE, len(tokens) + 1, BATCH_MULTIPLE)}
    assert sum(len(node.tokens) for node in tree.nodes()) == BATCH_MULTIPLE * len(beginnings)
    for node in tree.nodes():
        assert spelled(node) in beginnings
        assert node.tokens
        assert len(spelled(node)) == node.end
        assert node.parent is not None
        assert node.parent.children[node.tokens[:BATCH_MULTIPLE]] is node


@given(st.lists(sequences, min_size=1, max_size=8), st.data())
def test_a_split_changes_nothing_of_what_is_spelled(kept: list[tuple[int, ...]], data: st.DataObject) -> None:
    tree = RadixTree()
    for tokens in kept:
        put(tree, tokens)
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
        assert tree.walk(tokens)[1] == whole(len(tokens))


@given(st.lists(sequences, max_size=10), st.randoms(use_true_random=False))
def test_what_goes_first_is_a_leaf_that_nobody_stands_on(kept: list[tuple[int, ...]], chance: random.Random) -> None:
    tree = RadixTree()
    for tokens in kept:
        put(tree, tokens)
    for node in tree.nodes():
        node.readers = {1} if chance.random() < 0.3 else set()
        node.priority = chance.random()
    while least := tree.least():
        leaves = [node for node in tree.nodes() if not node.children and not node.readers]
        assert least in leaves
        assert least.priority == min(node.priority for node in leaves)
        tree.remove(least)
    assert all(node.children or node.readers for node in tree.nodes())


def leaf(tree: RadixTree, token: int, groups: int = 1, uses: int = 1) -> Node:
    node = tree.add(tree.root, (token,) * BATCH_MULTIPLE * groups)
    for _ in range(uses):
        tree.touch(node)
    return node


@pytest.mark.parametrize(
    ("kept", "let_go"),
    [
        pytest.param({"groups": 1}, {"groups": 1}, id="came-later"),
        pytest.param({"uses": 2}, {"uses": 1}, id="used-more-often"),
        pytest.param({"groups": 800}, {"groups": 1}, id="dearer-to-read"),
    ],
)
def test_what_is_worth_more_stays(kept: dict[str, int], let_go: dict[str, int]) -> None:
    tree = RadixTree()
    gone = leaf(tree, 1, **let_go)
    leaf(tree, 2, **kept)
    assert tree.least() is gone


def test_what_was_hot_long_ago_goes_in_the_end() -> None:
    tree = RadixTree()
    hot = leaf(tree, 1, uses=5)
    for token in range(2, 20):
        leaf(tree, token)
        least = tree.least()
        assert least is not None
        tree.remove(least)
        if least is hot:
            break
    assert least is hot
    assert token > 5


def test_a_pinned_one_stays_also_what_is_cut_from_it() -> None:
    tree = RadixTree()
    node = leaf(tree, 1, groups=4)
    other = leaf(tree, 2, uses=9)
    node.pinned = True
    assert tree.least() is other
    tree.split(node, 2 * BATCH_MULTIPLE)
    tree.remove(other)
    assert tree.least() is None
