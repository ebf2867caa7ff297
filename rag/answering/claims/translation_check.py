"""Translation check: a translated sentence has the numbers, names and negation of its original, and no others.

The other rules of the claim check compare words, which two languages do not share. What they would find besides, such
as a wrong verb, is not found here: a translation is proven less than a quote is.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from rag.text.language import language_of
from rag.text.languages.stemming import NOT
from rag.text.languages.word_lists import is_listed, lacks
from rag.text.normalization import CURRENCIES, MONTHS, normalized_words
from rag.text.words import is_number

TranslationFault: TypeAlias = Literal["untranslated", "language", "length", "number", "currency", "negation", "name"]

# "One" may be an article: "ein", "una".
_ARTICLE: Final = "1"
# Characters of a translation for each of its original: Chinese takes a third of them, and no language three times.
_LONGEST: Final = 3.0
_SHORTEST: Final = 0.15
# A code has capitals or signs beside its digits: "TD-4410", "9S".
_CODE: Final = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]*\w(?![\w-])")
_SMALL: Final = re.compile(r"(?<![^\W_])[a-zß-öø-ÿ]{3,}(?![^\W_])")
_CAPITALISED: Final = re.compile(r"(?<![^\W_])[A-ZÀ-ÖØ-Þ][^\W\d_]{2,}")
# Letters of a name that a translation keeps; its ending may change: "Contosos", "Finmarsh's".
_LEAST_BEGINNING: Final = 4
_LONGEST_ENDING: Final = 2
# Its nouns are capitalised, and most compounds are in no word list: a name is beside another capitalised word.
_GERMAN: Final = "German"


def translation_fault(original: str, translated: str, source: str, target: str) -> TranslationFault | None:
    """The first fault that is found with a translation; None where there is none.

    Args:
        original: a sentence of a document.
        translated: the same in another language.
        source: language of the original, by its English name; one with a whole table.
        target: that of the translation, likewise.
    """
    if translated.casefold() == original.casefold():
        return "untranslated"
    if language_of(translated) not in (target, None):
        return "language"
    if any(lacks(word, target) for word in {*_SMALL.findall(original)} & {*_SMALL.findall(translated)}):
        return "untranslated"
    if not _SHORTEST <= len(translated) / max(1, len(original)) <= _LONGEST:
        return "length"
    said, meant = (frozenset(normalized_words(*text)) for text in ((translated, target), (original, source)))
    if _figures(said) != _figures(meant):
        return "number"
    # Not every table has the words for currencies: a currency may be missing, but not be another one.
    if (said & CURRENCIES) - meant:
        return "currency"
    if (NOT in said) != (NOT in meant):
        return "negation"
    return None if all(_is_kept(name, translated) for name in names_to_keep(original, source)) else "name"


def names_to_keep(text: str, language: str) -> list[str]:
    """Codes, and capitalised words that no word list of the language has: they are the same in each language."""
    capitalised = list(_CAPITALISED.finditer(text))
    if language == _GERMAN:
        # Any word has a capital at the beginning.
        inner = [match for match in capitalised if match.start() or not is_listed(match[0], [language])]
        ends, starts = {match.end() + 1 for match in inner}, {match.start() - 1 for match in inner}
        capitalised = [match for match in inner if match.start() in ends or match.end() in starts]
    names = [match[0] for match in capitalised if not is_listed(match[0], [language])]
    return [*(match[0] for match in _CODE.finditer(text)), *names]


def _figures(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if is_number(word) or word in MONTHS) - {_ARTICLE}


def _is_kept(name: str, text: str) -> bool:
    """True if a text has a name, which may have another ending there; codes have none."""
    is_code = any(letter.isdigit() for letter in name)
    beginning = name if is_code else name[: max(_LEAST_BEGINNING, len(name) - _LONGEST_ENDING)]
    return beginning.casefold() in text.casefold()
