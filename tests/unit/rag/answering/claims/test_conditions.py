"""Condition rule: a main clause is stated with its condition."""

from __future__ import annotations

import pytest

from rag.answering.claims.check import check_claim

CONSENT = "Subletting is allowed only with the landlord’s written consent."
CHANGE = "A change made with our written consent does not touch the warranty."
UNUSED = "Parts can be returned, provided they are unused."
PETS = "Pets are welcome in the rooms\nunless they are wet."
WIND = "Wind is covered up to 48 knots, and above that if the log shows that the flap was pinned."


@pytest.mark.parametrize(
    ("claim", "quote", "dropped"),
    [
        ("Subletting is allowed.", CONSENT, "only with the landlord’s written consent"),
        ("A change does not touch the warranty.", CHANGE, "with our written consent"),
        ("Parts can be returned.", UNUSED, "provided they are unused"),
        ("Pets are welcome in the rooms.", PETS, "unless they are wet"),
        ("The fee is paid back.", "If the course is full, the fee is paid back.", "If the course is full"),
        ("Wind is covered up to 48 knots and above.", WIND, "if the log shows that the flap was pinned"),
    ],
)
def test_dropped(claim: str, quote: str, dropped: str) -> None:
    check = check_claim(claim, [quote])
    found = [problem.detail for problem in check.problems if problem.kind == "condition_dropped"]
    assert dropped in found
    assert check.features["condition_dropped"] > 0.0


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("Subletting needs the landlord’s consent.", CONSENT),
        ("Unused parts can be returned.", UNUSED),
        ("The log must show that the flap was pinned.", WIND),
        ("Snow is not mentioned.", WIND),
    ],
)
def test_kept_or_not_stated(claim: str, quote: str) -> None:
    assert not check_claim(claim, [quote]).has("condition_dropped")


def test_a_circumstance_is_a_feature_only() -> None:
    check = check_claim("The pump is drained.", ["The pump is drained after each shift."])
    assert check.features["circumstance_dropped"] == 1.0
    assert not check.problems


def test_an_added_condition() -> None:
    assert check_claim("The pump stops if it rains.", ["The pump stops in rain."]).features["condition_added"] == 1.0
