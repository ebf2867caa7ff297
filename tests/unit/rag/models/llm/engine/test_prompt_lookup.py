"""What is guessed from the prompt, and whether it pays to check it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.models.llm.engine.prompt_lookup import LONGEST_MATCH, MOST_GUESSED, Continuation, PromptLookup


@pytest.mark.parametrize(
    ("prompt", "written", "guess"),
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
        pytest.param(list(range(1, 20)), [1], Continuation(list(range(2, 2 + MOST_GUESSED)), 1), id="no-more-than-pay"),
        pytest.param([4], [4], None, id="prompt-of-one"),
        pytest.param([3, 1, 2, 5], [9, 1, 2], Continuation([5], 2), id="as-far-back-as-they-agree"),
    ],
)
def test_guesses(prompt: list[int], written: list[int], guess: Continuation | None) -> None:
    assert PromptLookup(prompt, 0.5).guess(written) == guess


@given(st.lists(st.integers(0, 3), max_size=30), st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_the_last_of_the_longest_matches(prompt: list[int], written: list[int]) -> None:
    def matched(end: int) -> int:
        """How many tokens before ``end`` are the last that were written."""
        length = 0
        while length < min(end, len(written), LONGEST_MATCH) and prompt[end - 1 - length] == written[-1 - length]:
            length += 1
        return length

    best = max(((matched(end), end) for end in range(1, len(prompt))), default=(0, 0))
    expected = Continuation(prompt[best[1] : best[1] + MOST_GUESSED], best[0]) if best[0] else None
    assert PromptLookup(prompt, 0.5).guess(written) == expected


def tokens_per_second(chances: list[float], seconds: list[float], count: int) -> float:
    """Each outcome by itself: the first ``right`` guesses are right, the next is not, and one more token is written."""
    expected = 0.0
    for right in range(count + 1):
        likelihood = 1.0
        for chance in chances[:right]:
            likelihood *= chance
        if right < count:
            likelihood *= 1 - chances[right]
        expected += likelihood * (right + 1)
    return expected / seconds[count]


def copier_that_guessed(matched: int, right: list[bool], further_token: float) -> PromptLookup:
    """After a match of so many tokens, 9 followed, each time; whether that was right is told."""
    prompt = [*range(1, matched + 1), 9, 9]
    copier = PromptLookup(prompt, further_token)
    for hit in right:
        copier.draft(prompt[:matched])
        copier.learn(9 if hit else 8)
    return copier


@given(
    st.floats(0.05, 1.5),
    st.integers(1, LONGEST_MATCH),
    st.integers(1, MOST_GUESSED),
    st.lists(st.booleans(), max_size=30),
)
def test_as_many_are_checked_as_write_most_in_a_second(
    further_token: float, matched: int, length: int, right: list[bool]
) -> None:
    copier = copier_that_guessed(matched, right, further_token)
    seconds = [1 + further_token * further for further in range(MOST_GUESSED + 1)]
    chances = [copier.chance(matched + ahead) for ahead in range(MOST_GUESSED)]
    count = copier.worth(Continuation([1] * length, matched))
    rates = [tokens_per_second(chances, seconds, each) for each in range(length + 1)]
    assert rates[count] == pytest.approx(max(rates))


@pytest.mark.parametrize("matched", range(1, LONGEST_MATCH + 1))
def test_it_learns_how_often_it_is_right_whatever_it_thought(matched: int) -> None:
    chance = random.Random(1)
    for share in (0.9, 0.1, 0.5):
        copier = copier_that_guessed(matched, [chance.random() < share for _ in range(1500)], 0.5)
        assert copier.chance(matched) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("matched", range(1, LONGEST_MATCH + 1))
def test_when_it_is_never_right_nothing_is_checked_any_more(matched: int) -> None:
    """Even on a machine on which more tokens cost next to nothing."""
    assert copier_that_guessed(matched, [False] * 40, 0.1).draft([*range(1, matched + 1)]) == []


def test_where_a_step_of_several_takes_as_long_as_several_nothing_is_checked() -> None:
    assert copier_that_guessed(4, [True] * 1000, 1.0).draft([1, 2, 3, 4]) == []


def test_only_what_came_right_after_a_draft_is_learned() -> None:
    copier = PromptLookup([1, 9, 9], 0.5)
    before = copier.chance(1)
    copier.learn(9)
    assert copier.chance(1) == before
    copier.draft([1])
    copier.learn(9)
    after = copier.chance(1)
    copier.learn(9)
    assert copier.chance(1) == after > before
