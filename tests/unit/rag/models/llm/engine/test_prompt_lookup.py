"""Prompt-lookup decoding: the continuation that is found, and how long a draft pays."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models.llm.engine.prompt_lookup import LONGEST_MATCH, MAX_DRAFT_TOKENS, Continuation, PromptLookup


@pytest.mark.parametrize(
    ("prompt", "generated", "expected"),
    [
        pytest.param([1, 2, 3, 4], [2], Continuation([3, 4], 1), id="what-followed"),
        pytest.param([1, 2, 3, 4], [5], None, id="never-stood-there"),
        pytest.param([1, 2, 3, 4], [4], None, id="nothing-followed"),
        pytest.param([1, 2, 7, 3, 2, 8], [9, 2], Continuation([8], 1), id="of-several-the-last"),
        pytest.param([1, 2, 7, 3, 2, 8], [1, 2], Continuation([7, 3, 2, 8], 2), id="the-longer-match"),
        pytest.param(
            [5, 1, 2, 3, 4, 6, 9, 1, 2, 3, 4, 7], [5, 1, 2, 3, 4], Continuation([7], 4), id="longer-is-not-told-apart"
        ),
        pytest.param([2, 2, 2], [2, 2, 2], Continuation([2], 2), id="repeated"),
        pytest.param(
            list(range(1, 20)), [1], Continuation(list(range(2, 2 + MAX_DRAFT_TOKENS)), 1), id="no-more-than-pay"
        ),
        pytest.param([4], [4], None, id="prompt-of-one"),
        pytest.param([3, 1, 2, 5], [9, 1, 2], Continuation([5], 2), id="as-far-back-as-they-agree"),
    ],
)
def test_lookup(prompt: list[int], generated: list[int], expected: Continuation | None) -> None:
    assert PromptLookup(prompt, 0.5).lookup(generated) == expected


@given(st.lists(st.integers(0, 3), max_size=30), st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_the_last_of_the_longest_matches(prompt: list[int], generated: list[int]) -> None:
    def matched(end: int) -> int:
        """How many tokens before ``end`` are the last that were generated."""
        length = 0
        while length < min(end, len(generated), LONGEST_MATCH) and prompt[end - 1 - length] == generated[-1 - length]:
            length += 1
        return length

    best = max(((matched(end), end) for end in range(1, len(prompt))), default=(0, 0))
    expected = Continuation(prompt[best[1] : best[1] + MAX_DRAFT_TOKENS], best[0]) if best[0] else None
    assert PromptLookup(prompt, 0.5).lookup(generated) == expected


def tokens_per_second(chances: list[float], seconds: list[float], count: int) -> float:
    """Outcome by outcome: the first ``accepted`` draft tokens are accepted, the next is not, one more is sampled."""
    expected = 0.0
    for accepted in range(count + 1):
        likelihood = 1.0
        for chance in chances[:accepted]:
            likelihood *= chance
        if accepted < count:
            likelihood *= 1 - chances[accepted]
        expected += likelihood * (accepted + 1)
    return expected / seconds[count]


def lookup_after(matched: int, accepted: list[bool], further_token: float) -> PromptLookup:
    """A lookup after drafts of 9 with matches of so many tokens, each of which was accepted or not."""
    prompt = [*range(1, matched + 1), 9, 9]
    lookup = PromptLookup(prompt, further_token)
    for hit in accepted:
        lookup.draft(prompt[:matched])
        lookup.learn(9 if hit else 8)
    return lookup


@given(
    st.floats(0.05, 1.5),
    st.integers(1, LONGEST_MATCH),
    st.integers(1, MAX_DRAFT_TOKENS),
    st.lists(st.booleans(), max_size=30),
)
def test_the_draft_length_maximizes_tokens_per_second(
    further_token: float, matched: int, length: int, accepted: list[bool]
) -> None:
    lookup = lookup_after(matched, accepted, further_token)
    seconds = [1 + further_token * further for further in range(MAX_DRAFT_TOKENS + 1)]
    chances = [lookup.acceptance_rate(matched + ahead) for ahead in range(MAX_DRAFT_TOKENS)]
    count = lookup.draft_length(Continuation([1] * length, matched))
    rates = [tokens_per_second(chances, seconds, each) for each in range(length + 1)]
    assert rates[count] == pytest.approx(max(rates))


@pytest.mark.parametrize("matched", range(1, LONGEST_MATCH + 1))
def test_the_acceptance_rate_converges_whatever_the_prior(matched: int) -> None:
    chance = random.Random(1)
    for share in (0.9, 0.1, 0.5):
        lookup = lookup_after(matched, [chance.random() < share for _ in range(1500)], 0.5)
        assert lookup.acceptance_rate(matched) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("matched", range(1, LONGEST_MATCH + 1))
def test_nothing_is_drafted_any_more_where_nothing_is_accepted(matched: int) -> None:
    """Even on a machine on which more tokens cost next to nothing."""
    assert lookup_after(matched, [False] * 40, 0.1).draft([*range(1, matched + 1)]) == []


def test_nothing_is_drafted_where_a_batch_takes_as_long_as_single_steps() -> None:
    assert lookup_after(4, [True] * 1000, 1.0).draft([1, 2, 3, 4]) == []


def test_only_the_token_right_after_a_draft_counts() -> None:
    lookup = PromptLookup([1, 9, 9], 0.5)
    before = lookup.acceptance_rate(1)
    lookup.learn(9)
    assert lookup.acceptance_rate(1) == before
    lookup.draft([1])
    lookup.learn(9)
    after = lookup.acceptance_rate(1)
    lookup.learn(9)
    assert lookup.acceptance_rate(1) == after > before
