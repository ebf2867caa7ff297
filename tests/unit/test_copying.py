"""What is guessed from the prompt, and whether it pays to check it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.generation.copying import LONGEST_MATCH, MOST_GUESSED, Copier, Guess, Payoff


@pytest.mark.parametrize(
    ("prompt", "written", "guess"),
    [
        pytest.param([1, 2, 3, 4], [2], Guess([3, 4], 1), id="what-followed"),
        pytest.param([1, 2, 3, 4], [5], None, id="never-stood-there"),
        pytest.param([1, 2, 3, 4], [4], None, id="nothing-followed"),
        pytest.param([1, 2, 7, 3, 2, 8], [9, 2], Guess([8], 1), id="of-several-the-last"),
        pytest.param([1, 2, 7, 3, 2, 8], [1, 2], Guess([7, 3, 2, 8], 2), id="the-longer-match"),
        pytest.param(
            [5, 1, 2, 3, 4, 6, 9, 1, 2, 3, 4, 7], [5, 1, 2, 3, 4], Guess([7], 4), id="longer-is-not-told-apart"
        ),
        pytest.param([2, 2, 2], [2, 2, 2], Guess([2], 2), id="repeated"),
        pytest.param(list(range(1, 20)), [1], Guess(list(range(2, 2 + MOST_GUESSED)), 1), id="no-more-than-pay"),
        pytest.param([4], [4], None, id="prompt-of-one"),
        pytest.param([3, 1, 2, 5], [9, 1, 2], Guess([5], 2), id="as-far-back-as-they-agree"),
    ],
)
def test_guesses(prompt: list[int], written: list[int], guess: Guess | None) -> None:
    assert Copier(prompt).guess(written) == guess


@given(st.lists(st.integers(0, 3), max_size=30), st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_the_last_of_the_longest_matches(prompt: list[int], written: list[int]) -> None:
    def matched(end: int) -> int:
        """How many tokens before ``end`` are the last that were written."""
        length = 0
        while length < min(end, len(written), LONGEST_MATCH) and prompt[end - 1 - length] == written[-1 - length]:
            length += 1
        return length

    best = max(((matched(end), end) for end in range(1, len(prompt))), default=(0, 0))
    expected = Guess(prompt[best[1] : best[1] + MOST_GUESSED], best[0]) if best[0] else None
    assert Copier(prompt).guess(written) == expected


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


@given(
    st.lists(st.floats(0.001, 10), min_size=8, max_size=8),
    st.integers(1, LONGEST_MATCH),
    st.integers(1, MOST_GUESSED),
    st.lists(st.booleans(), max_size=30),
)
def test_as_many_are_checked_as_write_most_in_a_second(
    seconds: list[float], matched: int, length: int, right: list[bool]
) -> None:
    payoff = Payoff()
    for tokens, each in enumerate(seconds, start=1):
        payoff.measure(tokens, each)
    for hit in right:
        payoff.learn(Guess([1], matched), 1 if hit else 2)
    chances = [payoff._chance(matched + ahead) for ahead in range(MOST_GUESSED)]
    count = payoff.worth(Guess([1] * length, matched))
    rates = [tokens_per_second(chances, seconds, each) for each in range(length + 1)]
    assert rates[count] == pytest.approx(max(rates))


@pytest.mark.parametrize("matched", range(1, LONGEST_MATCH + 1))
def test_it_learns_how_often_it_is_right_whatever_it_thought(matched: int) -> None:
    chance, payoff = random.Random(1), Payoff()
    for share in (0.9, 0.1, 0.5):
        for _ in range(1500):
            payoff.learn(Guess([1], matched), 1 if chance.random() < share else 2)
        assert payoff._chance(matched) == pytest.approx(share, abs=0.08)


@pytest.mark.parametrize("matched", range(1, LONGEST_MATCH + 1))
def test_never_slower_when_it_is_never_right_nothing_is_checked_any_more(matched: int) -> None:
    payoff, checked = Payoff(), 0
    guess = Guess([1] * MOST_GUESSED, matched)
    payoff.measure(1, 1.0)
    for tokens in range(2, MOST_GUESSED + 2):
        payoff.measure(tokens, 1 + 0.1 * tokens)  # a machine on which more tokens cost next to nothing
    for _ in range(400):
        checked += payoff.worth(guess) > 0
        payoff.learn(guess, 2)
    assert checked < 250
    assert payoff.worth(guess) == 0


def test_where_a_step_of_several_takes_as_long_as_several_nothing_is_checked() -> None:
    payoff = Payoff()
    for tokens in range(1, MOST_GUESSED + 2):
        payoff.measure(tokens, 0.1 * tokens)
    for _ in range(1000):
        payoff.learn(Guess([1], 4), 1)
    assert payoff.worth(Guess([1] * MOST_GUESSED, 4)) == 0


def test_steps_are_measured_anew_all_the_time() -> None:
    payoff = Payoff()
    for _ in range(60):
        payoff.measure(1, 1.0)
        payoff.measure(2, 9.0)
    assert payoff.worth(Guess([1], 4)) == 0
    for _ in range(60):
        payoff.measure(2, 1.0)
    assert payoff.worth(Guess([1], 4)) == 1
