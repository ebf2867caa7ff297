"""Fair queue: fairness between clients and between long and short questions, and freedom from starvation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.service.admission.fair_queue import FairQueue

QUANTUM = 100


def queue_of(*items: tuple[str, str, int]) -> FairQueue[str]:
    queue: FairQueue[str] = FairQueue(QUANTUM)
    for client, item, tokens in items:
        queue.add(client, item, tokens)
    return queue


def drained(queue: FairQueue[str]) -> list[str]:
    return [queue.pop() for _ in range(len(queue))]


@pytest.mark.parametrize(
    ("items", "order"),
    [
        pytest.param([("a", "a1", 100), ("a", "a2", 100), ("a", "a3", 100)], "a1 a2 a3", id="one client, as they came"),
        pytest.param(
            [("a", "a1", 100), ("a", "a2", 100), ("a", "a3", 100), ("b", "b1", 100)], "a1 b1 a2 a3", id="in turn"
        ),
        pytest.param(
            [("a", "a1", 50), ("a", "a2", 50), ("a", "a3", 50), ("b", "b1", 100)], "a1 a2 b1 a3", id="by tokens"
        ),
        pytest.param(
            [("a", "long", 300), ("b", "b1", 100), ("b", "b2", 100), ("b", "b3", 100), ("b", "b4", 100)],
            "b1 b2 long b3 b4",  # in the third round
            id="a long one has as much as the short ones of another",
        ),
        pytest.param([("a", "long", 300), ("a", "short", 100)], "short long", id="the shorter of one client first"),
        pytest.param([("a", "a1", 7), ("b", "b1", 7), ("c", "c1", 7)], "a1 b1 c1", id="each the first of its client"),
    ],
)
def test_order(items: Sequence[tuple[str, str, int]], order: str) -> None:
    assert list(queue_of(*items).in_order()) == order.split()
    assert drained(queue_of(*items)) == order.split()


def test_twenty_questions_do_not_delay_the_first_of_another() -> None:
    queue = queue_of(*(("a", f"a{n}", QUANTUM) for n in range(20)))
    assert queue.pop() == "a0"
    queue.add("b", "b", QUANTUM)
    assert queue.pop() == "b"


def test_short_ones_that_keep_coming_pass_a_long_one_only_until_as_much_was_served() -> None:
    queue = queue_of(("a", "long", 400))
    served: list[str] = []
    while "long" not in served:
        queue.add("a", f"short{len(served)}", 100)
        served.append(queue.pop())
    # Ranks of the short: 100, 200, 300, 400; the long one came before the last of them.
    assert len(served) == 4


def test_whoever_leaves_is_not_waited_for() -> None:
    queue = queue_of(("a", "a1", 100), ("b", "b1", 100), ("b", "b2", 100))
    queue.remove("a", "a1")
    queue.remove("b", "b1")
    queue.remove("b", "not there")
    queue.remove("c", "nobody")
    assert (len(queue), drained(queue)) == (1, ["b2"])


def test_looking_changes_nothing() -> None:
    queue = queue_of(("a", "long", 350), ("b", "b1", 100), ("b", "b2", 20))
    assert list(queue.in_order()) == list(queue.in_order()) == drained(queue)


Items = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 900)), min_size=1, max_size=25)


@given(Items, st.data())
def test_nobody_is_lost_and_nobody_comes_twice(items: list[tuple[str, int]], data: st.DataObject) -> None:
    queue: FairQueue[int] = FairQueue(QUANTUM)
    inside: dict[int, str] = {}
    for number, (client, tokens) in enumerate(items):
        queue.add(client, number, tokens)
        inside[number] = client
        match data.draw(st.sampled_from(["nothing", "pop", "remove"])):
            case "pop":
                expected = next(queue.in_order())
                assert queue.pop() == expected
                del inside[expected]
            case "remove":
                gone = data.draw(st.sampled_from(sorted(inside)))
                queue.remove(inside.pop(gone), gone)
            case _:
                pass
        assert len(queue) == len(inside)
        assert sorted(queue.in_order()) == sorted(inside)


@given(Items, st.integers(1, 900))
def test_two_who_always_have_something_waiting_are_served_alike(items: list[tuple[str, int]], tokens: int) -> None:
    """The bound of Shreedhar and Varghese: they differ by no more than a round and two of the longest questions."""
    queue: FairQueue[str] = FairQueue(QUANTUM)
    cost = {"a": [t for client, t in items if client == "a"] or [tokens], "b": [tokens]}
    longest = max(max(costs) for costs in cost.values())
    served: Counter[str] = Counter()
    for client, costs in cost.items():
        queue.add(client, f"{client}{costs[0]}", costs[0])
    for step in range(60):
        item = queue.pop()
        client, took = item[0], int(item[1:])
        served[client] += took
        fresh = cost[client][step % len(cost[client])]
        # Two are always there, so that it does not leave the queue: what it owes would be forgotten.
        queue.add(client, f"{client}{fresh}", fresh)
        if step == 0:
            for other, costs in cost.items():
                queue.add(other, f"{other}{costs[0]}", costs[0])
            served.clear()
        assert abs(served["a"] - served["b"]) <= QUANTUM + 3 * longest


@given(
    st.integers(1, 900),
    st.lists(st.tuples(st.sampled_from("bcdefgh"), st.integers(1, 900)), max_size=12),
    st.lists(st.tuples(st.sampled_from("bcdefghijk"), st.integers(1, 900)), max_size=80),
)
def test_nobody_waits_for_ever(tokens: int, before: list[tuple[str, int]], after: list[tuple[str, int]]) -> None:
    """Whoever else comes, and however many: those before in the round have so many tokens for each of ours, no more."""
    queue: FairQueue[str] = FairQueue(QUANTUM)
    for client, cost in before:
        queue.add(client, f"{client} {cost}", cost)
    queue.add("a", "ours", tokens)
    rounds = ceil(tokens / QUANTUM)
    served: Counter[str] = Counter()
    while (item := queue.pop()) != "ours":
        client, cost_served = item.split()
        served[client] += int(cost_served)
        for other, cost in after[:2]:
            queue.add(other, f"{other} {cost}", cost)
        del after[:2]
    assert all(taken <= (rounds + 1) * QUANTUM + 900 for taken in served.values())


@given(st.integers(1, 900), st.lists(st.integers(1, 900), min_size=1, max_size=40))
def test_nobody_of_the_same_client_passes_once_as_much_was_served(tokens: int, others: list[int]) -> None:
    queue: FairQueue[tuple[int, int]] = FairQueue(QUANTUM)
    queue.add("a", (-1, tokens), tokens)
    served = 0
    for number, cost in enumerate(others):
        queue.add("a", (number, served), cost)
        passed, came_at = queue.pop()
        if passed == -1:
            return
        assert came_at < tokens
        served += others[passed]
