"""Stems by language."""

from __future__ import annotations

import pytest

from rag.text.languages.stemming import NOT, search_stop_words, snowball_stemmer, stem_in


@pytest.mark.parametrize(
    ("word", "language", "stem"),
    [
        pytest.param("Hunden", "German", "hund", id="Snowball"),
        pytest.param("Welche", "German", "", id="stop word"),
        pytest.param("KEINE", "German", NOT, id="negation"),
        pytest.param("zwölf", "German", "12", id="number word"),
        pytest.param("Prozent", "German", "percent", id="sign"),
        pytest.param("l’eau", "French", "eau", id="elision"),
        pytest.param("dell'acqua", "Italian", "acqua", id="longer elision"),
        pytest.param("犬", "Japanese", "犬", id="no stemmer"),
    ],
)
def test_a_stem(word: str, language: str, stem: str) -> None:
    assert stem_in(word, language) == stem


def test_a_language_without_a_table_has_no_stems_here() -> None:
    with pytest.raises(KeyError):
        stem_in("word", "Klingon")


def test_the_search_falls_back_to_english() -> None:
    assert search_stop_words("Klingon") == search_stop_words("English") == search_stop_words(None)
    assert "der" in search_stop_words("German")
    assert snowball_stemmer("Klingon").stemWord("pumping") == snowball_stemmer().stemWord("pumping") == "pump"
