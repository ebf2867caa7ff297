"""Word lists: words of a language that no document needs to have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.languages.word_lists import is_listed


@pytest.mark.parametrize(
    ("word", "languages"),
    [
        pytest.param("perks", [], id="English, whatever the documents are in"),
        pytest.param("Swapping", ["English"], id="of any case"),
        pytest.param("summarise", [], id="British -ise"),
        pytest.param("organisation", [], id="British -isation"),
        pytest.param("neighbours", [], id="British -our-"),
        pytest.param("hour", [], id="American with -our-"),
        pytest.param("promised", [], id="American with -is-"),
        pytest.param("Kündigungsfrist", ["German"], id="German"),
        pytest.param("perks", ["German", "Klingon", None], id="beside a language without a list"),
    ],
)
def test_a_word(word: str, languages: list[str | None]) -> None:
    assert is_listed(word, languages)


@pytest.mark.parametrize(
    ("word", "languages"),
    [
        pytest.param("warrenty", ["English"], id="misspelt"),
        pytest.param("recieve", ["English", "German"], id="misspelt, in no language"),
        pytest.param("Kündigungsfrist", ["English"], id="of another language"),
        pytest.param("bittern" * 100, [], id="longer than any word"),
        pytest.param("", ["English"], id="empty"),
    ],
)
def test_no_word(word: str, languages: list[str | None]) -> None:
    assert not is_listed(word, languages)


@given(st.text(max_size=40))
def test_accepts_any_text(word: str) -> None:
    assert is_listed(word, ("English",)) in (True, False)
