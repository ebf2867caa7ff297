"""Numbers and dates of a language in one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.languages.local_forms import in_common_form
from rag.text.languages.table import languages
from rag.text.normalization import CURRENCIES, normalized_words


@pytest.mark.parametrize(
    ("text", "language", "form"),
    [
        pytest.param("1.234,56 Euro", "German", "1234.56 Euro", id="German amount"),
        pytest.param("1.500 Euro und 1,5 Liter", "German", "1500 Euro und 1.5 Liter", id="thousand and decimal"),
        pytest.param("12.345.678", "Spanish", "12345678", id="millions"),
        pytest.param("Version 1.2.3 und 10.12.1", "German", "Version 1.2.3 und 10.12.1", id="versions"),
        pytest.param("10.1007/978", "German", "10.1007/978", id="identifier"),
        pytest.param("1,234.56 and 1.500", "English", "1,234.56 and 1.500", id="English is left alone"),
        pytest.param("1.500", None, "1.500", id="unknown language"),
        pytest.param("am 31. Mai 2020", "German", "am  31 monthmay 2020 ", id="German date"),
        pytest.param("le 1er mai", "French", "le  1 monthmay ", id="French date without a year"),
        pytest.param("el 31 de mayo de 2020", "Spanish", "el  31 monthmay 2020 ", id="Spanish date"),
        pytest.param("im März 2021", "German", "im  monthmarch 2021 ", id="month and year"),
        pytest.param("31.05.2020", "German", " 31 monthmay 2020 ", id="numeric date, the day first"),
        pytest.param("5/6/2020", "French", " 5 monthjune 2020 ", id="numeric date with strokes"),
        pytest.param("45.13.2020", "German", "45.13.2020", id="no date"),
        pytest.param("12 Monate", "German", "12 Monate", id="no month"),
        pytest.param("2020年5月31日", None, " 31 monthmay 2020 ", id="Chinese date in any language"),
        pytest.param("3月", "Chinese", "3月", id="a month alone"),
        pytest.param("１２００円", "Japanese", "1200円", id="digits of full width"),
        pytest.param("31 मई 2020", "Hindi", " 31 monthmay 2020 ", id="Hindi date"),
        pytest.param("31 مايو 2020", "Arabic", " 31 monthmay 2020 ", id="Arabic date"),
        pytest.param("٣١ مايو ٢٠٢٠", "Arabic", " 31 monthmay 2020 ", id="Arabic date in Arabic digits"),
        pytest.param("١٬٢٣٤٫٥٦", "Arabic", "1,234.56", id="Arabic thousand and decimal"),
        pytest.param("३१ मई २०२०", "Hindi", " 31 monthmay 2020 ", id="Hindi date in its own digits"),
        pytest.param("₹1,23,456.50", "English", "₹123456.50", id="Indian thousands"),
        pytest.param("1,234,567 and 1,2,3", "English", "1,234,567 and 1,2,3", id="no Indian thousands"),
        pytest.param("3 600 € et 1 234,50 EUR", "French", "3600 € et 1234.50 EUR", id="thousands with a space"),
        pytest.param("12 345 habitants", "French", "12 345 habitants", id="perhaps two columns of a table"),
        pytest.param("2024 600 €", "French", "2024 600 €", id="a year before an amount"),
    ],
)
def test_numbers_and_dates(text: str, language: str | None, form: str) -> None:
    assert in_common_form(text, language) == form


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        pytest.param("Die Hunde", "einem Hund", "German", id="German endings"),
        pytest.param("zwölf Monate", "12 Monaten", "German", id="German number word"),
        pytest.param("keine Tiere", "Tier nicht", "German", id="German negation, in any place"),
        pytest.param("5 Prozent", "5 %", "German", id="German per cent"),
        pytest.param("l'animal", "les animaux", "French", id="French article before a vowel"),
        pytest.param("31. Mai 2020", "31.5.2020", "German", id="German dates"),
        pytest.param("los perros", "un perro", "Spanish", id="Spanish plural"),
        pytest.param("5 €", "5 euros", "Spanish", id="Spanish euros"),
        pytest.param("5 €", "5 euro", "Italian", id="Italian euros"),
        pytest.param("5 $", "5 dólares", "Portuguese", id="Portuguese dollars"),
        pytest.param("5 por ciento", "5 %", "Spanish", id="Spanish per cent"),
        pytest.param("5 per cento", "5 %", "Italian", id="Italian per cent"),
        pytest.param("5 pour cent", "5 %", "French", id="French per cent"),
    ],
)
def test_words_of_a_language_are_the_same(one: str, other: str, language: str) -> None:
    assert set(normalized_words(one, language)) == set(normalized_words(other, language))


@pytest.mark.parametrize("language", languages())
def test_currencies_and_months_are_the_same_words_in_each_language(language: str) -> None:
    assert set(normalized_words("3 € $ £ % 31 May 2020", language)) >= CURRENCIES | {"percent", "monthmay"}


def test_a_brazilian_real_is_no_dollar() -> None:
    assert "dollar" not in normalized_words("R$ 5", "Portuguese")


def test_english_words_are_as_without_a_language() -> None:
    text = "The dogs aren't allowed on 31 May 2020, for 1,500 euros."
    assert normalized_words(text, "English") == normalized_words(text) == normalized_words(text, "Klingon")


@given(st.text(max_size=60), st.sampled_from([None, *languages()]))
def test_any_text_in_any_language(text: str, language: str | None) -> None:
    assert all(normalized_words(text, language))
    assert "\n" not in in_common_form(text.replace("\n", ""), language)
