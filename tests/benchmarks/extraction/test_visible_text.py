"""Words that are absent from a text: in spite of hyphens, ligatures, accents and one edit."""

from __future__ import annotations

import pytest

from benchmarks.extraction.visible_text import absent_words


@pytest.mark.parametrize(
    ("seen", "text", "absent"),
    [
        pytest.param(["Pump", "weighs"], "The pump weighs nine kilograms.", [], id="all there"),
        pytest.param(["crane", "Crane"], "The pump weighs nine kilograms.", ["crane"], id="absent"),
        pytest.param(["kilogroms"], "The pump weighs nine kilograms.", [], id="one edit"),
        pytest.param(["kologroms"], "The pump weighs nine kilograms.", ["kologroms"], id="two edits"),
        pytest.param(["windowsill"], "the window-\nsill", [], id="hyphen"),
        pytest.param(["office"], "the oﬃce", [], id="ligature"),
        pytest.param(["cafes"], "two cafés", [], id="accent"),
    ],
)
def test_absent_words(seen: list[str], text: str, absent: list[str]) -> None:
    assert absent_words(seen, text) == absent
