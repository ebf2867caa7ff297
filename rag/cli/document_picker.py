"""Document selection by name or number, with suggestions for unknown names (fuzzy matching)."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import PurePosixPath
from typing import Final

from rag.domain.values import Document
from rag.errors import DocumentUnknown

_SUGGESTED: Final = 3
_DIGITS: Final = 6
# Least similarity: a misspelling has more letters in common, and "nothere" and "notes" fewer.
_ALIKE: Final = 0.75


def chosen_documents(words: Sequence[str], documents: Sequence[Document]) -> tuple[str, ...]:
    """Names of documents, from names or from numbers in the list of them, counted from 1.

    Raises:
        DocumentUnknown: a word is neither; the message suggests similar names.
    """
    names = [name for document in documents for name in document.names]
    return tuple(dict.fromkeys(_chosen(word, names, documents) for word in words))


def _chosen(word: str, names: Sequence[str], documents: Sequence[Document]) -> str:
    if word in names:
        return word
    if word.isdecimal() and len(word) <= _DIGITS and 1 <= int(word) <= len(documents):
        return documents[int(word) - 1].name
    near = (_with_part(word, names) or _alike(word, names))[:_SUGGESTED]
    remedy = f"did you mean {' or '.join(map(repr, near))}?" if near else "/documents at the prompt lists them"
    raise DocumentUnknown(f"no document is named {word!r}; {remedy}", "documents")


def _with_part(word: str, names: Sequence[str]) -> list[str]:
    """The names that contain the word, or begin with it without its extension."""
    return [name for name in names if word.casefold() in name.casefold() or _stem(name).startswith(_stem(word))]


def _alike(word: str, names: Sequence[str]) -> list[str]:
    """The names similar to the word, most similar first; folders and extensions, which many share, are ignored."""
    stem = _stem(word)
    ratios = {name: SequenceMatcher(None, _stem(name), stem).ratio() for name in names}
    return sorted((name for name in names if ratios[name] >= _ALIKE), key=ratios.__getitem__, reverse=True)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem.casefold()
