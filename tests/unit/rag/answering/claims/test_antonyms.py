"""Antonym rule: directions and comparatives are those of the quotes."""

from __future__ import annotations

import pytest

from rag.answering.claims.check import check_claim

VALVES = "Open the drain valve, then close the stop valve."


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("Open the stop valve at once.", "Close the stop valve at once and wait."),
        ("Sales decreased in 2024.", "Sales increased in 2024, after a bad year."),
        ("The oven read 35 degrees too high.", "The oven read 35 degrees too low all winter."),
        ("Turn it clockwise to raise it.", "Turn it anticlockwise to raise it a little."),
        ("Close the drain valve.", VALVES),
        ("It ends with whichever comes last.", "It ends with whichever comes first of the two."),
    ],
)
def test_opposite(claim: str, quote: str) -> None:
    check = check_claim(claim, [quote])
    assert check.has("antonym")
    assert check.features["antonym"] == 1.0


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("Open the drain valve.", VALVES),
        ("The office is closed on Sunday.", "The office is not open on Sunday."),
        ("It lasted 9 hours.", "The first run lasted 9 hours."),
        ("Sales rose.", "Sales rose in May and fell in June."),
    ],
)
def test_in_its_place(claim: str, quote: str) -> None:
    assert not check_claim(claim, [quote]).problems
