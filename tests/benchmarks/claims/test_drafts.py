"""Pairs of real drafts: each statement with its quotes, and a false one beside it."""

from __future__ import annotations

from random import Random

from benchmarks.claims.drafts import DRAFTED, pairs_of
from rag.answering.composing.material import Composition
from rag.answering.evidence.units import units_of
from rag.answering.usefulness.pointers import pointers_of
from tests.unit.rag.answering.material import evidence_of

PAGE = "The lid of the pump is replaced within 30 days of the notice. The tank holds 40 litres of water."


def material(draft: str) -> Composition:
    units = units_of(evidence_of(PAGE))
    return Composition("What about the lid?", "about", pointers_of("What?", draft, units), units, [0.5] * len(units))


def test_a_statement_has_the_quotes_that_it_points_to_and_a_false_twin() -> None:
    true, false = pairs_of("q", material("The lid of the pump is replaced within 30 days."), Random(1))
    assert (true.claim, true.kind) == ("The lid of the pump is replaced within 30 days.", DRAFTED)
    assert list(true.quotes) == ["The lid of the pump is replaced within 30 days of the notice."]
    assert false.claim != true.claim
    assert (false.quotes, false.document) == (true.quotes, true.document)
    assert {true.supported, false.supported} == {None}


def test_what_points_to_nothing_and_what_is_no_sentence_are_left_out() -> None:
    assert list(pairs_of("q", material("Zebras graze on wide plains at night. The lid."), Random(1))) == []


def test_the_same_seed_gives_the_same_pairs() -> None:
    one, other = (list(pairs_of("q", material(PAGE), Random("7"))) for _ in range(2))
    assert one == other
    assert len(one) >= 3
