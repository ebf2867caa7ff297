"""Proper names in questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.english.names import find_names


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("Who signed the Tarn lease, and when?", ["the Tarn lease"]),
        ("How loud is the Heron 6?", ["the Heron 6"]),
        ("Who is Ada Quill of Orrin Freight?", ["Ada Quill", "Orrin Freight"]),
        ("What does IBM pay? Does PerksPlus cover it?", ["IBM", "PerksPlus"]),
        ("Orrin Freight turnover", ["Orrin Freight"]),
        ("Trumpets are loud. I think so.", []),
        ("the M3-Embedding paper", ["the M3-Embedding paper"]),
        ("what is the fee?", []),
        ("", []),
    ],
)
def test_names(text: str, phrases: list[str]) -> None:
    assert [name.phrase for name in find_names(text)] == phrases


@given(st.text(max_size=100))
def test_offsets_are_those_of_the_text(text: str) -> None:
    for name in find_names(text):
        assert text[name.phrase_end - len(name.phrase) : name.phrase_end] == name.phrase
        assert text[name.start : name.end] in name.phrase
