"""Codes of symbol fonts become the characters that they show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pdf.fonts.symbol_codes import with_symbols


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("if:\r\nv\uf076Fever\r\nv\uf076Cough", "if:\r\n❖ Fever\r\n❖ Cough", id="one-glyph-in-two-places"),
        pytest.param("\uf0b7 one\n  \uf0b7 two", "• one\n  • two", id="bullet-of-the-symbol-font"),
        pytest.param("\uf0fe yes \uf0a8 no", "☑ yes ☐ no", id="boxes-within-a-line"),
        pytest.param("\uf04a begins\nand \uf04a within", "• begins\nand \uf04a within", id="unknown"),
        pytest.param("v\uf077 other", "v\uf077 other", id="another-character-before-it"),
        pytest.param("plain \ue001", "plain \ue001", id="private-use-of-other-fonts"),
    ],
)
def test_codes_of_symbol_fonts(text: str, expected: str) -> None:
    assert with_symbols(text) == expected


@given(st.text(st.sampled_from("v -\n\uf076\uf0b7\uf0fe\uf021a•"), max_size=40))
def test_each_code_stays_one_character(text: str) -> None:
    assert len(with_symbols(text)) == len(text)


@given(st.text(st.characters(max_codepoint=0xE000), max_size=40))
def test_other_text_stays(text: str) -> None:
    assert with_symbols(text) == text
