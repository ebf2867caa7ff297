"""Page numbers in words."""

from __future__ import annotations

import pytest

from rag.text.page_numbers import page_number


@pytest.mark.parametrize(
    ("page", "label", "words"),
    [
        pytest.param(12, "iv", "page 12 (printed iv)", id="another number"),
        pytest.param(12, "12", "page 12", id="the same number"),
        pytest.param(12, None, "page 12", id="no labels"),
        pytest.param(12, " \n", "page 12", id="a blank label"),
        pytest.param(3, "A-\n 1", "page 3 (printed A- 1)", id="a label of two lines"),
    ],
)
def test_page_number(page: int, label: str | None, words: str) -> None:
    assert page_number(page, label) == words
