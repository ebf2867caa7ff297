"""Language tables: words, numbers, question phrases and messages of each language, from the TOML files of this folder.

A file may leave out what its author does not know: the rules that need it do not apply then. ``german.toml`` says of
each field what it is for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
ENGLISH: Final = "English"


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """One language.

    Attributes:
        name: in English: "German".
        code: of BCP 47: "de".
        stemmer: name of its Snowball stemmer; empty where there is none.
        stop_list: name of its stop words in bm25s; empty where there is none.
        decimal_comma: whether one and a half is "1,5", and a thousand "1.000".
        function_words: the frequent ones by which the language is known.
        stop_words: words that say nothing of what a text is about.
        negations: words that deny what their sentence says.
        numbers: number words, with their digits.
        months: names and abbreviations of months, with their numbers 1 to 12.
        signs: words for a currency or a per cent, with the English one: "prozent" is "percent".
        conditions: phrases after which a rule holds only on a condition.
        polite: phrases before a question that ask nothing: "können Sie mir sagen".
        starts: phrases that a question of a form begins with, by phrase; of those that match, the longest decides.
        inside: phrases anywhere in a question, where none begins it; these, too, by phrase.
        ends: phrases that end a question, where there is neither.
        messages: the sentences of the program, by the English one.
        abbreviations: in lower case, after which a sentence always goes on: "bzw".
        before_numbers: those after which it does where a number follows: "abs".
    """

    name: str
    code: str
    stemmer: str
    stop_list: str
    decimal_comma: bool
    function_words: frozenset[str]
    stop_words: frozenset[str]
    negations: frozenset[str]
    numbers: Mapping[str, str]
    months: Mapping[str, int]
    signs: Mapping[str, str]
    conditions: tuple[str, ...]
    polite: tuple[str, ...]
    starts: Mapping[str, str]
    inside: Mapping[str, str]
    ends: Mapping[str, str]
    messages: Mapping[str, str]
    abbreviations: frozenset[str]
    before_numbers: frozenset[str]

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Language:
        """The language of a file's table; KeyError where it has no name or code."""
        words, questions, short = (table.get(name, {}) for name in ("words", "questions", "abbreviations"))
        return cls(
            table["name"],
            table["code"],
            table.get("stemmer", ""),
            table.get("stop_list", ""),
            table.get("decimal_comma", False),
            frozenset(words.get("function", "").split()),
            frozenset(words.get("stop", "").split()),
            frozenset(words.get("negations", "").split()),
            _numbered(words.get("numbers", [])),
            {name: number for number, names in enumerate(words.get("months", []), 1) for name in names.split()},
            {word: sign for sign, spelt in table.get("signs", {}).items() for word in spelt.split()},
            _phrases(table.get("conditions", {}).get("phrases", [])),
            _phrases(questions.get("polite", [])),
            _by_phrase(questions.get("starts", {})),
            _by_phrase(questions.get("inside", {})),
            _by_phrase(questions.get("ends", {})),
            table.get("messages", {}),
            frozenset(short.get("never_last", "").split()),
            frozenset(short.get("before_numbers", "").split()),
        )


@cache
def languages() -> Mapping[str, Language]:
    """All languages by their English names; the files are read once."""
    found = (Language.of(tomllib.loads(path.read_text("utf-8"))) for path in sorted(FOLDER.glob("*.toml")))
    return {language.name: language for language in found}


def language_table(name: str | None) -> Language | None:
    """The table of a language by its English name; None where there is none."""
    return languages().get(name) if name else None


def has_messages(name: str) -> bool:
    """True for a language that the program speaks: English, and those whose tables are whole."""
    table = language_table(name)
    return table is not None and (table.name == ENGLISH or bool(table.messages))


def in_language(text: str, name: str | None) -> str:
    """A sentence of the program in a language; in English where the language has no table, or not this sentence."""
    table = language_table(name)
    return table.messages.get(text, text) if table else text


def _numbered(numbers: list[str]) -> Mapping[str, str]:
    """Number words with their digits; those of one number are in one string, from zero on."""
    return {word: str(number) for number, words in enumerate(numbers) for word in words.split()}


def _phrases(phrases: list[str]) -> tuple[str, ...]:
    return tuple(sorted(map(str.casefold, phrases), key=len, reverse=True))


def _by_phrase(forms: Mapping[str, list[str]]) -> Mapping[str, str]:
    """The form of each phrase, longest phrases first."""
    phrases = [(phrase.casefold(), form) for form, group in forms.items() for phrase in group]
    return dict(sorted(phrases, key=lambda pair: len(pair[0]), reverse=True))
