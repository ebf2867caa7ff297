"""Query translation: a question is translated for the search of documents in another language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from weakref import WeakKeyDictionary

from rag.domain.values import Question, Usage
from rag.index.generation import Generation
from rag.models.llm.language_model import LanguageModel, Message
from rag.query.multilingual.question_language import language_of_question
from rag.query.rewording.completion import complete_line
from rag.runtime.cancellation import Cancellation
from rag.text.language import language_of

_NUMBER: Final = re.compile(r"\d+")
# A capitalised word, but not the first of the text, which is capitalised anyhow.
_NAME: Final = re.compile(r"(?<=\s)[^\W\d_a-zß-öø-ÿ][^\W_]{2,}")
_SAMPLED: Final = 24
# Share of the pages that are in another language from which on they are searched in it, too.
_LEAST_SHARE: Final = 0.2
_MAX_TOKENS: Final = 64

TRANSLATE: Final = """\
Translate the question into {language}. Keep names and numbers as they are. Do not answer it. \
Reply with the translation alone."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A question in the languages of the documents.

    Attributes:
        question: in the language in which it is put to the model.
        further: the same in another language of the documents, to search for, too; None where there is none.
        usage: tokens of the language model.
    """

    question: Question
    further: Question | None = None
    usage: Usage = field(default_factory=Usage)


def translate_question(
    question: Question, generation: Generation, model: LanguageModel, cancelled: Cancellation
) -> Translation:
    """The question in the language of most documents; unchanged where some documents are in its own.

    Where the documents are in several languages, one translation more is searched for. A translation that lacks a
    number of the question is discarded; names that it lost are appended.
    """
    shares = language_shares(generation)
    asked = language_of_question(question.text, shares)
    others = [name for name in shares if name != asked]
    if asked is None or not others:
        return Translation(question)
    other = others[0]
    if asked in shares and shares[other] < _LEAST_SHARE:
        return Translation(question)
    translated, usage = _translated(question, other, generation, model, cancelled)
    if translated is question:
        return Translation(question, usage=usage)
    return Translation(question, translated, usage) if asked in shares else Translation(translated, usage=usage)


def _translated(
    question: Question, language: str, generation: Generation, model: LanguageModel, cancelled: Cancellation
) -> tuple[Question, Usage]:
    """The question in a language, and the tokens used; unchanged where the translation is none."""
    messages = [Message("system", TRANSLATE.format(language=language)), Message("user", question.text)]
    text, usage = complete_line(model, messages, max_tokens=_MAX_TOKENS, cancelled=cancelled)
    numbers = set(_NUMBER.findall(question.text))
    if not text or not numbers <= set(_NUMBER.findall(text)) or language_of(text) not in (language, None):
        return question, usage
    # A model translates names as if they were words; names that the documents have are searched for unchanged.
    lost = [name for name in _NAME.findall(question.text) if generation.knows(name) and not _has(text, name)]
    return replace(question, text=" ".join([text, *lost])), usage


def _has(text: str, name: str) -> bool:
    return name.casefold() in text.casefold()


_shares: WeakKeyDictionary[Generation, Mapping[str, float]] = WeakKeyDictionary()


def language_shares(generation: Generation) -> Mapping[str, float]:
    """The languages of the documents with their share of all pages, the most frequent first; found once for each index.

    An index of before 0.3 does not have them: they are those of a sample of its passages then.
    """
    if generation not in _shares:
        pages: Counter[str] = Counter()
        for document in generation.documents:
            if document.language:
                pages[document.language] += max(document.pages, 1)
        counts = pages or _languages_of_sample(generation)
        _shares[generation] = {name: count / counts.total() for name, count in counts.most_common()}
    return _shares[generation]


def _languages_of_sample(generation: Generation) -> Counter[str]:
    """The languages of a sample of passages, spread evenly over the index."""
    rows = range(0, len(generation), max(1, len(generation) // _SAMPLED))
    found = (language_of(passage.chunk.text) for passage in generation.passages(list(rows)))
    return Counter(filter(None, found))
