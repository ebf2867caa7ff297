"""The autotuning search, on machines with made-up timings."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.models.llm.tuning.parameters import Tuning
from rag.models.llm.tuning.search import Phase, SearchDimension, search, search_space

DEFAULT = Tuning(threads=8, batch_threads=8)
DIMENSIONS = search_space(usable=8, physical=4)
Cost = Callable[[Tuning], float]


class Machine:
    """Takes the seconds of ``prefill`` and ``decode``, times the factor of ``noise``."""

    def __init__(self, prefill: Cost, decode: Cost, noise: Callable[[], float] = lambda: 1.0) -> None:
        self._costs: dict[Phase, Cost] = {
            "prefill": prefill,
            "decode": decode,
            "both": lambda tuning: prefill(tuning) + decode(tuning),
        }
        self._noise = noise
        self.asked: list[tuple[Tuning, Phase]] = []

    def seconds(self, tuning: Tuning, phase: Phase) -> float:
        self.asked.append((tuning, phase))
        return self._costs[phase](tuning) * self._noise()

    def chosen(self, expired: Callable[[], bool] | None = None) -> Tuning:
        return search(DEFAULT, DIMENSIONS, self.seconds, expired or never)


def never() -> bool:
    return False


def always(_: Tuning) -> float:
    return 1.0


@pytest.mark.parametrize(
    ("usable", "physical", "expected"),
    [
        pytest.param(8, 4, [8, 4], id="two threads on a core; half is the same"),
        pytest.param(8, 8, [8, 4], id="one thread on a core"),
        pytest.param(2, 2, [2, 1], id="two cores"),
        pytest.param(1, 1, [1], id="one core"),
        pytest.param(2, 32, [2, 1], id="two cores' worth of a large machine"),
        pytest.param(12, 8, [12, 8, 6], id="cores of two kinds"),
    ],
)
def test_the_thread_counts_of_the_search_space(usable: int, physical: int, expected: list[int]) -> None:
    first, threads, batch_threads, *others = search_space(usable, physical)
    assert list(threads.values) == list(batch_threads.values) == expected
    # The largest gain is searched for before the time is up.
    assert [dimension.field for dimension in (first, *others)] == ["repack", "flash_attention", "micro_batch"]


@pytest.mark.parametrize(
    ("prefill", "decode", "expected"),
    [
        pytest.param(always, always, DEFAULT, id="nothing makes a difference"),
        pytest.param(
            always,
            lambda t: 1.0 if t.threads == 8 else 0.7,
            replace(DEFAULT, threads=4),
            id="decode is faster with a thread for each core",
        ),
        pytest.param(
            lambda t: 10 / t.batch_threads,
            lambda t: 1.0 if t.threads == 8 else 0.7,
            replace(DEFAULT, threads=4),
            id="and prefill with all",
        ),
        pytest.param(
            lambda t: 1.0 if t.repack else 0.6,
            lambda t: 0.1 if t.repack else 0.2,
            replace(DEFAULT, repack=False),
            id="repacking costs more in prefill than it saves in decode",
        ),
        pytest.param(
            lambda t: 1.0 if t.repack else 0.6,
            lambda t: 0.1 if t.repack else 0.6,
            DEFAULT,
            id="and where it saves more",
        ),
        pytest.param(
            lambda t: 0.8 if t.flash_attention else 0.5,
            always,
            replace(DEFAULT, flash_attention=False),
            id="without flash attention",
        ),
        pytest.param(
            lambda t: {512: 1.0, 128: 0.8, 64: 0.7}[t.micro_batch], always, replace(DEFAULT, micro_batch=64), id="small"
        ),
        pytest.param(
            lambda t: {512: 1.0, 128: 0.96, 64: 0.97}[t.micro_batch], always, DEFAULT, id="not enough is gained"
        ),
    ],
)
def test_the_chosen_tuning(prefill: Cost, decode: Cost, expected: Tuning) -> None:
    assert Machine(prefill, decode).chosen() == expected


@settings(max_examples=40)
@given(
    st.fixed_dictionaries(
        {dimension.field: st.lists(st.floats(0.5, 2), min_size=3, max_size=3) for dimension in DIMENSIONS}
    )
)
def test_the_fastest_is_found_where_parameters_are_independent(factors: dict[str, list[float]]) -> None:
    """For each parameter, unless the default is within 5 % of it; never a slower one."""

    def factor(tuning: Tuning, dimension: SearchDimension) -> float:
        known = factors[dimension.field]
        return known[list(dimension.values).index(getattr(tuning, dimension.field))]

    def cost(*phases: Phase) -> Cost:
        def of(tuning: Tuning) -> float:
            seconds = 1.0
            for dimension in DIMENSIONS:
                if dimension.phase in phases:
                    seconds *= factor(tuning, dimension)
            return seconds

        return of

    # Parameters of both phases change both in the same proportion.
    machine = Machine(cost("prefill", "both"), cost("decode", "both"))
    chosen = machine.chosen()
    for dimension in DIMENSIONS:
        before, after = factor(DEFAULT, dimension), factor(chosen, dimension)
        best = min(factors[dimension.field][: len(dimension.values)])
        assert after == (best if best <= 0.95 * before else before) or abs(best / before - 0.95) < 1e-9


@given(st.integers(0, 2**32))
def test_noise_alone_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    assert Machine(always, always, lambda: chance.uniform(0.975, 1.025)).chosen() == DEFAULT


def test_a_slower_value_is_timed_once() -> None:
    machine = Machine(lambda t: 10 / t.batch_threads, lambda t: 1 + (t.threads == 4))
    machine.chosen()
    assert machine.asked.count((replace(DEFAULT, threads=4), "decode")) == 1


def test_when_the_time_is_up_the_rest_stays_as_it_is() -> None:
    machine = Machine(lambda t: 1.0 if t.repack else 0.5, lambda t: 1.0 if t.threads == 8 else 0.5)
    assert machine.chosen(expired=lambda: True) == DEFAULT
    assert machine.asked == []
    machine = Machine(lambda t: 1.0 if t.repack else 0.5, lambda t: 1.0 if t.threads == 8 else 0.5)
    # Enough for repacking, which gains most: three rounds of two.
    assert machine.chosen(expired=lambda: len(machine.asked) >= 6) == replace(DEFAULT, repack=False)


def test_a_value_without_three_rounds_is_not_chosen() -> None:
    machine = Machine(always, lambda t: 1.0 if t.threads == 8 else 0.5)
    assert machine.chosen(expired=lambda: len(machine.asked) >= 4) == DEFAULT
