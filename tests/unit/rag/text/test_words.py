"""Words in comparable form: light stems, numbers by value, negations, without stop words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.languages.stemming import NOT
from rag.text.sentences import sentence_spans
from rag.text.words import NEGATIONS, STOPWORDS, is_number, light_stem, words

marks = st.sampled_from(
    [".", "!", "?", '."', ".)", "\n", "\n\n", "\n\n\n", " ", "  ", "Dr.", "e.g.", "A.", "3.5", "’s"]
)
texts = st.lists(st.one_of(marks, st.text("abAZ é漢😀0", min_size=1, max_size=6)), max_size=40).map("".join)


@pytest.mark.parametrize(
    "forms",
    [
        pytest.param(["replace", "replaces", "replaced", "replacing", "Replace"], id="replace"),
        pytest.param(["cover", "covers", "covered", "covering", "COVERS"], id="cover"),
        pytest.param(["box", "boxes"], id="box"),
        pytest.param(["note", "notes", "noted", "noting"], id="note is no negation"),
        pytest.param(["rate", "rates", "rated", "rating"], id="a short word with e"),
        pytest.param(["page", "pages", "paged"], id="page"),
        pytest.param(["add", "adds", "added", "adding"], id="two consonants"),
        pytest.param(["tax", "taxes", "taxed"], id="x"),
        pytest.param(["gas", "gases"], id="gas"),
        pytest.param(["policy", "policies"], id="policy"),
        pytest.param(["apply", "applies", "applied"], id="apply"),
        pytest.param(["try", "tries", "tried"], id="a short word with y"),
        pytest.param(["movie", "movies"], id="movie"),
        pytest.param(["taxi", "taxis"], id="taxi"),
        pytest.param(["die", "dies"], id="die"),
        pytest.param(["pump", "pumps", "pump's", "pump’s"], id="pump"),
        pytest.param(["1000", "1,000"], id="thousands"),
        pytest.param(["12", "twelve", "Twelve"], id="twelve"),
        pytest.param(["0", "zero"], id="zero"),
        pytest.param(["70", "seventy"], id="seventy"),
        pytest.param(["80", "eighty"], id="eighty"),
        pytest.param(["90", "ninety"], id="ninety"),
        pytest.param(["straße", "STRASSE"], id="case of other languages"),
    ],
)
def test_forms_of_one_word(forms: list[str]) -> None:
    assert len({tuple(words(form)) for form in forms}) == 1
    assert len(words(forms[0])) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("glass", "glas", id="ss is no plural"),
        pytest.param("1.5", "15", id="decimal"),
        pytest.param("12", "120", id="digits"),
        pytest.param("ring", "r", id="short words are left alone"),
        pytest.param("pump", "valve", id="other words"),
        pytest.param("ski", "sky", id="a short word with i"),
    ],
)
def test_different_words(one: str, other: str) -> None:
    assert words(one) != words(other)


@given(st.from_regex(r"[a-z]{1,8}(?:ing|ed|es|s|e|)", fullmatch=True))
def test_only_negations_are_stemmed_to_not(word: str) -> None:
    assert (light_stem(word) == NOT) == (word in NEGATIONS)


@pytest.mark.parametrize("word", ["note", "notes", "noted", "noting", "Notes", "note's", "nots", "knots"])
def test_a_word_that_looks_like_not_is_no_negation(word: str) -> None:
    assert light_stem(word) != NOT


def test_words_of_a_sentence() -> None:
    sentence = "The pump's warranty is 1,250.50 EUR (24 months), at 10:30 on 2024/05/01."
    assert words(sentence) == ["pump", "warranty", "1250.50", "eur", "24", "month", "10:30", "2024/05/01"]


def test_stop_words_are_removed() -> None:
    assert words(" ".join(STOPWORDS)) == []
    assert words("What is it, and why was THE pump there?") == ["pump"]


def test_numbers_of_a_text() -> None:
    assert [word for word in words("Twelve of 1,000 pumps in 3 halls") if is_number(word)] == ["12", "1000", "3"]


@given(st.text(max_size=60))
def test_words_are_never_empty(text: str) -> None:
    assert all(words(text))


@given(texts)
def test_words_are_those_of_the_parts(text: str) -> None:
    assert words(text) == [word for start, end in sentence_spans(text) for word in words(text[start:end])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1,000 metres", "1000", id="thousands"),
        pytest.param("1,234,567 metres", "1234567", id="millions"),
        pytest.param("1,5 metres", "1,5", id="decimal comma"),
        pytest.param("sections 1,2", "1,2", id="list"),
        pytest.param("-20 degrees", "-20", id="minus"),
        pytest.param("at −20 degrees", "-20", id="typographic minus"),
    ],
)
def test_numbers_are_compared_by_value(text: str, expected: str) -> None:
    assert [word for word in words(text) if is_number(word)] == [expected]


def test_the_dash_of_a_range_is_not_a_minus() -> None:
    assert [word for word in words("pages 10-20 and A-3") if is_number(word)] == ["10", "20", "3"]
