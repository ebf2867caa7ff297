"""Spelling correction: a misspelt word becomes one of the documents; all else stays unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.generation import Generation
from rag.index.reading import open_current
from rag.query.spelling import correct_spelling
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import publish, quick_folder

LIBRARY = {
    "manual.pdf": [
        "The warranty covers the commissioning of a Bittern in the harbour.",
        "Drain the receiver before the diaphragm is replaced. The drain is below.",
        "The account of the Cooperative and the amount of each share.",
    ],
    "notes.pdf": ["The account is kept by the listener. Johnston reports to the council, form F-3."],
}
ENGLISH = {"recommend", "Reading", "fees", "brand", "covers", "hat"}


@pytest.fixture(scope="module")
def generation() -> Iterator[Generation]:
    with quick_folder() as folder:
        root = Path(folder)
        publish(root, LIBRARY, BagOfWordsEncoder())
        yield open_current(root, BagOfWordsEncoder().identity)


def corrected(text: str, generation: Generation) -> str:
    return correct_spelling(text, generation, ENGLISH.__contains__)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("What does the warrenty cover?", "What does the warranty cover?"),
        ("comissionning of a Bitern", "commissioning of a bittern"),
        ("how to drian the reciever", "how to drain the receiver"),
        ("Is there an acount in the habrour?", "Is there an account in the harbour?"),
        ("WARRENTY of the Diaphram", "WARRENTY of the diaphragm"),
    ],
)
def test_corrected(generation: Generation, typed: str, expected: str) -> None:
    assert corrected(typed, generation) == expected


@pytest.mark.parametrize(
    "text",
    [
        "What does the warranty cover?",
        "Are harbours covered, and receivers drained?",
        "Which brand do you recommend?",
        "E14 TD-4410 SB-25-03 F-4",
        "warrenty@example.org and www.warrenty.org",
        "Kowalski, Przybylski and Okonkwo",
        "the fee of the hut",
        "VAXS, InVaraint and DRNAI",
        "400 hours, 12.5 bar",
        "",
    ],
)
def test_unchanged(generation: Generation, text: str) -> None:
    assert corrected(text, generation) == text


@given(st.text(max_size=60))
def test_accepts_any_text(generation: Generation, text: str) -> None:
    assert isinstance(corrected(text, generation), str)


def test_only_the_first_unknown_words_are_looked_up(generation: Generation) -> None:
    nonsense = [f"q{chr(97 + number // 26)}{chr(97 + number % 26)}zx" for number in range(8)]
    assert corrected(" ".join([*nonsense[:7], "warrenty"]), generation).endswith("warranty")
    assert corrected(" ".join([*nonsense, "warrenty"]), generation).endswith("warrenty")
