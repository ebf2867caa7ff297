"""Tense rule: planned and done, former and present."""

from __future__ import annotations

import pytest

from rag.answering.claims.check import check_claim


@pytest.mark.parametrize(
    ("claim", "quote", "feature"),
    [
        ("The bridge was closed in June.", "The bridge will be closed in June.", "planned_as_done"),
        ("The works delivered 90 signals.", "For next year the works plan to deliver 90 signals.", "planned_as_done"),
        ("Now it is one in 100.", "Until now it was one in 100.", "past_as_present"),
    ],
)
def test_changed(claim: str, quote: str, feature: str) -> None:
    check = check_claim(claim, [quote])
    assert check.features[feature] == 1.0
    assert check.has("tense_changed")


def test_what_was_as_what_will_be_is_a_feature_only() -> None:
    check = check_claim("The bridge will be closed in June.", ["The bridge was closed in June of that year."])
    assert check.features["done_as_planned"] == 1.0
    assert not check.problems


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("The bridge is closed in June.", "The bridge will be closed in June."),
        ("Objects stored there are charged.", "Objects stored there will be charged."),
        ("The bridge was closed in June.", "The bridge was closed in June and will be in July."),
    ],
)
def test_kept(claim: str, quote: str) -> None:
    assert not check_claim(claim, [quote]).has("tense_changed")
