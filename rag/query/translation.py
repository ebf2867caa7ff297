"""Query translation: a question in another language than the documents' is translated for the search."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Final
from weakref import WeakKeyDictionary

from rag.domain.values import Question, Usage
from rag.index.generation import Generation
from rag.models.llm.language_model import LanguageModel, Message
from rag.query.completion import complete_line
from rag.runtime.cancellation import Cancellation
from rag.text.language import language_of

_NUMBER: Final = re.compile(r"\d+")
# A capitalised word, but not the first of the text, which is capitalised anyhow.
_NAME: Final = re.compile(r"(?<=\s)[^\W\d_a-zß-öø-ÿ][^\W_]{2,}")
_SAMPLED: Final = 24
_MAX_TOKENS: Final = 64

TRANSLATE: Final = """\
Translate the question into {language}. Keep names and numbers as they are. Do not answer it. \
Reply with the translation alone."""


def translate_question(
    question: Question, generation: Generation, model: LanguageModel, cancelled: Cancellation
) -> tuple[Question, Usage]:
    """The question in the documents' language, and the tokens used; unchanged where it is in that language.

    A translation that lacks a number of the question is discarded; names that it lost are appended.
    """
    asked = language_of(question.text)
    if asked is None:
        return question, Usage()
    written = _language_of_documents(generation)
    if written in (None, asked):
        return question, Usage()
    messages = [Message("system", TRANSLATE.format(language=written)), Message("user", question.text)]
    text, usage = complete_line(model, messages, max_tokens=_MAX_TOKENS, cancelled=cancelled)
    numbers = set(_NUMBER.findall(question.text))
    if not text or not numbers <= set(_NUMBER.findall(text)) or language_of(text) not in (written, None):
        return question, usage
    # A model translates names as if they were words; names that the documents have are searched for unchanged.
    lost = [name for name in _NAME.findall(question.text) if generation.knows(name) and not _has(text, name)]
    return replace(question, text=" ".join([text, *lost])), usage


def _has(text: str, name: str) -> bool:
    return name.casefold() in text.casefold()


_languages: WeakKeyDictionary[Generation, str | None] = WeakKeyDictionary()


def _language_of_documents(generation: Generation) -> str | None:
    """The language of most of a sample of passages, spread evenly over the index; found once for each generation."""
    if generation not in _languages:
        _languages[generation] = _language_of_sample(generation)
    return _languages[generation]


def _language_of_sample(generation: Generation) -> str | None:
    rows = range(0, len(generation), max(1, len(generation) // _SAMPLED))
    found = Counter(language_of(passage.chunk.text) for passage in generation.passages(list(rows)))
    return found.most_common(1)[0][0] if found else None
