"""Tests of lines from right to left that are drawn in parts."""

from __future__ import annotations

import pytest

from ingest.pdf.lines import Line, Piece
from ingest.pdf.right_to_left.broken_lines import joined_right_to_left
from rag.domain.values import Box


def line(*words: tuple[str, float, float], top: float = 100.0) -> Line:
    """A line of words with their left and right edges."""
    return Line([Piece(word, Box(left, top, right, top + 12), 12.0, bold=False) for word, left, right in words])


def texts(*lines: Line) -> list[str]:
    return [one.text for one in joined_right_to_left(lines)]


RIGHT = line(("تبدأ", 300, 320), ("الإجازة", 260, 297))
LEFT = line(("لكل", 240, 257), ("موظف", 210, 237))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([RIGHT, LEFT], ["تبدأ الإجازة لكل موظف"], id="the right part first"),
        pytest.param([LEFT, RIGHT], ["تبدأ الإجازة لكل موظف"], id="the left part first"),
        pytest.param([LEFT, line(("تبدأ", 300, 320), top=120)], ["لكل موظف", "تبدأ"], id="two lines"),
        pytest.param([line(("لكل", 40, 60)), RIGHT], ["لكل", "تبدأ الإجازة"], id="a wide gap, as in a table"),
        pytest.param([line(("left", 240, 257)), line(("right", 260, 290))], ["left", "right"], id="Latin"),
        pytest.param([line(("رقم", 60, 80), (".4417", 20, 57))], ["رقم 4417."], id="the mark after a number"),
        pytest.param([line(("page", 20, 50), (".4417", 60, 90))], ["page .4417"], id="no mark in Latin"),
        pytest.param([line(("التالية)", 60, 80), ("2024(.", 20, 57))], ["التالية (2024)."], id="brackets as they look"),
        pytest.param(
            [line(("السنة)", 90, 110), ("سنة", 60, 80), ("2024(", 20, 57))],
            ["السنة (سنة 2024)"],
            id="two words in them",
        ),
        pytest.param([line(("السنة", 60, 80), ("(2024).", 20, 57))], ["السنة (2024)."], id="brackets in order"),
        pytest.param([line(("أ)", 60, 80), ("السنة", 20, 57))], ["أ) السنة"], id="a letter of a list"),
        pytest.param([line(("ל25-", 60, 80), ("ימים", 20, 57))], ["ל-25 ימים"], id="a Hebrew prefix"),
        pytest.param([line(("نسبة", 60, 80), ("0.5", 20, 57))], ["نسبة 0.5"], id="a decimal number"),
    ],
)
def test_joined_lines(lines: list[Line], expected: list[str]) -> None:
    assert texts(*lines) == expected
