"""Who reads how much in the next step: whoever comes, in whatever number."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models.llm.engine.scheduler import (
    ALONE,
    BESIDE,
    GROUP,
    PATIENCE,
    SHORTEST,
    Demand,
    precedence,
    response_ratio,
    share_out,
    whole,
)

SECONDS = 0.006
writers = st.builds(Demand, st.just(1), st.floats(0, 100), st.just(True))
readers = st.builds(Demand, st.integers(1, 3000), st.floats(0, 100), weighed=st.booleans())
crowds = st.lists(writers | readers, max_size=16)
steps = st.sampled_from([64, 128, 256, 512, 2048])


def shares_of(demands: list[Demand], most: int = 512) -> list[int]:
    return share_out(demands, seconds_per_token=SECONDS, most=most)


@given(crowds, steps)
def test_never_more_than_a_step_takes_nor_than_is_asked_for(demands: list[Demand], most: int) -> None:
    shares = shares_of(demands, most)
    assert sum(shares) <= most
    assert all(0 <= share <= demand.tokens for share, demand in zip(shares, demands, strict=True))


@given(crowds, steps)
def test_who_writes_is_always_served(demands: list[Demand], most: int) -> None:
    shares = shares_of(demands, most)
    assert all(share == 1 for share, demand in zip(shares, demands, strict=True) if demand.writes)


@given(crowds, steps)
def test_there_is_always_progress(demands: list[Demand], most: int) -> None:
    shares = shares_of(demands, most)
    reading = [share for share, demand in zip(shares, demands, strict=True) if not demand.writes]
    assert not reading or sum(reading) > 0


@given(crowds, steps)
def test_whole_groups_except_at_the_end_of_a_prompt(demands: list[Demand], most: int) -> None:
    for share, demand in zip(shares_of(demands, most), demands, strict=True):
        assert demand.writes or share == demand.tokens or share % GROUP == 0


@given(st.integers(1, 5000), st.lists(writers, max_size=8))
def test_no_stretch_of_a_prompt_is_shorter_than_the_shortest(tokens: int, beside: list[Demand]) -> None:
    """Unless the prompt is: what is computed would differ with how it was cut."""
    left = tokens
    while left:
        share = shares_of([*beside, Demand(left, 0.0)])[-1]
        assert share >= SHORTEST or share == tokens, (tokens, left, share)
        left -= share


@given(st.lists(readers, min_size=1, max_size=16))
def test_nobody_is_served_before_who_precedes(demands: list[Demand]) -> None:
    shares = shares_of(demands)
    places = [precedence(demand, SECONDS) for demand in demands]
    served = [place for place, share in zip(places, shares, strict=True) if share]
    passed_over = [place for place, share in zip(places, shares, strict=True) if not share]
    assert all(place >= max(served) for place in passed_over)


@given(readers, readers)
def test_the_highest_response_ratio_precedes_among_equals(one: Demand, other: Demand) -> None:
    other = replace(other, weighed=one.weighed)
    if one.weighed and (one.waited < PATIENCE) != (other.waited < PATIENCE):
        return
    ratios = response_ratio(one, SECONDS), response_ratio(other, SECONDS)
    assert (precedence(one, SECONDS) < precedence(other, SECONDS)) == (ratios[0] > ratios[1])


@pytest.mark.parametrize(
    ("demands", "shares"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([Demand(3, 0.0)], [3], id="short-prompt"),
        pytest.param([Demand(500, 0.0)], [252], id="equal-parts"),
        pytest.param([Demand(500, 0.0), Demand(1, 0.0, writes=True)], [128, 1], id="shorter-beside-one-that-writes"),
        pytest.param([Demand(127, 0.0), Demand(1, 0.0, writes=True)], [127, 1], id="rather-long-than-two-short-parts"),
        pytest.param([Demand(130, 0.0), Demand(1, 0.0, writes=True)], [130, 1], id="the-last-part-would-be-short"),
        pytest.param([Demand(30, 0.0), Demand(20, 9.0)], [30, 20], id="short-ones-together"),
        pytest.param([Demand(400, 1.0), Demand(100, 1.0)], [0, 100], id="one-after-the-other"),
        pytest.param([Demand(400, 60.0), Demand(100, 1.0)], [200, 0], id="who-waited-long"),
        pytest.param([Demand(400, 0.0), Demand(30, 9.0, weighed=True)], [200, 0], id="a-first-word-before-a-weighing"),
        pytest.param([Demand(40, 0.0), Demand(30, 9.0, weighed=True)], [40, 0], id="no-weighing-beside-it"),
        pytest.param([Demand(30, 8.0, weighed=True), Demand(30, 9.0, weighed=True)], [0, 30], id="one-weighing-a-step"),
        pytest.param([Demand(400, 0.0), Demand(30, 20.0, weighed=True)], [200, 30], id="a-weighing-that-waited-long"),
    ],
)
def test_examples(demands: list[Demand], shares: list[int]) -> None:
    assert shares_of(demands) == shares


@given(st.integers(65, 3000), st.integers(1, 7))
def test_a_step_beside_writers_stays_short(tokens: int, beside: int) -> None:
    """At most what the shortest stretches allow above the limit."""
    share = shares_of([*[Demand(1, 0.0, writes=True)] * beside, Demand(tokens, 0.0)])[-1]
    assert share <= max(BESIDE + GROUP, 2 * (SHORTEST + GROUP) - 1)
    assert shares_of([Demand(tokens, 0.0)])[0] <= ALONE + GROUP


@given(st.floats(0, 1e4), st.integers(0, 5000))
def test_the_ratio_is_that_of_the_whole_time_to_the_service(waited: float, tokens: int) -> None:
    service = max(tokens, 1) * SECONDS
    assert response_ratio(Demand(tokens, waited), SECONDS) == pytest.approx(1 + waited / service)


@pytest.mark.parametrize("small", [8, 64, 200])
def test_a_long_prompt_is_overtaken_a_bounded_number_of_times(small: int) -> None:
    """Short ones come with each step, and there is no end to them: the ratio of the long one grows all the same."""
    clock, long_left, waiting = 0.0, 2000, [0.0]
    served = 0
    while True:
        demands = [Demand(long_left, clock), *(Demand(small, clock - since) for since in waiting)]
        shares = shares_of(demands)
        if shares[0]:
            break
        served += sum(shares)
        clock += sum(shares) * SECONDS
        waiting = [since for since, share in zip(waiting, shares[1:], strict=True) if not share]
        waiting += [clock] * 2
    # Each short one has to have waited as many times its own service as the long one.
    assert served < 40 * 2000


@given(st.integers(0, 10_000))
def test_whole_groups(tokens: int) -> None:
    assert whole(tokens) % GROUP == 0
    assert 0 <= tokens - whole(tokens) < GROUP
