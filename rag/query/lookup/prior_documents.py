"""Documents of a conversation: those that its earlier questions and answers name."""

from __future__ import annotations

from typing import Final

from rag.domain.values import Question
from rag.index.generation import Generation

_TURNS: Final = 5
_MOST_DOCUMENTS: Final = 3
# A question names a document if its match is at least this, and nearly the best.
_FEWEST_MATCH: Final = 0.5
_NEARLY: Final = 0.9
_LONGEST_ANSWER: Final = 4_000


def prior_documents(question: Question, generation: Generation) -> tuple[str, ...]:
    """Names of the documents that the conversation was about, at most three, the most recent first.

    An earlier answer names a document by its file name or title; an earlier question, by the words of its metadata
    (:meth:`rag.index.generation.Generation.document_match`), if these fit at most three documents.
    """
    found: dict[str, None] = {}
    for turn in reversed(question.history[-_TURNS:]):
        answer = turn.answer[:_LONGEST_ANSWER]
        named = [one.name for one in generation.documents if any(name in answer for name in one.names)]
        for name in (*named[: _MOST_DOCUMENTS + 1], *documents_named_in(turn.question, generation)):
            found.setdefault(name)
    return tuple(found)[:_MOST_DOCUMENTS]


def documents_named_in(text: str, generation: Generation) -> list[str]:
    """Names of the documents that a text names by words of their metadata, best first; none where too many fit."""
    match = generation.document_match(text)
    if match.best() < _FEWEST_MATCH:
        return []
    best = match.at_least(_NEARLY * match.best())
    if len(best.shares) > _MOST_DOCUMENTS:
        return []
    passages = generation.passages(best.documents.starts.tolist())
    names = {one.document.name: share for one, share in zip(passages, best.shares.tolist(), strict=True)}
    return sorted(names, key=lambda name: -names[name])
