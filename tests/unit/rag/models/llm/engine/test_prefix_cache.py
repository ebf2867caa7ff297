"""Whatever happens, what a sequence is given is what it asked for, and no cell, byte or id is lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rag.models.llm.engine.context import BatchEntry
from rag.models.llm.engine.prefix_cache import PrefixCache
from rag.models.llm.engine.radix_tree import Node
from rag.models.llm.engine.scheduler import BATCH_MULTIPLE, whole
from tests.unit.rag.models.llm.engine.fake_context import FakeContext

RUNNING = 3
TOKEN_BYTES = 8  # of a copy in a fake context
groups = st.lists(st.sampled_from([(1, 1, 1, 1), (1, 1, 1, 2), (2, 2, 2, 2)]), max_size=8)
prompts = groups.map(lambda found: tuple(token for group in found for token in group))


@dataclass
class PrefillOnly:
    """A running sequence, and what it is about to read."""

    prompt: tuple[int, ...]
    read: list[int] = field(default_factory=list)


def read_on(context: FakeContext, sequence: int, reader: PrefillOnly, end: int) -> None:
    start = len(reader.read)
    if start < end:
        context.step([BatchEntry(sequence, start, reader.prompt[start:end], 0)])
        reader.read += reader.prompt[start:end]


class AnyHistory(RuleBasedStateMachine):
    """As the engine uses it: begin, read, learn, release; in any order, of any prompts, with little room."""

    @initialize(
        capacity=st.sampled_from([0, 100, 400, 10_000]), ids=st.integers(0, 6), spare=st.sampled_from([0, 8, 200])
    )
    def open(self, capacity: int, ids: int, spare: int) -> None:
        # The engine admits no more than fits: so many cells for each that runs.
        self.context = FakeContext(cells=RUNNING * 40 + spare, sequences=RUNNING + ids)
        self.capacity = capacity
        self.store = PrefixCache(self.context, first_sequence=RUNNING, capacity=capacity)
        self.running: dict[int, PrefillOnly] = {}

    @precondition(lambda self: len(self.running) < RUNNING)
    @rule(prompt=prompts, most=st.integers(0, 40), refuse=st.booleans())
    def begin(self, prompt: tuple[int, ...], most: int, refuse: bool) -> None:
        sequence = min(set(range(RUNNING)) - self.running.keys())
        cached_length = min(self.store.cached_length(prompt), whole(most))
        self.context.refuses = lambda: refuse
        given = self.store.begin(sequence, prompt, cached_length)
        self.context.refuses = lambda: False
        assert given <= cached_length
        assert given % BATCH_MULTIPLE == 0
        self.running[sequence] = PrefillOnly(prompt, list(prompt[:given]))

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        sequence = data.draw(st.sampled_from(sorted(self.running)))
        reader = self.running[sequence]
        read_on(self.context, sequence, reader, data.draw(st.integers(0, len(reader.prompt))))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), refuse=st.booleans())
    def learn(self, data: st.DataObject, refuse: bool) -> None:
        sequence = data.draw(st.sampled_from(sorted(self.running)))
        self.context.refuses = lambda: refuse
        self.store.learn(sequence, self.running[sequence].read)
        self.context.refuses = lambda: False

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        self._end(data.draw(st.sampled_from(sorted(self.running))))

    def _end(self, sequence: int) -> None:
        self.store.release(sequence)
        self.context.forget(sequence)
        del self.running[sequence]

    @property
    def nodes(self) -> list[Node]:
        return list(self.store._tree.nodes())

    @invariant()
    def each_sequence_spells_what_it_has_read(self) -> None:
        for sequence, reader in self.running.items():
            assert self.context.spelled(sequence) == reader.read

    @invariant()
    def no_more_cells_are_taken_than_the_running_sequences_have(self) -> None:
        cells = [self.context.cells_of(sequence) for sequence in self.running]
        assert self.context.used == len(set().union(*cells))

    @invariant()
    def a_node_has_cells_while_somebody_stands_on_it(self) -> None:
        for node in self.nodes:
            assert (node.sequence is not None) == bool(node.readers)
            assert node.readers <= self.running.keys()
            assert node.sequence is not None or node.saved is not None
            if node.sequence is not None:
                cells = self.context.cells_of(node.sequence)
                assert {cell.position for cell in cells} == set(range(node.start, node.end))
                assert [c.token for c in sorted(cells, key=lambda cell: cell.position)] == list(node.tokens)
                assert all(cells <= self.context.cells_of(reader) for reader in node.readers)

    @invariant()
    def no_id_is_lost(self) -> None:
        used = [node.sequence for node in self.nodes if node.sequence is not None]
        assert sorted([*self.store._free, *used]) == list(range(RUNNING, self.context.sequences))

    @invariant()
    def bytes_are_counted_and_kept_within_the_capacity(self) -> None:
        assert self.store.bytes == sum(node.bytes for node in self.nodes)
        if not self.running:
            assert self.store.bytes <= self.capacity

    def teardown(self) -> None:
        if hasattr(self, "running"):
            for sequence in list(self.running):
                self._end(sequence)
            assert self.context.used == 0
            self.no_id_is_lost()
            self.bytes_are_counted_and_kept_within_the_capacity()


TestAnyHistory = AnyHistory.TestCase


def tokens(*found: int) -> tuple[int, ...]:
    """A group of each."""
    return tuple(token for token in found for _ in range(BATCH_MULTIPLE))


@pytest.fixture
def context() -> FakeContext:
    return FakeContext(cells=200, sequences=10)


@pytest.fixture
def store(context: FakeContext) -> PrefixCache:
    return PrefixCache(context, first_sequence=RUNNING, capacity=10_000)


def run(context: FakeContext, store: PrefixCache, sequence: int, prompt: tuple[int, ...]) -> int:
    """Reads and learns a prompt; how much of it was known."""
    given = store.begin(sequence, prompt, store.cached_length(prompt))
    read_on(context, sequence, PrefillOnly(prompt, list(prompt[:given])), len(prompt))
    store.learn(sequence, prompt)
    return given


def end(context: FakeContext, store: PrefixCache, sequence: int) -> None:
    store.release(sequence)
    context.forget(sequence)


def test_a_node_that_is_split_under_somebody_is_let_go_as_a_whole(context: FakeContext, store: PrefixCache) -> None:
    run(context, store, 0, tokens(1, 2, 3, 4))
    assert run(context, store, 1, tokens(1, 2, 5)) == 2 * BATCH_MULTIPLE
    end(context, store, 0)
    end(context, store, 1)
    assert context.used == 0
    assert len(store._free) == 7


def test_two_that_run_share_the_cells_of_what_they_begin_with(context: FakeContext, store: PrefixCache) -> None:
    run(context, store, 0, tokens(1, 2, 3))
    assert run(context, store, 1, tokens(1, 2, 3, 4)) == 3 * BATCH_MULTIPLE
    assert context.used == 4 * BATCH_MULTIPLE


def test_what_was_put_away_and_is_read_again_lends_its_cells(context: FakeContext, store: PrefixCache) -> None:
    """One that could not be given all that was known has read it; who comes next shares with it."""
    run(context, store, 0, tokens(1, 2, 3))
    end(context, store, 0)
    read_on(context, 0, PrefillOnly(tokens(1, 2, 3)), 3 * BATCH_MULTIPLE)
    store.learn(0, tokens(1, 2, 3))
    context.refuses = lambda: True
    assert store.begin(1, tokens(1, 2, 3), 3 * BATCH_MULTIPLE) == 3 * BATCH_MULTIPLE
    assert context.used == 3 * BATCH_MULTIPLE


def test_a_part_of_a_node_leaves_no_cells_of_its_rest(context: FakeContext, store: PrefixCache) -> None:
    run(context, store, 0, tokens(1, 2, 3))
    end(context, store, 0)
    assert store.begin(0, tokens(1, 2, 3), 2 * BATCH_MULTIPLE) == 2 * BATCH_MULTIPLE
    assert context.used == 2 * BATCH_MULTIPLE


def test_without_a_second_id_a_node_is_not_split_and_none_is_lost(context: FakeContext) -> None:
    store = PrefixCache(context, first_sequence=context.sequences - 1, capacity=10_000)
    run(context, store, 0, tokens(1, 2, 3))
    end(context, store, 0)
    run(context, store, 0, tokens(1, 4))
    end(context, store, 0)
    assert len(store._free) == 1
    assert store.cached_length(tokens(1, 2, 3)) == 3 * BATCH_MULTIPLE


def test_what_is_no_longer_asked_for_goes_first() -> None:
    context = FakeContext(cells=200, sequences=10)
    store = PrefixCache(context, first_sequence=RUNNING, capacity=3 * BATCH_MULTIPLE * TOKEN_BYTES)
    for token in (1, 2, 1, 3, 1, 4, 1, 5):
        run(context, store, 0, tokens(token))
        end(context, store, 0)
    assert store.cached_length(tokens(1)) == BATCH_MULTIPLE
    assert store.cached_length(tokens(2)) == 0
    assert store.bytes <= 3 * BATCH_MULTIPLE * TOKEN_BYTES


def test_after_clearing_nothing_is_known_and_all_ids_are_free(context: FakeContext, store: PrefixCache) -> None:
    run(context, store, 0, tokens(1, 2))
    for sequence in range(context.sequences):
        context.forget(sequence)
    store.clear()
    assert (store.cached_length(tokens(1, 2)), store.bytes, len(store._free)) == (0, 0, 7)
    assert run(context, store, 0, tokens(1, 2)) == 0
