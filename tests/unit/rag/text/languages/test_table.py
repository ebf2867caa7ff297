"""Language tables: every file is whole, and its messages are those that the program says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from rag.domain.values import Form
from rag.text.languages.table import FOLDER, Language, in_language, language_table, languages

LANGUAGES = languages()
OTHERS = sorted(LANGUAGES.keys() - {"English"})
PROGRAM = "\n".join(path.read_text("utf-8") for path in (Path(FOLDER).parents[1]).rglob("*.py"))
# Those that the issue tracker of a user's language would begin with: rules for questions and messages.
WITH_RULES = "Arabic Chinese Dutch French German Hindi Italian Japanese Portuguese Spanish".split()


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))


def test_the_languages_with_rules_are_there() -> None:
    assert {*WITH_RULES, "English"} <= LANGUAGES.keys()
    assert len({language.code for language in LANGUAGES.values()}) == len(LANGUAGES)


@pytest.mark.parametrize("name", sorted(LANGUAGES))
def test_a_table_names_what_there_is(name: str) -> None:
    import Stemmer
    from bm25s import stopwords

    language = LANGUAGES[name]
    assert not language.stemmer or language.stemmer in Stemmer.algorithms()
    assert not language.stop_list or hasattr(stopwords, f"STOPWORDS_{language.stop_list}")
    for cues in (language.starts, language.inside, language.ends):
        assert set(cues.values()) <= set(get_args(Form))
        assert list(cues) == sorted(cues, key=len, reverse=True)
    assert set(language.months.values()) in (set(), set(range(1, 13)))
    assert not language.stop_words & language.negations
    words = (language.function_words, language.stop_words, language.negations, language.numbers, language.months)
    assert all(word == word.casefold() for group in words for word in group)


@pytest.mark.parametrize("name", WITH_RULES)
def test_a_language_with_rules_knows_questions_and_conditions(name: str) -> None:
    language = LANGUAGES[name]
    forms = {*language.starts.values(), *language.inside.values(), *language.ends.values()}
    assert forms >= {"yes_no", "fact", "how_to", "list", "explain", "overview", "comparison"}
    assert language.conditions
    assert language.messages.keys() == LANGUAGES["German"].messages.keys()


@pytest.mark.parametrize("name", OTHERS)
def test_messages_are_those_of_the_program(name: str) -> None:
    for english, said in LANGUAGES[name].messages.items():
        assert f'"{english}"' in PROGRAM, english
        assert placeholders(said) == placeholders(english)


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        pytest.param("Yes", "German", "Ja", id="German"),
        pytest.param("Yes", "English", "Yes", id="English"),
        pytest.param("Yes", None, "Yes", id="unknown"),
        pytest.param("Yes", "Klingon", "Yes", id="without a table"),
        pytest.param("Not a message.", "German", "Not a message.", id="not in the table"),
    ],
)
def test_a_sentence_in_a_language(text: str, language: str | None, said: str) -> None:
    assert in_language(text, language) == said


def test_a_file_may_leave_out_what_its_author_does_not_know() -> None:
    language = Language.of({"name": "Latin", "code": "la"})
    assert (language.stemmer, language.months, language.starts, language.messages) == ("", {}, {}, {})
    assert language_table("Latin") is None


def test_a_file_needs_a_name() -> None:
    with pytest.raises(KeyError):
        Language.of({"code": "la"})


def test_the_longest_phrase_comes_first() -> None:
    language = Language.of(
        {"name": "x", "code": "x", "questions": {"starts": {"explain": ["wie"], "fact": ["Wie viel"]}}}
    )
    assert dict(language.starts) == {"wie viel": "fact", "wie": "explain"}
    assert next(iter(language.starts)) == "wie viel"
