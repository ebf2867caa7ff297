"""Conditions in a sentence."""

from __future__ import annotations

import pytest

from rag.text.languages.phrases import conditions_in


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        pytest.param("Hunde sind nur mit Zustimmung erlaubt.", "German", ["nur"], id="German"),
        pytest.param("Die Natur ist schön.", "German", [], id="part of a word"),
        pytest.param("Interdit, sauf accord écrit.", "French", ["sauf"], id="French"),
        pytest.param("未经批准不得带狗。", "Chinese", ["经批准", "未经"], id="Chinese"),
        pytest.param("Nur so.", "Klingon", [], id="without a table"),
        pytest.param("", "German", [], id="empty"),
    ],
)
def test_conditions(text: str, language: str, found: list[str]) -> None:
    assert conditions_in(text, language) == found
