"""Joint generation: those of several indexes, searched as one, so that one answer comes from all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np

from rag.domain.values import Document, Page, Passage
from rag.errors import DocumentUnknown
from rag.index.generation import Generation
from rag.index.search.row_ranges import RowRanges, Rows
from rag.models.embedding.interfaces import FloatVector


@dataclass(frozen=True)
class _Member:
    """One of the generations.

    Attributes:
        name: of its collection.
        first: its first row among all rows.
    """

    name: str
    generation: Generation
    first: int

    @property
    def rows(self) -> range:
        return range(self.first, self.first + len(self.generation))

    def within(self, scope: RowRanges | None) -> RowRanges | None:
        """Rows of this generation in a scope, by its own numbers."""
        if scope is None:
            return None
        held = scope.intersection(RowRanges.of([self.rows]))
        return RowRanges(held.starts - self.first, held.ends - self.first)

    def counted(self, found: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
        """Rows with scores, as all rows are counted."""
        return [(row + self.first, score) for row, score in found]

    def shifted(self, passages: Sequence[Passage]) -> list[Passage]:
        """Passages with their rows as all rows are counted."""
        return [replace(passage, row=passage.row + self.first) for passage in passages]


class JointGeneration(Generation):
    """Generations of several indexes that were made by the same encoder, searched as one. Immutable, and thread-safe.

    Their rows follow one another. A document that several have is one document, of the first of them. BM25 scores are
    those of each index by itself: they are near enough to choose candidates, which cosine and reranker compare over
    all. It is made for questions, and never published: it has no manifest and no folder.
    """

    def __init__(self, generations: Mapping[str, Generation]) -> None:
        """Joins generations, at least one, by the names of their collections."""
        ends = np.cumsum([len(generation) for generation in generations.values()]).tolist()
        firsts = [0, *ends[:-1]]
        self._members = [
            _Member(name, generation, first)
            for (name, generation), first in zip(generations.items(), firsts, strict=True)
        ]
        self._firsts = np.array(firsts, np.int64)
        self._count: int = ends[-1]

    def __len__(self) -> int:
        return self._count

    @property
    def id(self) -> str:
        """Names of the generations, each after that of its collection."""
        return " + ".join(f"{part.name} {part.generation.id}" for part in self._members)

    @cached_property
    def homes(self) -> Mapping[str, str]:
        """The collection of each document, by the document's id; of several, the first."""
        return {each.id: part.name for part in reversed(self._members) for each in part.generation.documents}

    @property
    def has_vectors(self) -> bool:
        """False where none of the generations has vectors."""
        return any(part.generation.has_vectors for part in self._members)

    @property
    def documents(self) -> Sequence[Document]:
        """All documents, by name."""
        return list(self._documents.values())

    @cached_property
    def _documents(self) -> Mapping[str, Document]:
        found: dict[str, Document] = {}
        for document in chain.from_iterable(part.generation.documents for part in self._members):
            known = found.get(document.id, document)
            found[document.id] = replace(known, names=tuple(dict.fromkeys([*known.names, *document.names])))
        return dict(sorted(found.items(), key=lambda item: item[1].name))

    def document(self, document_id: str) -> Document:
        """The document with this id, or DocumentUnknown."""
        if document_id not in self._documents:
            raise DocumentUnknown(f"no document has the id {document_id!r}")
        return self._documents[document_id]

    def _holder(self, document_id: str) -> _Member:
        self.document(document_id)
        return next(part for part in self._members if part.name == self.homes[document_id])

    def page(self, document_id: str, number: int) -> Page:
        """A page, 1-based, or DocumentUnknown."""
        return self._holder(document_id).generation.page(document_id, number)

    def pages_without_words(self, document_id: str) -> list[Page]:
        """All pages of a document, in order, without their words; or DocumentUnknown."""
        return self._holder(document_id).generation.pages_without_words(document_id)

    def pages_labelled(self, document_id: str, label: str) -> list[int]:
        """The pages, 1-based, on which this number is printed; or DocumentUnknown."""
        return self._holder(document_id).generation.pages_labelled(document_id, label)

    def source(self, document_id: str) -> Path:
        """The stored copy of a document's file, or DocumentUnknown."""
        return self._holder(document_id).generation.source(document_id)

    def added(self, document_id: str) -> datetime | None:
        """Time at which a document's content was first published in its collection; None where that is not known."""
        return self._holder(document_id).generation.added(document_id)

    def nearest(self, vector: FloatVector, limit: int, scope: RowRanges | None = None) -> list[tuple[int, float]]:
        """Vector search: rows with their cosines, best first."""
        return self._best(lambda part: part.generation.nearest(vector, limit, part.within(scope)), limit)

    def matching(self, question: str, limit: int, scope: RowRanges | None = None) -> list[tuple[int, float]]:
        """BM25 search: rows with their scores, best first."""
        return self._best(lambda part: part.generation.matching(question, limit, part.within(scope)), limit)

    def _best(self, search: Callable[[_Member], Sequence[tuple[int, float]]], limit: int) -> list[tuple[int, float]]:
        found = chain.from_iterable(part.counted(search(part)) for part in self._members)
        # A sort is stable: of equal scores the order is that of the collections.
        return sorted(found, key=lambda hit: -hit[1])[:limit]

    def cosines(self, vector: FloatVector, rows: Rows) -> FloatVector:
        """The cosine of each of ``rows`` with a vector of length 1. *Shape:* ``(len(rows),)``."""
        return self._scored(rows, lambda part, own: part.generation.cosines(vector, own))

    def bm25_scores(self, question: str) -> FloatVector:
        """The BM25 score of every row. *Shape:* ``(rows,)``."""
        return np.concatenate([part.generation.bm25_scores(question) for part in self._members])

    def bm25_scores_of(self, question: str, rows: Rows) -> FloatVector:
        """The BM25 scores of some rows. *Shape:* ``(len(rows),)``."""
        return self._scored(rows, lambda part, own: part.generation.bm25_scores_of(question, own))

    def _scored(self, rows: Rows, scores: Callable[[_Member, Rows], FloatVector]) -> FloatVector:
        found = np.zeros(len(rows), np.float32)
        owners = self._owners(rows)
        for number, part in enumerate(self._members):
            if (held := owners == number).any():
                found[held] = scores(part, rows[held] - part.first)
        return found

    def _owners(self, rows: Rows) -> Rows:
        """The place of the part that has each row. *Shape:* ``(len(rows),)``."""
        owners: Rows = np.searchsorted(self._firsts, rows, side="right") - 1
        return owners

    def rows_with(self, word: str) -> Rows:
        """Rows that have the stem of a word, ascending; none for a stop word."""
        return np.concatenate([part.generation.rows_with(word) + part.first for part in self._members])

    def rows_of_documents(self) -> tuple[Sequence[str], RowRanges]:
        """The documents that have rows, by id in the order of their rows; one that several have, once for each."""
        held = [(part, *part.generation.rows_of_documents()) for part in self._members]
        starts = np.concatenate([rows.starts + part.first for part, _, rows in held])
        ends = np.concatenate([rows.ends + part.first for part, _, rows in held])
        return [one for _, ids, _ in held for one in ids], RowRanges(starts, ends)

    def openings(self, characters: int) -> dict[str, str]:
        """The first ``characters`` of each document's first page, by document id."""
        return {
            one: text for part in reversed(self._members) for one, text in part.generation.openings(characters).items()
        }

    def knows(self, word: str) -> bool:
        """True if the stem of a word occurs in a passage; true for a stop word."""
        return any(part.generation.knows(word) for part in self._members)

    def rows_spelt_like(self, word: str, edits: int) -> list[Rows]:
        """Rows of words spelt similarly to ``word``, a group for each stem, in the order of the collections."""
        return [rows + part.first for part in self._members for rows in part.generation.rows_spelt_like(word, edits)]

    def rows_under(self, names: Sequence[str]) -> Iterator[range]:
        """The rows of each document that has one of these names, in any of the indexes."""
        for part in self._members:
            for rows in part.generation.rows_under(names):
                yield range(rows.start + part.first, rows.stop + part.first)

    def passages(self, rows: Sequence[int]) -> list[Passage]:
        """The passages of ``rows``, in their order."""
        owners = self._owners(np.array(rows, np.int64)).tolist()
        found: dict[int, Passage] = {}
        for number, part in enumerate(self._members):
            own = [row for row, owner in zip(rows, owners, strict=True) if owner == number]
            read = part.generation.passages([row - part.first for row in own])
            found.update(zip(own, part.shifted(read), strict=True))
        return [found[row] for row in rows]

    def passages_on(self, document_id: str, first_page: int, last_page: int) -> list[Passage]:
        """The passages on pages of a document, 1-based and inclusive, in reading order; or DocumentUnknown."""
        part = self._holder(document_id)
        return part.shifted(part.generation.passages_on(document_id, first_page, last_page))

    def neighbours(self, row: int, before: int, after: int) -> list[Passage]:
        """The passage of ``row`` with at most so many before and after it in its document, in reading order."""
        part = self._members[int(self._owners(np.array([row], np.int64))[0])]
        return part.shifted(part.generation.neighbours(row - part.first, before, after))

    def close(self) -> None:
        """Closes nothing: the generations belong to their indexes."""
