"""The scheduler's shares of a step, for any mix of sequences."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models.llm.engine.scheduler import (
    BATCH_MULTIPLE,
    MAX_PREFILL_ALONE,
    MAX_PREFILL_BESIDE_DECODE,
    MAX_WAIT_SECONDS,
    MIN_PREFILL_CHUNK,
    ScheduleInput,
    priority_key,
    response_ratio,
    round_down,
    schedule,
)

SECONDS = 0.006
decoding = st.builds(ScheduleInput, st.just(1), st.floats(0, 100), st.just(True))
prefilling = st.builds(ScheduleInput, st.integers(1, 3000), st.floats(0, 100), scoring=st.booleans())
crowds = st.lists(decoding | prefilling, max_size=16)
steps = st.sampled_from([64, 128, 256, 512, 2048])


def shares_of(inputs: list[ScheduleInput], max_tokens: int = 512) -> list[int]:
    return schedule(inputs, seconds_per_token=SECONDS, max_tokens=max_tokens)


@given(crowds, steps)
def test_no_more_than_the_step_or_the_sequence_allows(inputs: list[ScheduleInput], max_tokens: int) -> None:
    shares = shares_of(inputs, max_tokens)
    assert sum(shares) <= max_tokens
    assert all(0 <= share <= entry.tokens for share, entry in zip(shares, inputs, strict=True))


@given(crowds, steps)
def test_every_decoding_sequence_gets_its_token(inputs: list[ScheduleInput], max_tokens: int) -> None:
    shares = shares_of(inputs, max_tokens)
    assert all(share == 1 for share, entry in zip(shares, inputs, strict=True) if entry.decoding)


@given(crowds, steps)
def test_there_is_always_progress(inputs: list[ScheduleInput], max_tokens: int) -> None:
    shares = shares_of(inputs, max_tokens)
    prefill = [share for share, entry in zip(shares, inputs, strict=True) if not entry.decoding]
    assert not prefill or sum(prefill) > 0


@given(crowds, steps)
def test_chunks_are_batch_multiples_except_at_the_end_of_a_prompt(inputs: list[ScheduleInput], max_tokens: int) -> None:
    for share, entry in zip(shares_of(inputs, max_tokens), inputs, strict=True):
        assert entry.decoding or share == entry.tokens or share % BATCH_MULTIPLE == 0


@given(st.integers(1, 5000), st.lists(decoding, max_size=8))
def test_no_chunk_is_below_the_minimum(tokens: int, beside: list[ScheduleInput]) -> None:
    """Unless the prompt is: the numbers would depend on how it was cut."""
    left = tokens
    while left:
        share = shares_of([*beside, ScheduleInput(left, 0.0)])[-1]
        assert share >= MIN_PREFILL_CHUNK or share == tokens, (tokens, left, share)
        left -= share


@given(st.lists(prefilling, min_size=1, max_size=16))
def test_prefill_is_in_order_of_priority(inputs: list[ScheduleInput]) -> None:
    shares = shares_of(inputs)
    places = [priority_key(entry, SECONDS) for entry in inputs]
    served = [place for place, share in zip(places, shares, strict=True) if share]
    passed_over = [place for place, share in zip(places, shares, strict=True) if not share]
    assert all(place >= max(served) for place in passed_over)


@given(prefilling, prefilling)
def test_the_highest_response_ratio_goes_first_among_equals(one: ScheduleInput, other: ScheduleInput) -> None:
    other = replace(other, scoring=one.scoring)
    if one.scoring and (one.waited < MAX_WAIT_SECONDS) != (other.waited < MAX_WAIT_SECONDS):
        return
    ratios = response_ratio(one, SECONDS), response_ratio(other, SECONDS)
    assert (priority_key(one, SECONDS) < priority_key(other, SECONDS)) == (ratios[0] > ratios[1])


@pytest.mark.parametrize(
    ("inputs", "shares"),
    [
        pytest.param([], [], id="none"),
        pytest.param([ScheduleInput(3, 0.0)], [3], id="short-prompt"),
        pytest.param([ScheduleInput(500, 0.0)], [252], id="equal-parts"),
        pytest.param(
            [ScheduleInput(500, 0.0), ScheduleInput(1, 0.0, decoding=True)],
            [128, 1],
            id="shorter-beside-decode",
        ),
        pytest.param(
            [ScheduleInput(127, 0.0), ScheduleInput(1, 0.0, decoding=True)],
            [127, 1],
            id="rather-long-than-two-short-chunks",
        ),
        pytest.param(
            [ScheduleInput(130, 0.0), ScheduleInput(1, 0.0, decoding=True)],
            [130, 1],
            id="the-last-chunk-would-be-short",
        ),
        pytest.param([ScheduleInput(30, 0.0), ScheduleInput(20, 9.0)], [30, 20], id="short-ones-together"),
        pytest.param([ScheduleInput(400, 1.0), ScheduleInput(100, 1.0)], [0, 100], id="one-after-the-other"),
        pytest.param([ScheduleInput(400, 60.0), ScheduleInput(100, 1.0)], [200, 0], id="one-that-waited-long"),
        pytest.param(
            [ScheduleInput(400, 0.0), ScheduleInput(30, 9.0, scoring=True)],
            [200, 0],
            id="generation-before-scoring",
        ),
        pytest.param(
            [ScheduleInput(40, 0.0), ScheduleInput(30, 9.0, scoring=True)], [40, 0], id="no-scoring-beside-it"
        ),
        pytest.param(
            [ScheduleInput(30, 8.0, scoring=True), ScheduleInput(30, 9.0, scoring=True)],
            [0, 30],
            id="one-scoring-a-step",
        ),
        pytest.param(
            [ScheduleInput(400, 0.0), ScheduleInput(30, 20.0, scoring=True)],
            [200, 30],
            id="scoring-that-waited-long",
        ),
    ],
)
def test_examples(inputs: list[ScheduleInput], shares: list[int]) -> None:
    assert shares_of(inputs) == shares


@given(st.integers(65, 3000), st.integers(1, 7))
def test_a_step_beside_decode_stays_short(tokens: int, beside: int) -> None:
    """At most what the minimum chunk allows above the limit."""
    share = shares_of([*[ScheduleInput(1, 0.0, decoding=True)] * beside, ScheduleInput(tokens, 0.0)])[-1]
    assert share <= max(MAX_PREFILL_BESIDE_DECODE + BATCH_MULTIPLE, 2 * (MIN_PREFILL_CHUNK + BATCH_MULTIPLE) - 1)
    assert shares_of([ScheduleInput(tokens, 0.0)])[0] <= MAX_PREFILL_ALONE + BATCH_MULTIPLE


@given(st.floats(0, 1e4), st.integers(0, 5000))
def test_the_ratio_is_that_of_the_whole_time_to_the_service(waited: float, tokens: int) -> None:
    service = max(tokens, 1) * SECONDS
    assert response_ratio(ScheduleInput(tokens, waited), SECONDS) == pytest.approx(1 + waited / service)


@pytest.mark.parametrize("small", [8, 64, 200])
def test_a_long_prompt_is_overtaken_a_bounded_number_of_times(small: int) -> None:
    """Short ones come with each step, and there is no end to them: the ratio of the long one grows all the same."""
    clock, long_left, waiting = 0.0, 2000, [0.0]
    served = 0
    while True:
        inputs = [ScheduleInput(long_left, clock), *(ScheduleInput(small, clock - since) for since in waiting)]
        shares = shares_of(inputs)
        if shares[0]:
            break
        served += sum(shares)
        clock += sum(shares) * SECONDS
        waiting = [since for since, share in zip(waiting, shares[1:], strict=True) if not share]
        waiting += [clock] * 2
    # Each short one has to have waited as many times its own service as the long one.
    assert served < 40 * 2000


@given(st.integers(0, 10_000))
def test_round_down(tokens: int) -> None:
    assert round_down(tokens) % BATCH_MULTIPLE == 0
    assert 0 <= tokens - round_down(tokens) < BATCH_MULTIPLE
