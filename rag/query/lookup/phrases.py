"""Phrase search: where a phrase or an identifier occurs in the documents, by BM25's postings and then by reading."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from rag.domain.values import Document, Passage
from rag.index.generation import Generation
from rag.index.search.row_ranges import Rows
from rag.text.words import STOPWORDS, light_stem

_WORD: Final = re.compile(r"[^\W_]+")
# Passages that are read for one search at most: each takes about 50 microseconds.
MOST_READ: Final = 2_000
_LONGEST_PHRASE: Final = 12
_FIRST_PAGES: Final = 10


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where a phrase occurs; ``start`` and ``end`` are offsets in the text of the passage's page."""

    passage: Passage
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mentions:
    """Mentions of a phrase, the first one of each document; ``is_complete`` where all candidate passages were read."""

    found: tuple[Mention, ...]
    is_complete: bool


def rows_with(generation: Generation, terms: Sequence[str], among: Rows | None) -> Rows:
    """Rows that have the stems of all ``terms``, ascending; only the postings of the terms are read.

    Terms of one character and stop words are not indexed, and exclude no row.

    Args:
        generation: the index.
        terms: single words or numbers.
        among: rows to choose from; None means all.
    """
    rows = among
    for term in terms:
        if len(term) < 2:
            continue
        having = generation.rows_with(term)
        if len(having) or not generation.knows(term):
            rows = having if rows is None else np.intersect1d(rows, having, assume_unique=True)
    return np.arange(len(generation), dtype=np.int64) if rows is None else rows


def find_mentions(generation: Generation, phrase: str, documents: Sequence[Document]) -> Mentions:
    """The first mention of a phrase in each of ``documents``, in their order in the index.

    Only its first twelve words count. They are compared by their light stems; its stop words must be there, too.
    """
    asked, terms = _stems(phrase), _terms(phrase)
    if not asked or not terms:
        return Mentions((), is_complete=True)
    rows = rows_with(generation, terms, generation.rows_named([one.name for one in documents]))
    found: list[Mention] = []
    read, position = 0, 0
    while position < len(rows) and read < MOST_READ:
        passage = generation.passages([int(rows[position])])[0]
        read, position = read + 1, position + 1
        if mention := _mention(passage, asked):
            found.append(mention)
            own = generation.rows_named([passage.document.name])
            position = int(np.searchsorted(rows, own[-1], side="right")) if own is not None else position
    return Mentions(tuple(found), is_complete=position >= len(rows))


def find_places(generation: Generation, phrase: str, document: Document) -> list[Mention]:
    """The first mention of a phrase on each page of a document, in order; compared as by :func:`find_mentions`."""
    asked, terms = _stems(phrase), _terms(phrase)
    own = generation.rows_named([document.name])
    if not asked or not terms or own is None:
        return []
    rows = rows_with(generation, terms, own)[:MOST_READ]
    by_page: dict[int, Mention] = {}
    for passage in generation.passages(rows.tolist()):
        if mention := _mention(passage, asked):
            by_page.setdefault(passage.chunk.span.page, mention)
    return [by_page[page] for page in sorted(by_page)]


def mention_in(passage: Passage, phrase: str) -> Mention | None:
    """The first mention of a phrase in a passage."""
    asked = _stems(phrase)
    return _mention(passage, asked) if asked else None


def _mention(passage: Passage, asked: Sequence[str]) -> Mention | None:
    found = [(match.start(), match.end()) for match in _WORD.finditer(passage.chunk.text)]
    stems = [_stem(passage.chunk.text[start:end]) for start, end in found]
    for place in _places(stems, asked):
        begin = passage.chunk.span.start
        return Mention(passage, begin + found[place][0], begin + found[place + len(asked) - 1][1])
    return None


def _places(stems: Sequence[str], asked: Sequence[str]) -> Iterator[int]:
    last = len(stems) - len(asked)
    return (n for n in range(last + 1) if stems[n] == asked[0] and list(stems[n : n + len(asked)]) == list(asked))


def _terms(phrase: str) -> list[str]:
    return [word for word in _WORD.findall(phrase) if word.casefold() not in STOPWORDS]


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text)[:_LONGEST_PHRASE]]


def _stem(word: str) -> str:
    return light_stem(word) or word.casefold()


def first_passage(generation: Generation, document: Document) -> Passage | None:
    """The passage with which a document begins; None where it has no text on its first pages."""
    return next(islice(generation.passages_on(document.id, 1, min(document.pages, _FIRST_PAGES)), 1), None)
