"""What is chosen, on machines whose timings are made up."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.models.llm.tuning.parameters import Tuning
from rag.models.llm.tuning.search import Part, SearchDimension, search, search_space

DEFAULT = Tuning(threads=8, batch_threads=8)
CHOICES = search_space(usable=8, physical=4)
Cost = Callable[[Tuning], float]


class Machine:
    """Takes as long as ``reading`` and ``writing`` say, times what ``noise`` says."""

    def __init__(self, reading: Cost, writing: Cost, noise: Callable[[], float] = lambda: 1.0) -> None:
        self._costs: dict[Part, Cost] = {
            "reading": reading,
            "writing": writing,
            "both": lambda tuning: reading(tuning) + writing(tuning),
        }
        self._noise = noise
        self.asked: list[tuple[Tuning, Part]] = []

    def seconds(self, tuning: Tuning, part: Part) -> float:
        self.asked.append((tuning, part))
        return self._costs[part](tuning) * self._noise()

    def chosen(self, expired: Callable[[], bool] | None = None) -> Tuning:
        return search(DEFAULT, CHOICES, self.seconds, expired or never)


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
def test_the_threads_that_are_tried(usable: int, physical: int, expected: list[int]) -> None:
    threads, batch_threads, *others = search_space(usable, physical)
    assert list(threads.values) == list(batch_threads.values) == expected
    assert [choice.field for choice in others] == ["repack", "flash_attention", "micro_batch"]


@pytest.mark.parametrize(
    ("reading", "writing", "expected"),
    [
        pytest.param(always, always, DEFAULT, id="nothing makes a difference"),
        pytest.param(
            always,
            lambda t: 1.0 if t.threads == 8 else 0.7,
            replace(DEFAULT, threads=4),
            id="writing is faster with a thread for each core",
        ),
        pytest.param(
            lambda t: 10 / t.batch_threads,
            lambda t: 1.0 if t.threads == 8 else 0.7,
            replace(DEFAULT, threads=4),
            id="and reading with all",
        ),
        pytest.param(
            lambda t: 1.0 if t.repack else 0.6,
            lambda t: 0.1 if t.repack else 0.2,
            replace(DEFAULT, repack=False),
            id="repacking costs more in reading than it saves in writing",
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
def test_what_is_chosen(reading: Cost, writing: Cost, expected: Tuning) -> None:
    assert Machine(reading, writing).chosen() == expected


@settings(max_examples=40)
@given(st.fixed_dictionaries({choice.field: st.lists(st.floats(0.5, 2), min_size=3, max_size=3) for choice in CHOICES}))
def test_where_choices_do_not_meddle_with_each_other_the_fastest_is_found(factors: dict[str, list[float]]) -> None:
    """Of each field alone, unless the default is within a twentieth of it; never is it made slower."""

    def factor(tuning: Tuning, choice: SearchDimension) -> float:
        known = factors[choice.field]
        return known[list(choice.values).index(getattr(tuning, choice.field))]

    def cost(*parts: Part) -> Cost:
        def of(tuning: Tuning) -> float:
            seconds = 1.0
            for choice in CHOICES:
                if choice.part in parts:
                    seconds *= factor(tuning, choice)
            return seconds

        return of

    # Fields of both parts change both in the same proportion.
    machine = Machine(cost("reading", "both"), cost("writing", "both"))
    chosen = machine.chosen()
    for choice in CHOICES:
        before, after = factor(DEFAULT, choice), factor(chosen, choice)
        best = min(factors[choice.field][: len(choice.values)])
        assert after == (best if best <= 0.95 * before else before) or abs(best / before - 0.95) < 1e-9


@given(st.integers(0, 2**32))
def test_noise_alone_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    assert Machine(always, always, lambda: chance.uniform(0.975, 1.025)).chosen() == DEFAULT


def test_what_is_slower_is_tried_once() -> None:
    machine = Machine(lambda t: 10 / t.batch_threads, lambda t: 1 + (t.threads == 4))
    machine.chosen()
    assert machine.asked.count((replace(DEFAULT, threads=4), "writing")) == 1


def test_when_the_time_is_up_the_rest_stays_as_it_is() -> None:
    machine = Machine(lambda t: 1.0 if t.repack else 0.5, lambda t: 1.0 if t.threads == 8 else 0.5)
    assert machine.chosen(expired=lambda: True) == DEFAULT
    assert machine.asked == []
    machine = Machine(lambda t: 1.0 if t.repack else 0.5, lambda t: 1.0 if t.threads == 8 else 0.5)
    # Enough for the threads: three rounds of two.
    assert machine.chosen(expired=lambda: len(machine.asked) >= 6) == replace(DEFAULT, threads=4)


def test_what_was_not_tried_three_times_is_not_taken() -> None:
    machine = Machine(always, lambda t: 1.0 if t.threads == 8 else 0.5)
    assert machine.chosen(expired=lambda: len(machine.asked) >= 4) == DEFAULT
