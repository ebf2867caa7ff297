"""Binding: words are nearer to the thing that they are of than to another."""

from __future__ import annotations

import pytest

from rag.answering.claims.alignment import ClaimComparison, compare
from rag.answering.claims.binding import margin, nearness, neighbours

QUOTE = "The pump weighs 24 kilograms and the seal 6. The tank is new."


def places(comparison: ClaimComparison, key: str) -> list[int]:
    return list(comparison.positions[key])


def test_neighbours_are_content_words_of_both_texts() -> None:
    comparison = compare("The seal weighs 24 kilograms or stones.", [QUOTE], "")
    assert neighbours(comparison, range(3, 4)).keys() == {"seal", "weigh", "kilogram"}


@pytest.mark.parametrize(("claim", "right"), [("The pump weighs 24.", True), ("The seal weighs 24.", False)])
def test_margin(claim: str, right: bool) -> None:
    comparison = compare(claim, [QUOTE], "")
    found = margin(comparison, range(3, 4), places(comparison, "24"), places(comparison, "6"))
    assert (found > 0) is right


def test_no_rival_no_doubt() -> None:
    comparison = compare("The seal weighs 24.", [QUOTE], "")
    assert margin(comparison, range(3, 4), places(comparison, "24"), []) == 1.0


def test_a_rival_that_the_claim_has_in_the_same_order_is_none() -> None:
    comparison = compare("The seal weighs 24 and 6.", [QUOTE], "")
    assert margin(comparison, range(3, 4), places(comparison, "24"), places(comparison, "6")) == 1.0


def test_nearness_falls_with_distance() -> None:
    comparison = compare("pump 24", [QUOTE], "")
    around = {"pump": 1.0}
    near, far = (
        nearness(comparison, around, place) for place in (places(comparison, "24")[0], places(comparison, "6")[0])
    )
    other = nearness(comparison, around, places(comparison, "tank")[0])
    assert near > far > other > 0.0
