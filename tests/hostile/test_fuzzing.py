"""Fuzzing of manifest, docstore, citations, records and key file, a short time of it; ``make soak`` has the long one.

The mutations are those of ``python -m tests.hostile.fuzzing``, so that a fault which that finds can be put here by its
seed; each target takes a second or two.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.fuzzing.mutation import mutated
from tests.hostile.fuzzing.target import Target
from tests.hostile.fuzzing.targets import TARGETS
from tests.unit.conftest import quick_folder

# All examples share the target's folder, which each read leaves as it should be for the next.
shared_folder = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module", params=TARGETS)
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    with quick_folder() as folder:
        yield TARGETS[request.param](folder)


def test_the_first_seed_is_read_without_an_error(target: Target) -> None:
    assert target.tried(target.seeds()[0]) == ""


@shared_folder
@given(st.integers(0, 2**64 - 1), st.integers(0, 9))
def test_mutations_lead_to_a_named_error_or_a_right_read(target: Target, chance: int, seed: int) -> None:
    seeds = target.seeds()
    target.tried(mutated(seeds[seed % len(seeds)], random.Random(chance)))


@shared_folder
@given(st.binary(max_size=300))
def test_any_bytes_lead_to_a_named_error_or_a_right_read(target: Target, data: bytes) -> None:
    target.tried(data)
