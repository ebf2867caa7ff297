"""Overlap of words: weighted, in one sentence, in a row."""

from __future__ import annotations

import pytest

from rag.answering.claims.alignment import compare
from rag.answering.claims.overlap import missing_words, overlap_findings

PUMP = "The pump has a warranty of 24 months. The seal has a warranty of 6 months. It excludes frost."


def features(claim: str, quote: str = PUMP, context: str = "") -> dict[str, float]:
    return dict(overlap_findings(compare(claim, [quote], context)).features)


def test_numbers_and_names_weigh_more() -> None:
    assert features("A pump costs.")["overlap"] == pytest.approx(1 / 2)
    assert features("A pump of 25.")["overlap"] == pytest.approx(1 / 3)
    assert features("A pump of Kestrel.")["overlap"] == pytest.approx(1 / 2.5)


def test_the_context_counts_apart() -> None:
    found = features("The Kestrel pump.", context="Kestrel manual")
    assert found["overlap"] < found["overlap_in_context"] == 1.0


def test_words_of_two_sentences_are_scattered() -> None:
    found = features("The pump has 6 months.")
    assert found["overlap"] == 1.0
    assert found["scatter"] > 0.0
    assert found["pairs"] < 1.0
    assert features("The seal has 6 months.")["scatter"] == 0.0


def test_a_sentence_that_goes_on_is_no_other() -> None:
    assert features("The seal excludes frost.")["scatter"] == 0.0


@pytest.mark.parametrize(
    ("claim", "verbatim"),
    [("The seal has a warranty of 6 months.", 1.0), ("The seal’s warranty: 6 months.", 0.0)],
)
def test_verbatim(claim: str, verbatim: float) -> None:
    assert features(claim)["verbatim"] == verbatim


def test_order() -> None:
    assert features("A warranty of 24 months has the pump.")["order"] == pytest.approx(2 / 3)
    assert features("The pump has a warranty.")["order"] == 1.0


def test_missing_words() -> None:
    comparison = compare("The red Kestrel pump costs money.", [PUMP], "Kestrel")
    assert missing_words(comparison) == ("red", "costs", "money")
    assert overlap_findings(comparison).features["missing"] == pytest.approx(3 / 4)


def test_derived_words_are_the_same() -> None:
    assert features("Payment on delivery", "We pay when it is delivered.")["overlap"] == 1.0
