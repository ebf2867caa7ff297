"""Alignment: the parts of a claim, and the sentences that they are from."""

from __future__ import annotations

import pytest

from rag.answering.claims.alignment import compare

QUOTES = ["The pump is red. The seal is made of rubber.", "The tank holds 40 litres."]


def parts(claim: str) -> list[tuple[str, tuple[int, ...]]]:
    comparison = compare(claim, QUOTES, "")
    return [(comparison.claim.quoted(part.tokens.start, part.tokens.stop), part.units) for part in comparison.parts]


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("The seal is of rubber.", [("The seal is of rubber", (1,))]),
        (
            "The pump is red, and the tank holds 40 litres.",
            [("The pump is red", (0,)), ("and the tank holds 40 litres", (2,))],
        ),
        ("The red pump has a rubber seal.", [("The red pump has a rubber seal", (0, 1))]),
        ("Nothing of this.", [("Nothing of this", ())]),
        ("", []),
    ],
)
def test_parts_and_their_sentences(claim: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert parts(claim) == expected


def test_coverage_and_verbatim() -> None:
    (part,) = compare("The seal is made of rubber.", QUOTES, "").parts
    assert (part.coverage, part.verbatim) == (1.0, True)
    (part,) = compare("A rubber seal costs more.", QUOTES, "").parts
    assert part.coverage == pytest.approx(2 / 3)
    assert not part.verbatim


def test_a_short_rest_belongs_to_the_part_before() -> None:
    assert len(parts("The pump is red, but not the tank.")) == 1


def test_of_two_units_with_the_words_the_shorter_is_taken() -> None:
    comparison = compare("The pump is red.", ["Among other things the pump is very red.", "The pump is red."], "")
    assert comparison.parts[0].units == (1,)
