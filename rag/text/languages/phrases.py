"""Phrases of a language's table in a text: the words that make a sentence hold on a condition only."""

from __future__ import annotations

import re
from typing import Final

from rag.text.languages.table import language_table
from rag.text.scripts import has_no_spaces

_BETWEEN_WORDS: Final = re.compile(r"[^\w'\u0900-\u0dff\u064b-\u0652]+")


def conditions_in(text: str, name: str | None) -> list[str]:
    """The conditions of a language that occur in a text, in lower case; none where the language has no table.

    Whole words are compared; in scripts without spaces between words, letters.
    """
    language = language_table(name)
    if language is None:
        return []
    text = text.casefold().replace("’", "'")
    if has_no_spaces(text):
        return [phrase for phrase in language.conditions if phrase in text]
    words = f" {_BETWEEN_WORDS.sub(' ', text)} "
    return [phrase for phrase in language.conditions if f" {phrase} " in words]
