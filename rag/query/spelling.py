"""Spelling correction of a query, for the search only: the model reads what was typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

from rag.index.generation import Generation
from rag.models.embedding.interfaces import Encoder
from rag.runtime.cancellation import Cancellation
from rag.text.languages.word_lists import is_listed
from rag.text.scripts import needs_segmentation
from rag.text.words import STOPWORDS

# Letters only: what has digits is a number or a code, and those are searched for as they are.
_WORD: Final = re.compile(r"(?<![\w'’@/.\-])[^\W\d_]+(?![\w'’@/]|[.\-]\w)")
_SHORTEST: Final = 4
_LONG: Final = 8
# Each unknown word takes about 10 ms: more of them are no question, and are left as they are.
_MOST_LOOKUPS: Final = 8


def is_known_word(word: str, encoder: Encoder, languages: Iterable[str]) -> bool:
    """True for a word of these languages, or of English, by their word lists or by the encoder's vocabulary.

    One token means a word: the vocabulary of the encoder has the thirty thousand most frequent ones.
    """
    return encoder.count_tokens(word) == 1 or is_listed(word, languages)


def correct_spelling(
    text: str, generation: Generation, is_word: Callable[[str], bool], cancelled: Cancellation | None = None
) -> str:
    """The text with each unknown word replaced by the most similar word of the documents, if one is near.

    Near is one edit for words of 4 to 7 letters, two for longer ones. Words that occur in the documents stay, and so do
    numbers, codes, words with capitals within them, and those that ``is_word`` accepts. Only the first 8 unknown words
    are looked up, so that a text of nonsense costs no more than a question.

    Args:
        text: a question.
        generation: the documents.
        is_word: whether a word belongs to the language, even if no document has it.
        cancelled: checked before each look-up.

    Raises:
        Cancelled: ``cancelled`` was called.
    """
    lookups = 0

    @cache
    def corrected(word: str) -> str:
        nonlocal lookups
        if len(word) < _SHORTEST or word.casefold() in STOPWORDS or word[1:] != word[1:].lower() or is_word(word):
            return word
        # A run of letters of a script without spaces is no word.
        if needs_segmentation(word):
            return word
        lookups += 1
        if lookups > _MOST_LOOKUPS:
            return word
        if cancelled:
            cancelled.check()
        return generation.spelt_like(word, 2 if len(word) >= _LONG else 1) or word

    return _WORD.sub(lambda match: corrected(match.group()), text)
