"""Question classification by cue phrases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Form
from rag.query.multilingual.cue_phrases import cue_at_start, form_by_cues
from rag.text.languages.table import languages

QUESTIONS: list[tuple[str, str, Form]] = [
    ("Sind Hunde erlaubt?", "German", "yes_no"),
    ("Darf ich einen Hamster halten?", "German", "yes_no"),
    ("Wie lange ist die Kündigungsfrist?", "German", "fact"),
    ("Können Sie mir bitte sagen, wann die Nachtruhe beginnt?", "German", "fact"),
    ("Wenn ich ausziehe, muss ich dann streichen?", "German", "yes_no"),
    ("Welche Unterlagen brauche ich?", "German", "list"),
    ("Welche Frist gilt?", "German", "fact"),
    ("Wie wechsle ich den Filter?", "German", "how_to"),
    ("Warum ist das so?", "German", "explain"),
    ("Was ist der Unterschied zwischen A und B?", "German", "comparison"),
    ("Fasse den Vertrag zusammen.", "German", "overview"),
    ("Ich möchte wissen, ob Hunde erlaubt sind.", "German", "yes_no"),
    ("Kündigungsfrist der Wohnung?", "German", "fact"),
    ("Les chiens sont-ils autorisés ?", "French", "yes_no"),
    ("Est-ce qu’il faut un badge ?", "French", "yes_no"),
    ("Quand l'école est-elle ouverte ?", "French", "fact"),
    ("Quels sont les documents à fournir ?", "French", "list"),
    ("Comment puis-je résilier ?", "French", "how_to"),
    ("¿Se admiten perros?", "Spanish", "yes_no"),
    ("¿Cuánto cuesta?", "Spanish", "fact"),
    ("¿Por qué se prohíbe?", "Spanish", "explain"),
    ("È permesso fumare?", "Italian", "yes_no"),
    ("Quanto costa?", "Italian", "fact"),
    ("Mag ik roken?", "Dutch", "yes_no"),
    ("Hoeveel kost het?", "Dutch", "fact"),
    ("Posso fumar?", "Portuguese", "yes_no"),
    ("Quais são os documentos?", "Portuguese", "list"),
    ("可以带狗吗？", "Chinese", "yes_no"),
    ("员工每年有多少天带薪年假？", "Chinese", "fact"),
    ("为什么不能带狗？", "Chinese", "explain"),
    ("犬は許可されていますか？", "Japanese", "yes_no"),
    ("休暇は何日ですか？", "Japanese", "fact"),
    ("هل الكلاب مسموحة؟", "Arabic", "yes_no"),
    ("كم مدة الإجازة السنوية؟", "Arabic", "fact"),
    ("क्या कुत्ते की अनुमति है?", "Hindi", "yes_no"),
    ("छुट्टी कितने दिन की है?", "Hindi", "fact"),
    ("Come richiedo le ferie?", "Italian", "how_to"),
    ("Como solicito férias?", "Portuguese", "how_to"),
    ("すべての期限を挙げてください。", "Japanese", "list"),
    ("सभी समय सीमाएँ सूचीबद्ध करें।", "Hindi", "list"),
]


@pytest.mark.parametrize(("text", "language", "form"), QUESTIONS, ids=[text for text, *_ in QUESTIONS])
def test_form_of_a_question(text: str, language: str, form: Form) -> None:
    assert form_by_cues(text, languages()[language]) == form


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        pytest.param("Sind Hunde erlaubt?", "sind", id="a word"),
        pytest.param("Wie viel kostet es?", "wie viel", id="the longest"),
        pytest.param("Bitte, wie lange?", "", id="a clause of politeness first"),
        pytest.param("Sindbad", "", id="part of a word"),
        pytest.param("", "", id="empty"),
    ],
)
def test_cue_at_the_start(text: str, cue: str) -> None:
    assert cue_at_start(text, languages()["German"]) == cue


def test_a_question_at_the_end_of_a_long_text_is_read() -> None:
    text = "Das ist so. " * 200 + "Sind Hunde erlaubt?"
    assert form_by_cues(text, languages()["German"]) == "yes_no"


@given(st.text(max_size=200), st.sampled_from(sorted(languages())))
def test_any_text_has_a_form(text: str, language: str) -> None:
    assert form_by_cues(text, languages()[language])
