"""Tokenization: roots, values of numbers, dates and codes, with offsets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.claims.language.tokens import NOT, number_value, root, stem, tokenize


def keys(text: str) -> list[str]:
    return [token.key for token in tokenize(text)]


def content(text: str) -> list[str]:
    return [token.key for token in tokenize(text) if token.content]


class TestRoot:
    @pytest.mark.parametrize(
        "forms",
        [
            "replace replaces replaced replacing replacement",
            "pay pays paid payment payable",
            "expire expires expired expiry expiration",
            "deliver delivers delivery deliveries",
            "note notes noted",
            "date dates dated",
            "stop stops stopped stopping",
            "city cities",
            "class classes",
            "install installs installation",
            "cover covers covered coverage",
            "lose lost loss losses",
        ],
    )
    def test_forms_of_a_word_are_one(self, forms: str) -> None:
        assert len({root(form) for form in forms.split()}) == 1

    @pytest.mark.parametrize(
        ("one", "other"),
        [("notes", "not"), ("form", "former"), ("universe", "university"), ("news", "new"), ("pump", "pumice")],
    )
    def test_other_words_are_others(self, one: str, other: str) -> None:
        assert root(one) != root(other)

    @pytest.mark.parametrize("word", ["not", "no", "never", "cannot", "isn't", "won’t", "without"])
    def test_negations_are_one(self, word: str) -> None:
        assert root(word) == NOT

    def test_a_stem_keeps_its_derivation(self) -> None:
        assert stem("monthly") != stem("months") == stem("month")

    @given(st.text(alphabet="abcdefgilmnorstuyz'", min_size=1, max_size=20))
    def test_never_empty(self, word: str) -> None:
        assert root(word) or not word.strip("'s")


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("1,500", "1500"),
            ("2.50", "2.5"),
            ("21st", "21"),
            ("12’345", "12345"),
            ("−10", "-10"),
            ("8:30", "8:30"),
            ("1/50", "1/50"),
        ],
    )
    def test_value(self, text: str, value: str) -> None:
        assert number_value(text) == value

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("thirty-two", "32"),
            ("two hundred", "200"),
            ("2 million", "2000000"),
            ("€6.25 m", "6250000"),
            ("$3bn", "3000000000"),
            ("twelve", "12"),
        ],
    )
    def test_in_words(self, text: str, value: str) -> None:
        assert [token.key for token in tokenize(text) if token.kind == "number"] == [value]

    def test_metres_are_no_millions(self) -> None:
        assert keys("6 m") == ["6", "m"]

    def test_one_is_a_pronoun_too(self) -> None:
        assert content("one disc") == content("disc")


class TestKinds:
    @pytest.mark.parametrize("code", ["TR-40", "E17", "SB-25-03", "4S", "B6-0344", "COVID-19", "Q3"])
    def test_code(self, code: str) -> None:
        (token,) = tokenize(code)
        assert (token.kind, token.key) == ("code", code.casefold())

    @pytest.mark.parametrize(
        ("text", "expected"), [("230V", ["230", "v"]), ("40cm", ["40", "cm"]), ("10KW", ["10", "kw"])]
    )
    def test_number_with_its_unit_is_no_code(self, text: str, expected: list[str]) -> None:
        assert keys(text) == expected

    def test_letter_of_a_party(self) -> None:
        assert keys("Party A pays Party B a fee") == ["party", "party a", "pay", "party", "party b", "a", "fee"]

    def test_letters_within_a_word_have_no_number(self) -> None:
        assert keys("LecardvionesX2") == ["lecardvionesx"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("31 May 2020", ["31", "monthmay", "2020"]),
            ("May 31, 2020", ["31", "monthmay", "2020"]),
            ("bought in May", ["buy", "in", "monthmay"]),
            ("on 3 June", ["on", "3", "monthjune"]),
            ("in October", ["in", "monthoctober"]),
        ],
    )
    def test_date(self, text: str, expected: list[str]) -> None:
        assert keys(text) == expected

    @pytest.mark.parametrize("text", ["No one under 16 may drive", "Members may vote", "May I vote?"])
    def test_may_is_no_month(self, text: str) -> None:
        assert "monthmay" not in keys(text)


@given(st.text(max_size=200))
def test_tokens_are_in_order_and_at_their_offsets(text: str) -> None:
    tokens = tokenize(text)
    for token in tokens:
        assert text[token.start : token.end] == token.text != ""
        assert token.key
    for before, after in pairwise(tokens):
        assert before.end <= after.start or (before.start, before.end) == (after.start, after.end)
