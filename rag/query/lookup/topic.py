"""Topic of a question that names a document: the question without the document's name.

Words of a name occur on the title page and in running heads, and weigh more there than the topic does on its page.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from typing import Final

from rag.domain.values import Document, Question
from rag.index.generation import Generation
from rag.text.words import words_of_name

# Least share of the question's weight that a document's name has for it to be named; of the best share, for another.
_NAMED: Final = 0.5
_AS_WELL: Final = 0.9
_MOST_DOCUMENTS: Final = 2
# Of a run: "report" by itself is as often a verb.
_FEWEST_WORDS: Final = 2
_WORD: Final = re.compile(r"\S+")
# Words that ask, but not about what.
_ASKING: Final = frozenset("say tell give explain describe list mention state document handbook guide".split())


def topic_of(question: Question, generation: Generation) -> Question | None:
    """The search for a question's topic in the documents that it names; None where it names none, or has no topic."""
    named = _named(question, generation)

    def is_name(word: str) -> bool:
        return any(generation.is_name_of(one.id, word) for one in named)

    runs = [(are_names, list(run)) for are_names, run in groupby(_WORD.findall(question.text), is_name)]
    kept = [word for are_names, run in runs if len(run) < _FEWEST_WORDS or not are_names for word in run]
    topic = {word for text in kept for word in words_of_name(text)} - _ASKING
    if len(kept) == sum(len(run) for _, run in runs) or not topic:
        return None
    return replace(question, text=" ".join(kept), documents=tuple(one.name for one in named), history=())


def _named(question: Question, generation: Generation) -> list[Document]:
    """The one or two documents whose names have most of the question's words for documents."""
    if question.documents:
        return []
    match = generation.match_of_documents(question.text)
    best = max(match.values(), default=0.0)
    found = [one for one in generation.documents if match[one.id] >= max(_NAMED, _AS_WELL * best)]
    return found if len(found) <= _MOST_DOCUMENTS else []
