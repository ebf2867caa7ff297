"""Number rule: values, units, bounds, and what a number is of."""

from __future__ import annotations

import pytest

from rag.answering.claims.check import check_claim

PUMP = "The pump has a warranty of 24 months. The seal has a warranty of 6 months."


def kinds(claim: str, quote: str = PUMP, context: str = "") -> set[str]:
    return {problem.kind for problem in check_claim(claim, [quote], context).problems}


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("The pump has a warranty of two years.", PUMP),
        ("Both are cleaned every two weeks.", "Clean both every 14 days."),
        ("It costs 40%.", "It costs 40 per cent."),
        ("It costs $2 million.", "It costs US$2,000,000."),
        ("Thirty-two were sold.", "32 were sold."),
        ("There are two ways to pay.", "You pay in cash or by card."),
        ("It happened in May 2025.", "It happened on 31 May 2025."),
        ("Row: 35 litres.", "Row 35\nOther 40"),
    ],
)
def test_the_same_number(claim: str, quote: str) -> None:
    assert kinds(claim, quote) <= {"name_missing"}


@pytest.mark.parametrize(
    ("claim", "quote", "kind"),
    [
        ("The pump has a warranty of 25 months.", PUMP, "number_missing"),
        ("The pump has a warranty of 24 hours.", PUMP, "unit_changed"),
        ("It costs $24.", "It costs 24 euros.", "unit_changed"),
        ("The seal has a warranty of 24 months.", PUMP, "number_misplaced"),
        ("It takes at least 5 days.", "It takes up to 5 days.", "bound_changed"),
        ("It takes more than 5 days.", "It takes less than 5 days.", "bound_changed"),
        ("Wind is covered above 48 knots.", "Wind is covered up to 48 knots.", "bound_changed"),
        ("It happened on 30 May 2025.", "It happened on 31 May 2025.", "number_missing"),
        ("Fog Eye: 18 months.", "Compressor 18 months\nFog Eye 12 months", "number_misplaced"),
        (
            "On a Bittern 6 it takes 14 days.",
            "On a Bittern 9 it takes 14 days, on a Bittern 6 it takes 30.",
            "number_misplaced",
        ),
    ],
)
def test_another_number(claim: str, quote: str, kind: str) -> None:
    assert kind in kinds(claim, quote)


def test_a_year_of_the_context() -> None:
    assert not kinds("In the 2025 edition the pump has a warranty of 24 months.", PUMP, "Terms, 2025 edition")
    assert kinds("In the 2023 edition the pump has a warranty of 24 months.", PUMP, "Terms, 2025 edition")


def test_a_looser_bound_is_a_feature_only() -> None:
    check = check_claim("It takes 5 days.", ["It takes up to 5 days."])
    assert check.features["bound_differs"] == 1.0
    assert not check.problems


def test_margin_is_of_rivals_of_the_same_unit() -> None:
    features = check_claim("The pump has 24 months.", ["The pump has 24 months and weighs 6 kilograms."]).features
    assert features["number_margin"] == 1.0


def test_what_is_in_its_place_has_a_margin() -> None:
    assert check_claim("The seal’s warranty is 6 months.", [PUMP]).features["number_margin"] > 0.0
