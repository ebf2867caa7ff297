"""Opposite polarity: what is covered is no answer to what is not, and the reverse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.composing.material import Composition
from rag.answering.composing.whole_answer import compose
from rag.answering.evidence.units import units_of
from rag.answering.grounding import ground
from rag.answering.usefulness.opposition import asked_polarity, denying_introductions, introductions_of, opposing
from tests.unit.rag.answering.material import evidence_of

BENEFIT = """\
# What is covered?
• Gym memberships
• Ski passes
# What is not covered?
• Groceries
• Rent"""
GUARANTEE = """\
The guarantee does not cover:
• Cracks in the lens from frost
• Worn belts
The guarantee covers the motor for two years."""
REFERRING = """\
The plan covers sports, including but not limited to:
• Ski passes
There is also a list of things that are not covered by it.
These include but are not limited to:
• Groceries"""
EXCLUSIONS = """\
# Exclusions
• Rust
• Worn belts"""


def opposed(question: str, text: str) -> list[str]:
    units = units_of(evidence_of(text))
    return [units[place].text for place in sorted(opposing(question, units))]


class TestAsked:
    @pytest.mark.parametrize(
        ("question", "denied"),
        [
            pytest.param("What does the plan not cover?", "cover", id="not"),
            pytest.param("What isn't covered?", "cover", id="contracted"),
            pytest.param("Which damage is excluded?", "cover", id="by its meaning"),
            pytest.param("Which items can't be reimbursed?", "reimburs", id="any verb"),
            pytest.param("What must I never put in the oven?", "put", id="never"),
        ],
    )
    def test_to_be_denied(self, question: str, denied: str) -> None:
        assert denied in asked_polarity(question).denied

    @pytest.mark.parametrize(
        "question",
        [
            pytest.param("What does the plan cover?", id="affirmed"),
            pytest.param("Why does the machine not start?", id="a cause"),
            pytest.param("What happens if I do not pay?", id="a condition"),
        ],
    )
    def test_not_to_be_denied(self, question: str) -> None:
        assert not asked_polarity(question).denied


class TestOpposing:
    @pytest.mark.parametrize(
        ("question", "text", "expected"),
        [
            pytest.param("What does it not cover?", BENEFIT, ["Gym memberships", "Ski passes"], id="under a heading"),
            pytest.param("What does the benefit cover?", BENEFIT, ["Groceries", "Rent"], id="the reverse"),
            pytest.param(
                "What does the guarantee cover?",
                GUARANTEE,
                ["Cracks in the lens from frost", "Worn belts"],
                id="under an introduction",
            ),
            pytest.param(
                "What does the guarantee not cover?",
                GUARANTEE,
                ["The guarantee covers the motor for two years."],
                id="a sentence that affirms it",
            ),
            pytest.param(
                "What does it not cover?",
                REFERRING,
                ["The plan covers sports, including but not limited to:", "Ski passes"],
                id="an introduction that refers back",
            ),
            pytest.param("What does it cover?", REFERRING, ["Groceries"], id="the reverse of it"),
            pytest.param("What is covered?", EXCLUSIONS, ["Rust", "Worn belts"], id="exclusions"),
            pytest.param("What is excluded?", EXCLUSIONS, [], id="exclusions that are asked for"),
            pytest.param("What does it say about belts?", GUARANTEE, [], id="neither"),
        ],
    )
    def test_units(self, question: str, text: str, expected: list[str]) -> None:
        assert opposed(question, text) == expected

    @given(st.text(max_size=80), st.text(max_size=200))
    def test_any_text(self, question: str, text: str) -> None:
        units = units_of(evidence_of(text or "x"))
        assert opposing(question, units) <= set(range(len(units)))


class TestShown:
    def test_an_item_that_its_introduction_denies_has_its_introduction(self) -> None:
        units = units_of(evidence_of(GUARANTEE))
        useful = [0.9 if unit.text == "Worn belts" else 0.01 for unit in units]
        found = compose(Composition("What about belts?", "about", (), units, useful))
        assert [support.sentence for support in found] == ["The guarantee does not cover:", "Worn belts"]

    def test_or_its_heading(self) -> None:
        units = units_of(evidence_of(EXCLUSIONS))
        useful = [0.9 if unit.text == "Worn belts" else 0.01 for unit in units]
        found = compose(Composition("What about belts?", "about", (), units, useful))
        assert [support.sentence for support in found] == ["Exclusions: Worn belts"]

    def test_nothing_where_all_is_opposed(self) -> None:
        units = units_of(evidence_of("The guarantee covers the motor."))
        assert compose(Composition("What does it not cover?", "about", (), units, [0.0] * len(units))) == []

    def test_introductions_that_deny(self) -> None:
        units = units_of(evidence_of(GUARANTEE))
        found = {units[place].text for place in denying_introductions(units)}
        assert found == {"Cracks in the lens from frost", "Worn belts"}


def test_a_list_that_is_not_limited_to_its_items_denies_nothing() -> None:
    units = units_of(evidence_of("The plan covers activities, including but not limited to:\n• Ski passes\n• Yoga"))
    assert denying_introductions(units) == {}


class TestBareYes:
    @pytest.mark.parametrize("text", [GUARANTEE, EXCLUSIONS], ids=["introduction", "heading"])
    def test_has_no_evidence_in_what_is_excluded(self, text: str) -> None:
        (support,) = ground("Are worn belts covered?", "Yes", evidence_of(text))
        assert not support.supported or all("Worn" not in quote.text for quote in support.quotes)


@pytest.mark.parametrize(
    ("above", "introduction"),
    [
        pytest.param("Bring these papers:", "Bring these papers:", id="a colon"),
        pytest.param(
            "You will need the following items. All of them must be valid.",
            "You will need the following items.",
            id="a sentence between",
        ),
        pytest.param("The office is open. All papers must be valid.", None, id="none"),
        pytest.param("Show the following form. Sign it. Keep a copy of it.", None, id="too far above"),
    ],
)
def test_the_introduction_of_a_list(above: str, introduction: str | None) -> None:
    units = units_of(evidence_of(f"{above}\n\n• A valid permit\n• Proof of residence"))
    found = introductions_of(units)
    assert [units[place].text for place in found.values()] == ([] if introduction is None else [introduction])
