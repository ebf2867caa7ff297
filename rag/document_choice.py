"""Which documents somebody at a terminal means."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from rag.domain import Document
from rag.errors import DocumentUnknown

_SUGGESTED: Final = 3
_DIGITS: Final = 6


def chosen_documents(words: Sequence[str], documents: Sequence[Document]) -> tuple[str, ...]:
    """Names of documents, from names or from numbers in the list of them, counted from 1.

    Raises:
        DocumentUnknown: a word is neither; the message names those that are much like it.
    """
    names = [name for document in documents for name in document.names]
    return tuple(dict.fromkeys(_chosen(word, names, documents) for word in words))


def _chosen(word: str, names: Sequence[str], documents: Sequence[Document]) -> str:
    if word in names:
        return word
    if word.isdecimal() and len(word) <= _DIGITS and 1 <= int(word) <= len(documents):
        return documents[int(word) - 1].name
    inside = [name for name in names if word.casefold() in name.casefold()]
    near = inside[:_SUGGESTED] or get_close_matches(word, names, _SUGGESTED)
    remedy = f"did you mean {' or '.join(map(repr, near))}?" if near else "/documents at the prompt lists them"
    raise DocumentUnknown(f"no document is named {word!r}; {remedy}", "documents")
