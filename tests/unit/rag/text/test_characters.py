"""Printable text for terminals, and decoding of typed text."""

from __future__ import annotations

import pytest

from rag.text.characters import escaped, one_line, printable, readable


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a  b\n\tc", "a b c", id="blanks"),
        pytest.param("\x1b[31mred", "�[31mred", id="escape"),
        pytest.param("\x9b31m", "�31m", id="its 8-bit form"),
        pytest.param("a\u202eb\u200dc", "a�b�c", id="writing direction"),
        pytest.param("\udce9", "�", id="lone surrogate"),
        pytest.param("naïve – 日本 ✓", "naïve – 日本 ✓", id="letters stay"),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("plain, naïve – 日本 ✓", "plain, naïve – 日本 ✓", id="letters stay"),
        pytest.param("a\r\nINFO forged\tx", "a\\r\\nINFO forged\\tx", id="a forged line"),
        pytest.param("\x1b[31m\x9b\x7f", "\\x1b[31m\\x9b\\x7f", id="terminal"),
        pytest.param("\u2028\u202e\ud800\0", "\\u2028\\u202e\\ud800\\x00", id="others"),
    ],
)
def test_escaped(text: str, line: str) -> None:
    assert escaped(text) == line
    assert escaped(line) == line


def test_a_name_keeps_its_blanks() -> None:
    assert printable("a  b.pdf") == "a  b.pdf"
    assert printable("a\nb.pdf") == "a�b.pdf"


@pytest.mark.parametrize(("typed", "text"), [("café?", "café?"), ("caf\udce9?", "caf�?")])
def test_readable(typed: str, text: str) -> None:
    assert readable(typed) == text
