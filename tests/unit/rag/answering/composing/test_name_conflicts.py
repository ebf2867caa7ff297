"""Tests of name conflicts between a question and a text of the evidence."""

from __future__ import annotations

import pytest

from rag.answering.composing.name_conflicts import asked_names, names_another


@pytest.mark.parametrize(
    ("question", "text", "another"),
    [
        pytest.param("Does Alpine Plus pay for glasses?", "Alpine Basic pays for glasses.", True, id="another plan"),
        pytest.param("Does Alpine Plus pay for glasses?", "Alpine Plus pays for glasses.", False, id="the same plan"),
        pytest.param("Does Alpine Plus pay for glasses?", "Glasses are paid for.", False, id="no name"),
        pytest.param("How tall is the Crane 40?", "The Crane 60 is 9 metres tall.", True, id="another model"),
        pytest.param("How tall is the Crane 40?", "The Crane 40 is lower than the Crane 60.", False, id="both models"),
        pytest.param("How do Crane 40 and Crane 60 differ?", "The Crane 60 is taller.", False, id="a comparison"),
        pytest.param("how tall is it?", "The Crane 60 is 9 metres tall.", False, id="no name asked for"),
        pytest.param("Is the Crane-40 safe?", "The Crane 60 is safe.", True, id="hyphen"),
    ],
)
def test_names_another(question: str, text: str, another: bool) -> None:
    assert names_another(text, asked_names(question)) is another
