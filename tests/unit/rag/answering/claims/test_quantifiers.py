"""Quantifier and modality rule: a claim is no stronger than its quotes."""

from __future__ import annotations

import pytest

from rag.answering.claims.check import check_claim


@pytest.mark.parametrize(
    ("claim", "quote", "feature"),
    [
        ("All tests failed.", "Some of the tests failed.", "weaker_quantifier"),
        ("The pump always starts in frost.", "The pump starts in frost and rain.", "always_added"),
        ("Only members may use the canteen.", "Members may use the canteen at noon.", "only_added"),
        (
            "We pay the fee for every owner.",
            "We pay the fee for any owner who has fewer than ten employees.",
            "restriction_lost",
        ),
        ("All members may work at home.", "Members of the design office may work at home.", "restriction_lost"),
        ("Members must work at home.", "Members may work at home on Fridays.", "obligation_added"),
        ("The log must be copied.", "The log should be copied each month.", "obligation_added"),
        ("The card may be sent in.", "The card must be sent in within a week.", "permission_added"),
        ("Members must not attend.", "Members need not attend the meeting.", "exemption"),
        ("Members do not have to attend.", "Members must not attend the meeting.", "exemption"),
    ],
)
def test_stronger(claim: str, quote: str, feature: str) -> None:
    check = check_claim(claim, [quote])
    assert check.features[feature] == 1.0
    assert check.has("quantifier_changed", "modality_changed")


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("Every test failed in the rain.", "All of the tests failed in rain."),
        ("Only members may vote.", "Nobody but members may vote."),
        ("The filter must be replaced every year.", "Replace the filter every year."),
        ("The tenant has to pay.", "The tenant must pay at once."),
        ("Members are allowed to work at home.", "Members may work at home on Fridays."),
        ("Dogs are never allowed in.", "No dogs are allowed in."),
    ],
)
def test_as_strong(claim: str, quote: str) -> None:
    assert not check_claim(claim, [quote]).has("quantifier_changed", "modality_changed")


def test_what_is_only_stronger_in_words_is_a_feature() -> None:
    check = check_claim("All signals are tested here.", ["Signals are tested here and there."])
    assert check.features["universal_added"] == 1.0
    assert not check.problems
