"""Stems of words by their language: stop words, negations, number words and Snowball stemmers of the tables."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Final

from rag.text.languages.table import Language, language_table

NOT: Final = "not"
# Before an apostrophe, what is left of an article or a preposition: "l'eau", "dell'acqua", "qu'il".
_LONGEST_ELIDED: Final = 5


def snowball_stemmer(name: str | None = "English") -> Any:  # noqa: ANN401 - the library has no types
    """A new Snowball stemmer (PyStemmer, imported on use); not for several threads at a time.

    Args:
        name: of a language, in English; the English stemmer serves those that have none, and what is not known.
    """
    import Stemmer

    language = language_table(name)
    return Stemmer.Stemmer(language.stemmer if language and language.stemmer else "english")


@cache
def search_stop_words(name: str | None) -> frozenset[str]:
    """The words that the search leaves out: the list of bm25s, or that of the table, else the English one."""
    from bm25s import stopwords

    language = language_table(name)
    if language and (language.stop_list or language.stop_words):
        listed = getattr(stopwords, f"STOPWORDS_{language.stop_list}") if language.stop_list else ()
        return frozenset(listed) | language.stop_words
    return frozenset(stopwords.STOPWORDS_EN)


@lru_cache(maxsize=100_000)
def stem_in(word: str, name: str) -> str:
    """The stem of a word in a language that has a table; empty for a stop word, ``not`` for a negation.

    Raises:
        KeyError: there is no table of this language.
    """
    language = language_table(name)
    if language is None:
        raise KeyError(name)
    word = word.casefold().replace("’", "'")
    before, _, after = word.partition("'")
    if after and len(before) <= _LONGEST_ELIDED:
        word = after
    return _known(word, language) if _is_known(word, language) else str(snowball_stemmer(name).stemWord(word))


def _is_known(word: str, language: Language) -> bool:
    lists = (language.stop_words, language.negations, language.numbers, language.signs)
    return any(word in words for words in lists)


def _known(word: str, language: Language) -> str:
    if word in language.negations:
        return NOT
    if word in language.stop_words:
        return ""
    return language.numbers.get(word) or language.signs[word]
