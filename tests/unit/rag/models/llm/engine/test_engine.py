"""The engine gives each sequence the text that it would get alone, whatever runs beside it, and leaks nothing."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import pytest

from rag.errors import Cancelled, ModelUnusable, PromptTooLong
from rag.models.llm.engine.context import Interrupted, Logits
from rag.models.llm.engine.engine import Engine
from rag.models.llm.engine.prefix_cache import PrefixCache
from rag.models.llm.engine.prompt_lookup import PromptLookup
from rag.models.llm.engine.sampling import Sampler, Scorer
from rag.models.llm.engine.scheduler import MIN_PREFILL_CHUNK
from rag.models.llm.engine.sequence import TokenSequence
from rag.models.llm.language_model import Generated, Token
from tests.unit.rag.models.llm.engine.fake_context import SIZE, FakeContext, FakeVocabulary, logits_after, text_after

PARALLEL = 4
VOCABULARY = FakeVocabulary()


@dataclass(eq=False)
class Request:
    """A request to an engine, and its outcome."""

    prompt: tuple[int, ...]
    max_new_tokens: int
    emitted: list[Generated] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    error: Exception | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    cached: int = 0
    prompt_lookup: bool = True
    sequence: TokenSequence = field(init=False)

    def __post_init__(self) -> None:
        strategy = Sampler(
            VOCABULARY, self.emitted.append, prompt_tokens=len(self.prompt), max_tokens=self.max_new_tokens
        )
        scorer = Scorer(VOCABULARY, self.scores.append, ["1", "2"], ["3", "4"])
        self.sequence = TokenSequence(
            self.prompt,
            self.max_new_tokens,
            HookedStrategy(strategy if self.max_new_tokens else scorer, self),
            self._end,
            PromptLookup(self.prompt, 0.3) if self.max_new_tokens and self.prompt_lookup else None,
            MIN_PREFILL_CHUNK if self.max_new_tokens else 1,
        )

    def _end(self, error: Exception | None) -> None:
        assert not self.ended.is_set(), "ended twice"
        self.error = error
        self.ended.set()

    def wait(self) -> Request:
        assert self.ended.wait(10), "it never ended"
        return self

    @property
    def text(self) -> str:
        return "".join(each.text for each in self.emitted if isinstance(each, Token))

    def check(self) -> None:
        """Waits, and checks that it ended with what it would have got alone."""
        assert self.wait().error is None
        if self.max_new_tokens:
            assert self.text == "".join(f"{token} " for token in text_after(self.prompt, self.max_new_tokens))
        else:
            expected: list[float] = []
            Scorer(VOCABULARY, expected.append, ["1", "2"], ["3", "4"]).advance(logits_after(self.prompt))
            assert self.scores == expected


@dataclass
class HookedStrategy:
    """A strategy with hooks: when it begins, and before each token, where it may fail."""

    strategy: Sampler | Scorer
    asked: Request
    before: Callable[[], None] = lambda: None
    on_begin: Callable[[], None] = lambda: None

    def begin(self, cached_tokens: int) -> None:
        self.asked.cached = cached_tokens
        self.asked.begun.set()
        self.strategy.begin(cached_tokens)
        self.on_begin()

    def advance(self, logits: Logits) -> int | None:
        self.before()
        return self.strategy.advance(logits)


@dataclass
class Running:
    context: FakeContext
    prefix_cache: PrefixCache
    engine: Engine

    def ask(self, prompt: Sequence[int], max_new_tokens: int = 8, prompt_lookup: bool = True) -> Request:
        asked = Request(tuple(prompt), max_new_tokens, prompt_lookup=prompt_lookup)
        self.engine.submit(asked.sequence)
        return asked

    def hold(self) -> Callable[[], None]:
        """Makes steps wait until the returned function is called. An interruption still stops them."""
        gate, inside = threading.Event(), threading.Event()

        def wait() -> None:
            inside.set()
            while not gate.wait(0.001) and not self.context._stopped.is_set():
                pass

        def go() -> None:
            self.context.on_step = lambda: None
            gate.set()

        self.context.on_step = wait
        self.inside = inside
        return go

    def check_nothing_leaks(self) -> None:
        self.engine.close()
        assert not self.engine._thread.is_alive()
        assert self.context.used == 0
        assert sorted(self.engine._free) == list(range(PARALLEL))
        assert sorted(self.prefix_cache._free) == list(range(PARALLEL, self.context.sequences))
        nodes = list(self.prefix_cache._tree.nodes())
        assert not any(node.readers or node.sequence_id is not None for node in nodes)
        assert self.prefix_cache.bytes == sum(node.bytes for node in nodes)


def running(*, capacity: int = 1 << 20, cells: int = 1024, sequences: int = 32) -> Running:
    context = FakeContext(cells=cells, sequences=sequences)
    prefix_cache = PrefixCache(context, first_sequence=PARALLEL, capacity=capacity)
    return Running(context, prefix_cache, Engine(context, prefix_cache, parallel=PARALLEL, micro_batch=512))


@pytest.fixture
def it() -> Iterator[Running]:
    it = running()
    yield it
    it.check_nothing_leaks()


def prompt_of(length: int, seed: int = 1) -> list[int]:
    chance = random.Random(seed)
    return [chance.randrange(1, SIZE) for _ in range(length)]


def mixed_prompts(chance: random.Random, many: int) -> list[list[int]]:
    """Few prefixes, many ends; some prompts equal, some no more than a prefix, some of one token."""
    beginnings = [prompt_of(chance.randrange(1, 160), seed) for seed in range(5)]
    prompts: list[list[int]] = []
    for _ in range(many):
        prompt = [token for _ in range(chance.randrange(1, 3)) for token in chance.choice(beginnings)]
        prompt = prompt[: chance.choice((1, 3, 64, 65, 130, 400))] + prompt_of(chance.choice((0, 1, 30)), len(prompts))
        prompts.append(chance.choice(prompts) if prompts and chance.random() < 0.2 else prompt)
    return prompts


@pytest.mark.parametrize(
    ("capacity", "cells", "sequences"),
    [(1 << 20, 1024, 32), (4000, 1024, 32), (0, 1024, 32), (1 << 20, 512, 32), (1 << 20, 1024, 6), (1 << 20, 512, 8)],
    ids=["roomy", "evicts", "shares-nothing", "small-pool", "two-ids", "small-pool-and-few-ids"],
)
def test_each_gets_the_text_that_it_would_get_alone(capacity: int, cells: int, sequences: int) -> None:
    it = running(capacity=capacity, cells=cells, sequences=sequences)
    chance = random.Random(cells + sequences)
    asked = [
        it.ask(prompt, chance.choice((0, 0, 1, 5, 20)), prompt_lookup=chance.random() < 0.5)
        for prompt in mixed_prompts(chance, 120)
    ]
    for each in asked:
        each.check()
    assert (sum(each.cached for each in asked) > 0) == (capacity > 0)
    it.check_nothing_leaks()


@pytest.mark.parametrize("seed", range(3))
def test_cancelling_at_any_time_harms_no_other_sequence(seed: int) -> None:
    chance = random.Random(seed)
    it = running(cells=600, sequences=12)
    steps = count()
    asked: list[Request] = []
    doomed: list[Request] = []

    def at_random_steps() -> None:
        if next(steps) % 2 and doomed:
            it.engine.cancel(doomed.pop().sequence)

    it.context.refuses = lambda: chance.random() < 0.2
    it.context.on_step = at_random_steps
    prompts = mixed_prompts(chance, 80)
    for number, prompt in enumerate(prompts):
        asked.append(it.ask(prompt, chance.choice((0, 4, 12))))
        if number % 3 == 0:
            doomed.insert(0, asked[-1])
    for number, each in enumerate(asked):
        if number % 3 == 0:
            it.engine.cancel(each.sequence)
            assert each.wait().error is None or isinstance(each.error, Cancelled)
        else:
            each.check()
    it.check_nothing_leaks()


def test_a_step_that_fails_ends_those_that_were_in_it_and_no_others(it: Running) -> None:
    def fail() -> None:
        it.context.on_step = lambda: None
        raise ModelUnusable("broken")

    first = it.ask(prompt_of(100))
    first.check()
    it.context.on_step = fail
    failed = it.ask(prompt_of(120))
    assert isinstance(failed.wait().error, ModelUnusable)
    it.ask(prompt_of(120)).check()


def test_an_interrupted_step_is_computed_again(it: Running) -> None:
    times = count()

    def interrupt() -> None:
        if next(times) < 5:
            raise Interrupted

    it.context.on_step = interrupt
    for each in [it.ask(prompt_of(100 + n)) for n in range(3)]:
        each.check()


@pytest.mark.parametrize("when", ["prompt", "text"])
def test_cancelling_stops_the_step_that_is_under_way(it: Running, when: str) -> None:
    asked = Request(tuple(prompt_of(90)), 500 if when == "text" else 8)
    go = it.hold() if when == "prompt" else None
    if when == "text":
        holding: list[Callable[[], None]] = []
        assert isinstance(asked.sequence.strategy, HookedStrategy)
        asked.sequence.strategy.before = lambda: None if holding else holding.append(it.hold())
    it.engine.submit(asked.sequence)
    while not hasattr(it, "inside"):
        pass
    assert it.inside.wait(10)
    it.engine.cancel(asked.sequence)
    assert isinstance(asked.wait().error, Cancelled)
    assert len(asked.emitted) <= 1
    it.context.on_step = lambda: None
    if go:
        go()
    it.ask(prompt_of(90)).check()


def test_cancelling_one_of_several_does_not_undo_the_others_step(it: Running) -> None:
    first, second = it.ask(prompt_of(70)), it.ask(prompt_of(70, 2))
    go = it.hold()
    asked = [first, second, it.ask(prompt_of(71, 3), 200), it.ask(prompt_of(72, 4), 200)]
    assert it.inside.wait(10)
    it.engine.cancel(asked[2].sequence)
    go()
    assert isinstance(asked[2].wait().error, Cancelled)
    for each in (*asked[:2], asked[3]):
        each.check()


def test_cancelled_before_it_was_asked_for(it: Running) -> None:
    asked = Request(tuple(prompt_of(20)), 4)
    it.engine.cancel(asked.sequence)
    it.engine.submit(asked.sequence)
    assert isinstance(asked.wait().error, Cancelled)
    assert not asked.begun.is_set()


def test_cancelling_what_has_ended_does_nothing(it: Running) -> None:
    first = it.ask(prompt_of(20))
    first.check()
    it.engine.cancel(first.sequence)
    it.ask(prompt_of(20)).check()
    assert first.error is None


def test_what_is_cancelled_while_it_is_scheduled_is_not_computed(it: Running) -> None:
    """Between scheduling and the step nothing looks at the abort flag."""
    asked = Request(tuple(prompt_of(400)), 4)
    assert isinstance(asked.sequence.strategy, HookedStrategy)
    asked.sequence.strategy.on_begin = lambda: it.engine.cancel(asked.sequence)
    it.engine.submit(asked.sequence)
    assert isinstance(asked.wait().error, Cancelled)
    assert it.context.batches == []


def test_a_strategy_that_fails_ends_only_its_own_sequence(it: Running) -> None:
    go = it.hold()
    asked = [Request(tuple(prompt_of(70, n)), 6) for n in range(3)]

    def fail() -> None:
        raise ZeroDivisionError

    assert isinstance(asked[1].sequence.strategy, HookedStrategy)
    asked[1].sequence.strategy.before = fail
    for each in asked:
        it.engine.submit(each.sequence)
    go()
    assert isinstance(asked[1].wait().error, ZeroDivisionError)
    for each in (asked[0], asked[2]):
        each.check()
    it.ask(prompt_of(70, 1)).check()


def test_when_the_prefix_cache_fails_all_end_with_its_error(it: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with no memory for a copy: the thread must go on, or all that comes later would wait for ever."""
    it.ask(prompt_of(100)).check()

    def fail(sequence_id: int) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(it.context, "save", fail)
        asked = [it.ask(prompt_of(100, n)) for n in range(3)]
        assert any(isinstance(each.wait().error, MemoryError) for each in asked)
    it.ask(prompt_of(100)).check()


def test_what_is_larger_than_the_pool_is_refused_and_blocks_no_other(it: Running) -> None:
    with pytest.raises(PromptTooLong):
        it.ask(prompt_of(1020), 8)
    it.ask(prompt_of(1016), 8).check()


def test_a_blocked_sequence_is_not_overtaken(it: Running) -> None:
    """Not even by one with a higher priority: else small ones would take each cell that becomes free."""
    go = it.hold()
    order: list[str] = []

    def ask(name: str, length: int, waited: float) -> Request:
        asked = Request(tuple(prompt_of(length, len(order))), 2)
        asked.sequence.since -= waited
        end = asked.sequence.on_end

        def on_end(error: Exception | None) -> None:
            order.append(name)
            if "large" not in order and len(order) < 100:
                smalls.append(ask("small", 30, 1e6))
            end(error)

        asked.sequence.on_end = on_end
        it.engine.submit(asked.sequence)
        return asked

    smalls: list[Request] = []
    smalls.append(ask("small", 30, 0))
    assert it.inside.wait(10)
    large = ask("large", 1000, 100)
    smalls += [ask("small", 30, 0) for _ in range(6)]
    go()
    large.check()
    assert order.index("large") < PARALLEL
    for each in smalls:
        each.check()


def test_a_prompt_shares_a_prefix_that_was_computed_while_it_waited(it: Running) -> None:
    go = it.hold()
    passage = prompt_of(300)
    first, second = it.ask([*passage, 1]), it.ask([*passage, *prompt_of(80, 7)])
    go()
    first.check()
    second.check()
    assert second.cached == 300


def test_scoring_shares_the_prefix_of_the_answers_prompt(it: Running) -> None:
    passage = prompt_of(200)
    it.ask([*passage, *prompt_of(70, 2)], 6).check()
    probes = [it.ask([*passage, *prompt_of(20, seed)], 0) for seed in range(5, 9)]
    for probe in probes:
        probe.check()
        assert probe.cached == 200


def test_close_ends_all_and_what_comes_later(it: Running) -> None:
    it.hold()
    asked = [it.ask(prompt_of(100, n)) for n in range(7)]
    assert it.inside.wait(10)
    it.engine.close()
    for each in asked:
        assert isinstance(each.wait().error, Cancelled)
    assert isinstance(it.ask(prompt_of(10)).wait().error, Cancelled)
