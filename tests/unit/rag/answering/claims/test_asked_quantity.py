"""Asked quantities: values that measure something else than the question asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.claims.asked_quantity import is_of_another_quantity

OTHER = [
    ("How heavy is the compressor of a pump?", "2.8 litres"),
    ("How many revolutions per minute does the motor make?", "3.0 kW"),
    ("How much does the pump weigh?", "12 V"),
    ("What does a new pump cost?", "0.6 kg"),
    ("What is the diameter of the ring in millimetres?", "3 litres"),
    ("At what temperature does it boil?", "5 bar"),
    ("How many people may use it?", "5 litres"),
    ("How tall is the tower?", "€480"),
]
SAME = [
    ("How heavy is the pump?", "55 kg"),
    ("How heavy is the pump?", "110 lb"),
    ("How heavy is the pump?", "145"),
    ("How many days of leave are there?", "4 weeks"),
    ("How many revolutions per minute does the motor make?", "1,450 per minute"),
    ("How many people may use it?", "7"),
    ("How many tons does it carry?", "12,000 kg"),
    ("What does the flat cost?", "three months' rent"),
    ("What do I pay?", "20% of the charge"),
    ("What does it cost?", "20%"),
    ("How far is it?", "10 minutes on foot"),
    ("How old must I be?", "18 years"),
    ("When is it due?", "2 litres"),
    ("How hot may it get?", "from 4 to 8 °C"),
    ("What is the diameter in millimetres?", "0.4 m"),
    ("How heavy is it?", "no value"),
    ("What bag of yours weighs least?", "the one of 12 litres"),
    ("How many rooms in a house are let?", "6 months of rooms"),
]


@pytest.mark.parametrize(("question", "value"), OTHER, ids=[f"{value} for: {question}" for question, value in OTHER])
def test_of_another_quantity(question: str, value: str) -> None:
    assert is_of_another_quantity(question, value)


@pytest.mark.parametrize(("question", "value"), SAME, ids=[f"{value} for: {question}" for question, value in SAME])
def test_may_be_what_is_asked_for(question: str, value: str) -> None:
    assert not is_of_another_quantity(question, value)


@given(st.text(max_size=60))
def test_without_numbers_nothing_is_of_another_quantity(value: str) -> None:
    letters = "".join(character for character in value if character.isalpha() and character.isascii())
    assert not is_of_another_quantity("How heavy is it?", letters)
