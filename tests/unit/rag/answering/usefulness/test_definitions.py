"""Definitions of terms in the evidence."""

from __future__ import annotations

import pytest

from rag.answering.usefulness.definitions import defines_another
from rag.text.words import words


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        pytest.param("“We” means the cooperative.", "How fast must I claim?", True, id="a term of another matter"),
        pytest.param("“Goods” means valves.", "Which goods are covered?", False, id="a term of the question"),
        pytest.param('"Effective Date" shall mean 1 May.', "Who pays the drivers?", True, id="shall mean"),
        pytest.param('(a) "Effective Date" means 1 May.', "What is the effective date?", False, id="asked, in a list"),
        pytest.param("The term ‘Week’ refers to seven days.", "Who pays the drivers?", True, id="the term"),
        pytest.param("Shore power means that the engine rests.", "Who pays the drivers?", False, id="no defined term"),
        pytest.param("The owner means to sell “Gull”.", "Who pays the drivers?", False, id="the term comes first"),
    ],
)
def test_defines_another(text: str, question: str, *, expected: bool) -> None:
    assert defines_another(text, frozenset(words(question))) == expected
