"""Document selection by name or number, with suggestions for unknown names (fuzzy matching)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import PurePosixPath
from typing import Final

from rag.domain.attached_file import is_attached
from rag.domain.values import Document
from rag.errors import DocumentUnknown

_SUGGESTED: Final = 3
_DIGITS: Final = 6
# Least similarity: a misspelling has more letters in common, and "nothere" and "notes" fewer.
_ALIKE: Final = 0.75


def chosen_documents(words: Sequence[str], documents: Sequence[Document]) -> tuple[str, ...]:
    """Names of documents, from names, numbers in the list of them counted from 1, or beginnings that only one has.

    Raises:
        DocumentUnknown: a word is none of these; the message suggests similar names.
    """
    names = [name for document in documents for name in document.names]
    return tuple(dict.fromkeys(_chosen(word, names, documents) for word in words))


def _chosen(word: str, names: Sequence[str], documents: Sequence[Document]) -> str:
    if word in names:
        return word
    if same := [name for name in names if _normal(name) == _normal(word)]:
        return same[0]
    if word.isdecimal() and len(word) <= _DIGITS and 1 <= int(word) <= len(documents):
        return documents[int(word) - 1].name
    begun = [found for document in documents if (found := _begun_with(word, document))]
    begun = [name for name in begun if not is_attached(name, begun)]
    if len(begun) == 1:
        return begun[0]
    near = (begun or _with_part(word, names) or _alike(word, names))[:_SUGGESTED]
    remedy = f"did you mean {' or '.join(map(repr, near))}?" if near else "/documents at the prompt lists them"
    raise DocumentUnknown(f"no document is named {word!r}; {remedy}", "documents")


def _begun_with(word: str, document: Document) -> str | None:
    """The name of a document that begins with the word, or whose file's name does; None where none does."""
    start = _normal(word).casefold()
    names = [(name, _normal(name).casefold()) for name in document.names if start]
    return next((name for name, folded in names if folded.startswith(start) or _file(folded).startswith(start)), None)


def _file(name: str) -> str:
    return name.rpartition("/")[2]


def _normal(name: str) -> str:
    """A name in the Unicode form NFC: macOS gives names in another one."""
    return unicodedata.normalize("NFC", name)


def _with_part(word: str, names: Sequence[str]) -> list[str]:
    """The names that contain the word, or begin with it without its extension."""
    part = _normal(word).casefold()
    return [name for name in names if part in _normal(name).casefold() or _stem(name).startswith(_stem(word))]


def _alike(word: str, names: Sequence[str]) -> list[str]:
    """The names similar to the word, most similar first; folders and extensions, which many share, are ignored."""
    stem = _stem(word)
    ratios = {name: SequenceMatcher(None, _stem(name), stem).ratio() for name in names}
    return sorted((name for name in names if ratios[name] >= _ALIKE), key=ratios.__getitem__, reverse=True)


def _stem(name: str) -> str:
    return PurePosixPath(_normal(name)).stem.casefold()
