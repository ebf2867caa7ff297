"""Raised digits in pictures of print: found by their height, recognized again, and kept apart from their number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ingest.pdf.raised_print import Grey, RaisedRun, raised_run, separated

HEIGHT = 60
# Glyphs as boxes: height above the feet of the line of their upper and lower edge, in pixels.
DIGIT, MARK, COMMA, DASH = (40, 0), (55, 30), (4, -8), (22, 18)
RAISED_DASH, BRACKET, LETTER = (44, 41), (42, -9), (28, 0)
DEGREE, QUOTE = (41, 25), (42, 30)


def word(*glyphs: tuple[int, int], width: int = 14, paper: int = 240) -> Grey:
    """A word whose glyphs are black boxes, four pixels apart."""
    pixels = np.full((HEIGHT + 10, len(glyphs) * (width + 4)), paper, np.uint8)
    for place, (top, bottom) in enumerate(glyphs):
        left = place * (width + 4)
        pixels[HEIGHT - top : HEIGHT - bottom, left : left + width] = 10
    return pixels


@pytest.mark.parametrize(
    ("glyphs", "run"),
    [
        pytest.param([DIGIT, DIGIT, MARK], RaisedRun(36, 50, after=False), id="mark"),
        pytest.param([DIGIT, DIGIT, MARK, MARK, COMMA], RaisedRun(36, 68, after=True), id="two digits and a comma"),
        pytest.param([DIGIT, DIGIT, RAISED_DASH, MARK], RaisedRun(36, 68, after=False), id="exponent"),
        pytest.param([DIGIT, COMMA, DIGIT, DIGIT, MARK], RaisedRun(72, 86, after=False), id="thousands"),
        pytest.param([BRACKET, DIGIT, DIGIT, MARK], RaisedRun(54, 68, after=False), id="bracket"),
        pytest.param([DIGIT, DIGIT, DIGIT], None, id="number"),
        pytest.param([DIGIT, DIGIT, DASH, DIGIT], None, id="range"),
        pytest.param([DIGIT, DIGIT, DEGREE], None, id="degrees"),
        pytest.param([DIGIT, DIGIT, QUOTE], None, id="inches"),
        pytest.param([DIGIT, DIGIT, COMMA], None, id="comma"),
        pytest.param([DIGIT, LETTER], None, id="letter"),
        pytest.param([DIGIT], None, id="one glyph"),
        pytest.param([DIGIT, *[MARK] * 5], None, id="a line above"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_raised_glyphs_at_the_end(glyphs: Sequence[tuple[int, int]], run: RaisedRun | None) -> None:
    assert raised_run(word(*glyphs)) == run


def test_print_that_is_too_small_is_left_alone() -> None:
    assert raised_run(word(DIGIT, DIGIT, MARK)[::4, ::4]) is None
    assert raised_run(np.full((30, 40), 200, np.uint8)) is None


@pytest.mark.parametrize(
    ("text", "number", "mark", "expected"),
    [
        pytest.param("2459", "245", "9", (["245", "⁹"], 36), id="glued"),
        pytest.param("245°", "245", "9", (["245", "⁹"], 36), id="misread"),
        pytest.param("24l", "24", "l", (["24", "¹"], 36), id="one"),
        pytest.param("10-6", "10", "-6", (["10^-6"], 0), id="exponent"),
        pytest.param("1st", "1", "st", None, id="ordinal"),
        pytest.param("24a", "24", "a", None, id="letter"),
        pytest.param("24*", "24", "*", None, id="star"),
        pytest.param("x2", "x", "2", None, id="no number"),
        pytest.param("word", "24", "9", None, id="a word"),
        pytest.param("249", "", "9", None, id="number not recognized"),
    ],
)
def test_what_is_written(text: str, number: str, mark: str, expected: tuple[list[str], int] | None) -> None:
    replies = iter([number, mark])

    def recognize(sheet: Grey) -> list[tuple[float, str]]:
        return [(len(sheet) / 2, reply)] if (reply := next(replies)) else []

    found = separated([text], [word(DIGIT, DIGIT, MARK)], recognize)
    assert found == ({0: expected} if expected else {})


def test_each_row_goes_to_its_word() -> None:
    sheets: list[Grey] = []

    def recognize(sheet: Grey) -> list[tuple[float, str]]:
        sheets.append(sheet)
        rows = np.flatnonzero((sheet < 100).any(axis=1))
        starts = rows[np.flatnonzero(np.diff(rows, prepend=-9) > 1)]
        replies = ["31", "1,245"] if len(sheets) == 1 else ["4", "7"]
        return [(float(start) + 5, reply) for start, reply in zip(starts, replies, strict=True)]

    texts = ["314,", "plain", "12457"]
    pictures = [word(DIGIT, DIGIT, MARK, COMMA), word(LETTER, LETTER), word(DIGIT, DIGIT, DIGIT, DIGIT, MARK)]
    assert separated(texts, pictures, recognize) == {0: (["31", "⁴,"], 36), 2: (["1,245", "⁷"], 72)}
    assert sheets[1].shape[0] > sheets[0].shape[0]


def test_nothing_is_recognized_again_without_raised_digits() -> None:
    pictures = [word(DIGIT, DIGIT, DIGIT), word(DIGIT, MARK, MARK)]
    assert separated(["245", "1st"], pictures, lambda _: pytest.fail("it was recognized again")) == {}
