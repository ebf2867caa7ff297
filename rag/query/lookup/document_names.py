"""Document resolution: which documents a question means by their file names and titles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rag.domain.values import Document, Question
from rag.text.words import words, words_of_name

_OF: Final = re.compile(r"(?<![,\s])[,\s]++(?:of|in|from|on) ", re.IGNORECASE)
_FILE_SUFFIX: Final = re.compile(r"\.[a-z]{2,5}$")
_KINDS: Final = "document file pdf text book paper report doc publication brochure booklet manual"
# Words that do not tell one document from another.
_GENERIC: Final = frozenset(words(f"{_KINDS} whole entire complete all my this that section chapter it"))
_KIND_WORDS: Final = frozenset(words(_KINDS))


def searched_documents(question: Question, documents: Sequence[Document]) -> list[Document]:
    """The documents that a question is asked of: those that it names in ``documents``, or all."""
    return [one for one in documents if not question.documents or {*one.names} & {*question.documents}]


def name_words(document: Document) -> frozenset[str]:
    """The words of a document's names and title."""
    return frozenset(words_of_name(" ".join([*document.names, document.title])))


def listed(document: Document) -> str:
    """A document's title and file name for a reply; the name alone where the title says no more."""
    stem = document.name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    is_same = words_of_name(stem) == words_of_name(document.title)
    return document.name if is_same else f"{document.title} ({document.name})"


def named_documents(name: str, documents: Sequence[Document]) -> list[Document]:
    """The documents with all words of ``name`` in their names and title.

    A name such as "the document" means the only one there is; "the report" also the only one that is called so.
    """
    asked = frozenset(words_of_name(name))
    if specific := asked - _GENERIC:
        return [one for one in documents if specific <= name_words(one)]
    if len(documents) == 1:
        return list(documents) if asked else []
    return _only_one_called(asked & _KIND_WORDS, documents)


def _only_one_called(kinds: frozenset[str], documents: Sequence[Document]) -> list[Document]:
    """The only document with these words for documents in its name or title, such as "report"; else none."""
    found = [one for one in documents if kinds and kinds <= name_words(one)]
    return found if len(found) == 1 else []


def is_document_word(name: str) -> bool:
    """True if a name has a word such as "report" or "file", so that it means a document rather than its subject."""
    return not _KIND_WORDS.isdisjoint(words_of_name(name)) or _FILE_SUFFIX.search(name.strip().lower()[-8:]) is not None


def split_scope(what: str, documents: Sequence[Document]) -> tuple[str, Sequence[Document]]:
    """A part and the documents it belongs to: "chapter 3" and the handbook, for "chapter 3 of the handbook".

    Of several document names that fit, the longest; they are tried from the shortest on, so that each word is looked up
    once. Where none fits, the whole text and all documents.
    """
    last_comma = what.rfind(",")
    joints = [match for match in _OF.finditer(what) if last_comma < match.end() < len(what)]
    known = {one.id: name_words(one) for one in documents} if joints else {}
    found, candidates = (what, documents), list(documents)
    asked: set[str] = set()
    is_specific = False
    end = len(what)
    for match in reversed(joints):
        new = set(words_of_name(what[match.end() : end])) - asked
        end = match.end()
        asked |= new
        if specific := new - _GENERIC:
            is_specific = True
            candidates = [one for one in candidates if specific <= known[one.id]]
        if candidates and (is_specific or (asked and len(documents) == 1)):
            found = what[: match.start()], candidates
        elif not is_specific and new & _KIND_WORDS and (only := _only_one_called(_KIND_WORDS & asked, documents)):
            found = what[: match.start()], only
    return found
