"""Language of a question."""

from __future__ import annotations

import pytest

from rag.query.multilingual.question_language import language_of_question


@pytest.mark.parametrize(
    ("text", "written", "language"),
    [
        pytest.param("Sind Hunde erlaubt?", (), "German", id="by its first word"),
        pytest.param("Wie hoch ist der Preis für einen Waschgang?", (), "German", id="by function words"),
        pytest.param("Are dogs allowed?", ("German",), None, id="English, which nothing tells"),
        pytest.param("Was Shakespeare a poet?", ("German", "Dutch"), None, id="an English opening, too"),
        pytest.param("Posso fumar?", (), None, id="two languages"),
        pytest.param("Por que se aplica?", (), "Portuguese", id="shared words, Portuguese"),
        pytest.param("¿Por qué se aplica?", (), "Spanish", id="shared words, Spanish"),
        pytest.param("Posso fumar?", ("Portuguese",), "Portuguese", id="two languages, one of the documents"),
        pytest.param("¿Se admiten perros?", (), "Spanish", id="the longest cue"),
        pytest.param("Kündigungsfrist", ("German",), None, id="a keyword"),
        pytest.param("可以带狗吗？", (), "Chinese", id="by its letters"),
        pytest.param("", (), None, id="empty"),
    ],
)
def test_language(text: str, written: tuple[str, ...], language: str | None) -> None:
    assert language_of_question(text, written) == language
