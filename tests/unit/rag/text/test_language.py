"""Language identification by script and by function words."""

from __future__ import annotations

import pytest

from rag.text.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("员工每年有多少天带薪年假？", "Chinese", id="Chinese"),
        pytest.param("iPhone 价格多少", "Chinese", id="Chinese with a Latin name"),
        pytest.param("年次有給休暇は12日です", "Japanese", id="Japanese, mostly in Chinese letters"),
        pytest.param("연차휴가는 며칠입니까?", "Korean", id="Korean"),
        pytest.param("كم مدة الإجازة السنوية؟", "Arabic", id="Arabic"),
        pytest.param("מתי מתחילה העבודה?", "Hebrew", id="Hebrew"),
        pytest.param("छुट्टी कितने दिन की है?", "Hindi", id="Hindi"),
        pytest.param("ลาพักร้อนได้กี่วัน", "Thai", id="Thai"),
        pytest.param("Сколько стоит билет?", "Russian", id="Russian"),
        pytest.param("Πόσο κοστίζει;", "Greek", id="Greek"),
        pytest.param("What does the 员工手册 say of the leave?", "English", id="English with a Chinese name"),
        pytest.param("Is the value of α that of β?", "English", id="English with Greek letters"),
        pytest.param("Wie hoch ist der Preis für einen Waschgang?", "German", id="German"),
        pytest.param("Bu kitap çok güzel değil.", "Turkish", id="Turkish"),
        pytest.param("Unde este cartea și cum se citește?", "Romanian", id="Romanian"),
        pytest.param("Gdzie jest książka, która nie jest moja?", "Polish", id="Polish"),
        pytest.param("När är boken inte på bordet?", "Swedish", id="Swedish"),
        pytest.param("Café", None, id="one word"),
        pytest.param("😀 12", None, id="no letters"),
        pytest.param("", None, id="empty"),
    ],
)
def test_language_of_a_text(text: str, language: str | None) -> None:
    assert language_of(text) == language
