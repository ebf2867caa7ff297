"""Faults that are found with a translated sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.claims.translation_check import TranslationFault, names_to_keep, translation_fault

LASTS = "The warranty of the pump lasts 24 months from its delivery."
FEW = "No receipt is needed for anything under €8."


@pytest.mark.parametrize(
    ("original", "translated", "languages", "fault"),
    [
        pytest.param(LASTS, "Die Garantie der Pumpe gilt 24 Monate ab Lieferung.", "English German", None, id="right"),
        pytest.param(LASTS, "Die Garantie der Pumpe gilt 12 Monate.", "English German", "number", id="another number"),
        pytest.param(
            LASTS, "Die Garantie der Pumpe gilt ab Lieferung.", "English German", "number", id="number left out"
        ),
        pytest.param(LASTS, LASTS, "English German", "untranslated", id="repeated"),
        pytest.param(LASTS, "La garantía es válida por 24 meses.", "English German", "language", id="Spanish"),
        pytest.param(LASTS, "24", "English German", "length", id="hardly anything"),
        pytest.param(LASTS, f"Es gilt 24 Monate {'lang und sehr ' * 20}.", "English German", "length", id="much more"),
        pytest.param(FEW, "Unter 8 € ist kein Beleg nötig.", "English German", None, id="not in both"),
        pytest.param(FEW, "Unter 8 € ist ein Beleg nötig.", "English German", "negation", id="not left out"),
        pytest.param(FEW, "Unter 8 $ ist kein Beleg nötig.", "English German", "currency", id="another currency"),
        pytest.param(FEW, "低于8欧元无需收据。", "English Chinese", None, id="a currency that the table lacks"),
        pytest.param(
            "The fee is €3,600 in 2024.",
            "Der Beitrag ist 2024 3.600 €.",
            "English German",
            None,
            id="points for commas",
        ),
        pytest.param(
            "Le prix est de 3,5 % le 1er mai 2020.",
            "The price is 3.5 % on 1 May 2020.",
            "French English",
            None,
            id="date and comma",
        ),
        pytest.param(
            "It ends on 1 May 2020.", "Es endet am 1. März 2020.", "English German", "number", id="another month"
        ),
        pytest.param(
            "Members give eight weeks' notice.",
            "Los miembros avisan con 8 semanas.",
            "English Spanish",
            None,
            id="a number in words",
        ),
        pytest.param(
            "Yusra Finmarsh hears every complaint.",
            "Yusra Finmarsh nimmt jede Beschwerde an.",
            "English German",
            None,
            id="names",
        ),
        pytest.param(
            "Yusra Finmarsh hears every complaint.",
            "Der Zuhörer nimmt jede Beschwerde an.",
            "English German",
            "name",
            id="names left out",
        ),
        pytest.param(
            "Discs TD-4410 to TD-4692 crack.",
            "Die Scheiben TD-4410 bis TD-4692 reißen.",
            "English German",
            None,
            id="codes",
        ),
        pytest.param(
            "Dogs are welcome on a lead.",
            "Los perros son bienvenidos con un lead.",
            "English Spanish",
            "untranslated",
            id="a word left as it is",
        ),
        pytest.param(
            "The bar is open.", "El bar está abierto.", "English Spanish", None, id="a word of both languages"
        ),
        pytest.param(
            "The TR-40x weighs 12 kilograms.",
            "Der TR40 wiegt 12 Kilogramm.",
            "English German",
            "name",
            id="code changed",
        ),
    ],
)
def test_faults(original: str, translated: str, languages: str, fault: TranslationFault | None) -> None:
    assert translation_fault(original, translated, *languages.split()) == fault


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        pytest.param(
            "The Council of Tarrow Quay decides.", "English", ["Tarrow"], id="words of the language are translated"
        ),
        pytest.param("Die Membranwechselfrist beginnt.", "German", [], id="German compounds"),
        pytest.param("Das Haus von Yusra Finmarsh.", "German", ["Yusra", "Finmarsh"], id="German names"),
        pytest.param(
            "See E14, SB-25-03 and 9S, in 2024 and at 22:00.", "English", ["E14", "SB-25-03", "9S"], id="codes"
        ),
        pytest.param("保修期为24个月。", "Chinese", [], id="no capitals"),
    ],
)
def test_names_to_keep(text: str, language: str, names: list[str]) -> None:
    assert names_to_keep(text, language) == names


@given(st.integers(2, 10**6), st.integers(2, 10**6))
def test_a_translation_has_the_number_of_its_original(said: int, meant: int) -> None:
    fault = translation_fault(
        f"The warranty covers {meant:,} parts of the pump.", f"Die Garantie umfasst {said} Teile.", "English", "German"
    )
    assert fault == (None if said == meant else "number")
