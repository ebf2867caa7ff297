"""Language identification without a model: by script, and by the function words of the language tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from rag.text.languages.table import languages
from rag.text.words import LETTERS

# Function words of a language that a text needs at least; it also needs more of them than of any other language.
_FEWEST: Final = 2
# Pages of a document, spread evenly, and characters of each, by which its language is told.
_SAMPLED_PAGES: Final = 12
_SAMPLED: Final = 2_000

# The language that is most often written in a script; Japanese before Chinese, whose letters it has, too.
_SCRIPTS: Final = {
    "Japanese": re.compile("[ぁ-ヿ]"),
    "Chinese": re.compile("[㐀-䶿一-鿿]"),
    "Korean": re.compile("[가-힣]"),
    "Arabic": re.compile("[\u0620-\u064a\u066e-\u06d3\u0750-\u077f]"),
    "Hebrew": re.compile("[\u05d0-\u05ea]"),
    "Hindi": re.compile("[\u0904-\u0939]"),
    "Thai": re.compile("[\u0e01-\u0e30\u0e40-\u0e46]"),
    "Russian": re.compile("[Ѐ-ӿ]"),
    "Greek": re.compile("[Ͱ-Ͽἀ-῿]"),
}
# Least share of the letters of a text that are of the script of its language: names and units may be of another.
_OF_SCRIPT: Final = 1 / 3
# The same for the letters that only Japanese has, among those that Chinese has, too.
_KANA: Final = 1 / 10


def language_of(text: str) -> str | None:
    """The English name of a text's language; None where neither its script nor its function words decide."""
    if not text.isascii() and (language := _language_of_script(text)):
        return language
    counted = Counter(word.casefold() for word in LETTERS.findall(text))
    counts = {language: sum(counted[word] for word in words) for language, words in _by_language().items()}
    (best, most), (_, second) = Counter(counts).most_common(2)
    return best if most >= _FEWEST and most > second else None


def language_of_pages(texts: Sequence[str]) -> str | None:
    """The English name of the language of most of a document's pages; a sample of them is read."""
    step = max(1, -(-len(texts) // _SAMPLED_PAGES))
    return language_of("\n".join(text[:_SAMPLED] for text in texts[::step]))


@cache
def function_words() -> frozenset[str]:
    """The function words of the languages whose tables are whole, in lower case: others have English words, too."""
    return frozenset().union(*(language.function_words for language in languages().values() if language.messages))


@cache
def _by_language() -> Mapping[str, frozenset[str]]:
    return {name: language.function_words for name, language in languages().items() if language.function_words}


def _language_of_script(text: str) -> str | None:
    """The language of the script in which at least a third of the letters are written; None for Latin letters."""
    letters = sum(map(len, LETTERS.findall(text)))
    counts = {language: len(pattern.findall(text)) for language, pattern in _SCRIPTS.items()}
    if counts["Japanese"] >= _KANA * counts["Chinese"]:
        counts["Japanese"] += counts.pop("Chinese")
    best = max(counts, key=counts.__getitem__)
    return best if letters and counts[best] >= _OF_SCRIPT * letters else None
