"""Whole numbers as arguments: allowed ones, and the error messages for others."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from rag.cli.arguments import whole_number


@pytest.mark.parametrize(
    ("least", "most", "text", "number"),
    [
        pytest.param(0, 256, "0", 0, id="the least"),
        pytest.param(0, 256, "256", 256, id="the most"),
        pytest.param(1, None, "1000000", 1_000_000, id="without a most"),
        pytest.param(-5, 5, "-3", -3, id="negative"),
    ],
)
def test_allowed(least: int, most: int | None, text: str, number: int) -> None:
    assert whole_number(least, most)(text) == number


@pytest.mark.parametrize(
    ("least", "most", "text", "fault"),
    [
        pytest.param(0, 256, "-1", "-1 is not between 0 and 256", id="too little"),
        pytest.param(0, 256, "257", "257 is not between 0 and 256", id="too much"),
        pytest.param(1, None, "0", "0 is not 1 or more", id="none"),
        pytest.param(1, None, "two", "'two' is not a whole number", id="a word"),
        pytest.param(1, None, "1.5", "'1.5' is not a whole number", id="a fraction"),
        pytest.param(1, None, "9" * 5000, f"{'9' * 20!r} is not a whole number", id="more digits than are read"),
    ],
)
def test_refused(least: int, most: int | None, text: str, fault: str) -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        whole_number(least, most)(text)
    assert str(caught.value) == fault
