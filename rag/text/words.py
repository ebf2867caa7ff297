"""Word tokenization, stop words and stemming.

There are two stemmers, because they serve two purposes: BM25 and document matching find (Snowball), and grounding
compares (:func:`light_stem`). To merge them would move retrieval, or the confidence model, which was fitted with them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from rag.text.dates import MONTH_NAMES
from rag.text.languages.stemming import NOT, stem_in
from rag.text.languages.table import language_table
from rag.text.scripts import SEGMENTED, needs_segmentation, segmented

# A run of letters.
LETTERS: Final = re.compile(r"[^\W\d_]+")
# Where words are run together in a name.
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Anything between the parts of a name: "user_manual-2024.pdf".
_NAME_SEPARATOR: Final = re.compile(r"[\W_]+")
# A number with its sign, or a word with its apostrophe.
_WORD: Final = re.compile(r"(?:(?<![\w.,)\]])[-−])?\d(?:[\d.,:/]*\d)?|[^\W\d_]+(?:['’][^\W\d_]+)?")
# The same in a text that was segmented, where a word may have signs that are no letters.
_SEGMENTED_WORD: Final = re.compile(rf"[{SEGMENTED}]+|{_WORD.pattern}")
# What a search finds: words of two letters or more, as bm25s has them, and n-grams.
_SEARCHED: Final = re.compile(r"\b\w\w+\b")
_SEGMENTED_SEARCHED: Final = re.compile(rf"[{SEGMENTED}]+|{_SEARCHED.pattern}")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
NUMBER_WORDS: Final = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | dict(
    zip(
        "thirty forty fifty sixty seventy eighty ninety hundred".split(),
        "30 40 50 60 70 80 90 100".split(),
        strict=True,
    )
)
# What normalization writes in place of months, currencies and per cent: the same in each language.
MONTH_WORDS: Final = tuple(f"month{name}" for name in MONTH_NAMES)
_COMMON_WORDS: Final = frozenset({*MONTH_WORDS, "dollar", "euro", "pound", "percent"})
NEGATIONS: Final = frozenset("no not never none nor neither nothing nobody without cannot".split())
STOPWORDS: Final = frozenset(
    "a an and are as at be been but by can could did do does for from had has have how if in into is it its may might "
    "must of on or our shall should so such than that the their them then there these they this those to under up was "
    "we were what when where which who whom why will with would you your yes".split()
)


def words(text: str, language: str | None = None) -> list[str]:
    """The words of a text in comparable form: light stems in lower case, without stop words.

    Numbers are in digits, and every negation is ``not``. Of scripts without spaces they are n-grams of letters.

    Args:
        text: any.
        language: by its English name; the rules for English serve one that has no table, and what is not known.
    """
    found = _SEGMENTED_WORD.findall(segmented(text)) if needs_segmentation(text) else _WORD.findall(text)
    if language in (None, "English") or language_table(language) is None:
        return [stem for word in found if (stem := light_stem(word))]
    return [stem for word in found if (stem := _stem(word, language))]


def _stem(word: str, language: str) -> str:
    """The stem of a word in another language than English; numbers and what is common to all, as in English."""
    if word[0].isdigit() or word[0] in "-−" or word == NOT or word in _COMMON_WORDS:
        return light_stem(word)
    return stem_in(word, language)


def search_words(text: str) -> list[str]:
    """The words of a text that a search finds, as they are written; of scripts without spaces, n-grams of letters."""
    if needs_segmentation(text):
        return _SEGMENTED_SEARCHED.findall(segmented(text))
    return _SEARCHED.findall(text)


def camel_case_apart(name: str) -> str:
    """A name with spaces between words that are run together: PerksPlus is Perks Plus, a PDFReader is a PDF Reader."""
    return _CAMEL.sub(" ", name)


def words_of_name(name: str) -> list[str]:
    """The words of a file name or title, also of parts that an underscore or a hyphen joins."""
    return words(_NAME_SEPARATOR.sub(" ", name))


def is_number(word: str) -> bool:
    """True if one of :func:`words` is a number."""
    return word[0].isdigit() or word[0] == "-"


# Words that take "es" though English spells them like "case": "gases" are of "gas", not of "gase".
_ES: Final = frozenset("gas bus".split())
# Consonant, vowel, consonant: what "noted" and "rates" leave of a word that ends with "e". Others double the last
# letter, "stopped", or have two consonants, "acted".
_LACKS_E: Final = re.compile(r"[^aeiou][aeiouy][^aeiouwxy]")


@lru_cache(maxsize=100_000)
def light_stem(word: str) -> str:
    """Light stem of a word as :func:`words` has it: of "policy" and "policies" the same, of "cover" and "covered", too.

    Empty for a stop word. It knows numbers, number words and negations, which Snowball stems like any other word, and
    cuts less: what grounding compares must not be equal by accident, as "university" and "universe" are in Snowball.
    """
    if word[0].isdigit() or word[0] in "-−":
        # The commas of thousands only: 1,5 is not 15.
        return _THOUSANDS.sub("", word.replace("−", "-"))
    word = word.casefold().replace("’", "'").removesuffix("'s")
    if word in STOPWORDS:
        return ""
    if word in NEGATIONS or word.endswith("n't"):
        return NOT
    if word in NUMBER_WORDS:
        return NUMBER_WORDS[word]
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
            if ending in ("ed", "es") and word[-1] == "i":
                word = f"{word[:-1]}y"
            elif ending != "s" and _LACKS_E.fullmatch(word) and word not in _ES:
                word += "e"
            break
    # "replace", "replaced" and "replacing" are now "replace", "replac" and "replac".
    stem = word.removesuffix("e") if len(word) > 4 else word
    # "movie" as "movies", which ends like "policies".
    stem = f"{stem[:-1]}y" if len(stem) > 3 and stem[-1] == "i" else stem
    return f"{stem}s" if stem == NOT else stem
