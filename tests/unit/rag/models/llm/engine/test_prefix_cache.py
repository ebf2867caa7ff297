"""The prefix cache attaches what was asked for, and leaks no cell, byte or id, in any order of calls."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rag.models.llm.engine.context import BatchEntry
from rag.models.llm.engine.prefix_cache import PrefixCache
from rag.models.llm.engine.radix_tree import Node
from rag.models.llm.engine.scheduler import BATCH_MULTIPLE, round_down
from tests.unit.rag.models.llm.engine.fake_context import FakeContext

RUNNING = 3
TOKEN_BYTES = 8  # size of a token's copy in a fake context
groups = st.lists(st.sampled_from([(1, 1, 1, 1), (1, 1, 1, 2), (2, 2, 2, 2)]), max_size=8)
prompts = groups.map(lambda found: tuple(token for group in found for token in group))


@dataclass
class RunningSequence:
    """A running sequence: its prompt, and what is computed of it."""

    prompt: tuple[int, ...]
    computed: list[int] = field(default_factory=list)


def prefill(context: FakeContext, sequence: int, reader: RunningSequence, end: int) -> None:
    start = len(reader.computed)
    if start < end:
        context.step([BatchEntry(sequence, start, reader.prompt[start:end], 0)])
        reader.computed += reader.prompt[start:end]


class AnyHistory(RuleBasedStateMachine):
    """As the engine uses it: attach, prefill, insert, release; in any order, of any prompts, with little room."""

    @initialize(
        capacity=st.sampled_from([0, 100, 400, 10_000]), ids=st.integers(0, 6), spare=st.sampled_from([0, 8, 200])
    )
    def open(self, capacity: int, ids: int, spare: int) -> None:
        # The engine admits no more than fits: so many cells for each that runs.
        self.context = FakeContext(cells=RUNNING * 40 + spare, sequences=RUNNING + ids)
        self.capacity = capacity
        self.cache = PrefixCache(self.context, first_sequence=RUNNING, capacity=capacity)
        self.running: dict[int, RunningSequence] = {}

    @precondition(lambda self: len(self.running) < RUNNING)
    @rule(prompt=prompts, most=st.integers(0, 40), refuse=st.booleans())
    def attach(self, prompt: tuple[int, ...], most: int, refuse: bool) -> None:
        sequence = min(set(range(RUNNING)) - self.running.keys())
        cached_length = min(self.cache.cached_length(prompt), round_down(most))
        self.context.refuses = lambda: refuse
        attached = self.cache.attach(sequence, prompt, cached_length)
        self.context.refuses = lambda: False
        assert attached <= cached_length
        assert attached % BATCH_MULTIPLE == 0
        self.running[sequence] = RunningSequence(prompt, list(prompt[:attached]))

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def prefill(self, data: st.DataObject) -> None:
        sequence = data.draw(st.sampled_from(sorted(self.running)))
        reader = self.running[sequence]
        prefill(self.context, sequence, reader, data.draw(st.integers(0, len(reader.prompt))))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), refuse=st.booleans())
    def insert(self, data: st.DataObject, refuse: bool) -> None:
        sequence = data.draw(st.sampled_from(sorted(self.running)))
        self.context.refuses = lambda: refuse
        self.cache.insert(sequence, self.running[sequence].computed)
        self.context.refuses = lambda: False

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        self._end(data.draw(st.sampled_from(sorted(self.running))))

    def _end(self, sequence: int) -> None:
        self.cache.release(sequence)
        self.context.forget(sequence)
        del self.running[sequence]

    @property
    def nodes(self) -> list[Node]:
        return list(self.cache._tree.nodes())

    @invariant()
    def each_sequence_holds_what_it_has_computed(self) -> None:
        for sequence, reader in self.running.items():
            assert self.context.spelled(sequence) == reader.computed

    @invariant()
    def no_more_cells_are_taken_than_the_running_sequences_have(self) -> None:
        cells = [self.context.cells_of(sequence) for sequence in self.running]
        assert self.context.used == len(set().union(*cells))

    @invariant()
    def a_node_has_cells_while_it_has_readers(self) -> None:
        for node in self.nodes:
            assert (node.sequence_id is not None) == bool(node.readers)
            assert node.readers <= self.running.keys()
            assert node.sequence_id is not None or node.saved is not None
            if node.sequence_id is not None:
                cells = self.context.cells_of(node.sequence_id)
                assert {cell.position for cell in cells} == set(range(node.start, node.end))
                assert [c.token for c in sorted(cells, key=lambda cell: cell.position)] == list(node.tokens)
                assert all(cells <= self.context.cells_of(reader) for reader in node.readers)

    @invariant()
    def no_id_leaks(self) -> None:
        used = [node.sequence_id for node in self.nodes if node.sequence_id is not None]
        assert sorted([*self.cache._free, *used]) == list(range(RUNNING, self.context.sequences))

    @invariant()
    def bytes_are_counted_and_kept_within_the_capacity(self) -> None:
        assert self.cache.bytes == sum(node.bytes for node in self.nodes)
        if not self.running:
            assert self.cache.bytes <= self.capacity

    def teardown(self) -> None:
        if hasattr(self, "running"):
            for sequence in list(self.running):
                self._end(sequence)
            assert self.context.used == 0
            self.no_id_leaks()
            self.bytes_are_counted_and_kept_within_the_capacity()


TestAnyHistory = AnyHistory.TestCase


def tokens(*found: int) -> tuple[int, ...]:
    """A batch multiple of each."""
    return tuple(token for token in found for _ in range(BATCH_MULTIPLE))


@pytest.fixture
def context() -> FakeContext:
    return FakeContext(cells=200, sequences=10)


@pytest.fixture
def cache(context: FakeContext) -> PrefixCache:
    return PrefixCache(context, first_sequence=RUNNING, capacity=10_000)


def run(context: FakeContext, cache: PrefixCache, sequence: int, prompt: tuple[int, ...]) -> int:
    """Computes and caches a prompt; returns how much of it was cached."""
    attached = cache.attach(sequence, prompt, cache.cached_length(prompt))
    prefill(context, sequence, RunningSequence(prompt, list(prompt[:attached])), len(prompt))
    cache.insert(sequence, prompt)
    return attached


def end(context: FakeContext, cache: PrefixCache, sequence: int) -> None:
    cache.release(sequence)
    context.forget(sequence)


def test_a_node_that_is_split_while_in_use_is_released_as_a_whole(context: FakeContext, cache: PrefixCache) -> None:
    run(context, cache, 0, tokens(1, 2, 3, 4))
    assert run(context, cache, 1, tokens(1, 2, 5)) == 2 * BATCH_MULTIPLE
    end(context, cache, 0)
    end(context, cache, 1)
    assert context.used == 0
    assert len(cache._free) == 7


def test_running_sequences_share_the_cells_of_their_common_prefix(context: FakeContext, cache: PrefixCache) -> None:
    run(context, cache, 0, tokens(1, 2, 3))
    assert run(context, cache, 1, tokens(1, 2, 3, 4)) == 3 * BATCH_MULTIPLE
    assert context.used == 4 * BATCH_MULTIPLE


def test_a_swapped_out_node_shares_the_cells_of_a_sequence_that_recomputed_it(
    context: FakeContext, cache: PrefixCache
) -> None:
    """A sequence that could not be attached has recomputed the prefix; the next one shares its cells."""
    run(context, cache, 0, tokens(1, 2, 3))
    end(context, cache, 0)
    prefill(context, 0, RunningSequence(tokens(1, 2, 3)), 3 * BATCH_MULTIPLE)
    cache.insert(0, tokens(1, 2, 3))
    context.refuses = lambda: True
    assert cache.attach(1, tokens(1, 2, 3), 3 * BATCH_MULTIPLE) == 3 * BATCH_MULTIPLE
    assert context.used == 3 * BATCH_MULTIPLE


def test_a_part_of_a_node_leaves_no_cells_of_its_rest(context: FakeContext, cache: PrefixCache) -> None:
    run(context, cache, 0, tokens(1, 2, 3))
    end(context, cache, 0)
    assert cache.attach(0, tokens(1, 2, 3), 2 * BATCH_MULTIPLE) == 2 * BATCH_MULTIPLE
    assert context.used == 2 * BATCH_MULTIPLE


def test_without_a_second_id_a_node_is_not_split_and_none_leaks(context: FakeContext) -> None:
    cache = PrefixCache(context, first_sequence=context.sequences - 1, capacity=10_000)
    run(context, cache, 0, tokens(1, 2, 3))
    end(context, cache, 0)
    run(context, cache, 0, tokens(1, 4))
    end(context, cache, 0)
    assert len(cache._free) == 1
    assert cache.cached_length(tokens(1, 2, 3)) == 3 * BATCH_MULTIPLE


def test_nodes_that_are_no_longer_used_are_evicted_first() -> None:
    context = FakeContext(cells=200, sequences=10)
    cache = PrefixCache(context, first_sequence=RUNNING, capacity=3 * BATCH_MULTIPLE * TOKEN_BYTES)
    for token in (1, 2, 1, 3, 1, 4, 1, 5):
        run(context, cache, 0, tokens(token))
        end(context, cache, 0)
    assert cache.cached_length(tokens(1)) == BATCH_MULTIPLE
    assert cache.cached_length(tokens(2)) == 0
    assert cache.bytes <= 3 * BATCH_MULTIPLE * TOKEN_BYTES


def test_after_clearing_nothing_is_cached_and_all_ids_are_free(context: FakeContext, cache: PrefixCache) -> None:
    run(context, cache, 0, tokens(1, 2))
    for sequence in range(context.sequences):
        context.forget(sequence)
    cache.clear()
    assert (cache.cached_length(tokens(1, 2)), cache.bytes, len(cache._free)) == (0, 0, 7)
    assert run(context, cache, 0, tokens(1, 2)) == 0
