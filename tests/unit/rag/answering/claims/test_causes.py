"""Cause rule: "because" only where the quotes join the two."""

from __future__ import annotations

import pytest

from rag.answering.claims.check import check_claim

FLOOD = "Nobody was hurt, because Ruth had cleared the shed at noon. We lost the stock of blanks and the piano."


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("Nobody was hurt because Ruth had cleared the shed.", FLOOD),
        ("Because Ruth had cleared the shed, nobody was hurt.", FLOOD),
        ("Ruth had cleared the shed, so nobody was hurt.", FLOOD),
        ("Do not use zinc, because it cuts the seat.", "Never use zinc: it cuts the seat."),
        ("Deliveries were late because of the flood.", "The flood came in March. This is why deliveries were late."),
        ("Deliveries were late because of the flood.", "The flood caused late deliveries."),
    ],
)
def test_joined(claim: str, quote: str) -> None:
    assert not check_claim(claim, [quote]).has("cause_unsupported")


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("The stock of blanks was lost because Ruth had cleared the shed.", FLOOD),
        ("Three members left because of a disagreement.", "Eight members joined and three left."),
        ("The pump stopped due to frost.", "The pump stopped at 5. There was frost in the night."),
        ("Ruth had cleared the shed because nobody was hurt.", FLOOD),
    ],
)
def test_not_joined(claim: str, quote: str) -> None:
    assert check_claim(claim, [quote]).has("cause_unsupported")


def test_both_in_a_sentence_are_less_wrong() -> None:
    apart = check_claim("It broke because of frost.", ["It broke at night. Then came the heavy frost."])
    beside = check_claim("It broke because of frost.", ["It broke one night in the frost."])
    assert apart.features["cause_unsupported"] == 1.0
    assert 0.0 < beside.features["cause_unsupported"] < 1.0
