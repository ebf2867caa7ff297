"""Document matching by IDF over metadata: "the Q3 2023 report of Intel", "the Plus plan", "the latest".

Passages of similar documents (twenty quarterly reports, two versions of a manual) have the same words, and not those
that distinguish their documents. These are in a document's name, title and opening: its metadata words. A question is
compared with the metadata words of all documents at once, weighted by inverse document frequency.

Where the text of other documents has a word as often, the question does not name a document by it: "visiting a prison"
is a subject of "Prison visits policy.pdf", of "Dress code.pdf" and of "Visitor ID.pdf".
"""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from rag.domain.values import Document
from rag.index.search.row_ranges import RowRanges, Rows
from rag.models.embedding.interfaces import FloatVector
from rag.text.dates import period_of, with_quarters
from rag.text.languages.stemming import snowball_stemmer
from rag.text.words import STOPWORDS, camel_case_apart

# Characters of a document's opening that count as metadata: about the cover of a report.
OPENING: Final = 1000

# Q3 and M3 are one word each; the year of FY2023 and 2023Q3 is one by itself.
_WORD: Final = re.compile(r"[^\W\d_]+(?:\d{1,3}(?!\d))?|\d+")
_LATEST: Final = re.compile(r"\b(?:latest|newest|most recent|currently|up[- ]to[- ]date)\b", re.IGNORECASE)
_POSSESSIVE: Final = re.compile(r"['’]s\b")

SharesInText: TypeAlias = Callable[[str], FloatVector]


@dataclass(frozen=True, eq=False)
class DocumentMatch:
    """Match of the documents of an index with a question, by their rows.

    Attributes:
        documents: the rows of each document that has some, ascending.
        shares: the match of each, 0..1. *Shape:* ``(documents,)``.
    """

    documents: RowRanges
    shares: FloatVector

    def of_rows(self, rows: Rows) -> FloatVector:
        """The match of each row's document. *Shape:* ``(len(rows),)``."""
        return self.shares[np.searchsorted(self.documents.starts, rows, side="right") - 1]

    def within(self, scope: RowRanges | None) -> DocumentMatch:
        """That of the documents that have rows in a scope; None means all."""
        return self if scope is None else self._only(scope.meets(self.documents))

    def at_least(self, share: float) -> DocumentMatch:
        """That of the documents with at least this match."""
        return self._only(self.shares >= share)

    def best(self) -> float:
        """The highest match; 0 without documents."""
        return float(self.shares.max(initial=0.0))

    def _only(self, kept: npt.NDArray[np.bool_]) -> DocumentMatch:
        documents = RowRanges(self.documents.starts[kept], self.documents.ends[kept])
        return DocumentMatch(documents, self.shares[kept])


class DocumentMatcher:
    """Scores how well a question names each document of an index. Only documents that have its words are looked at."""

    def __init__(self, documents: Sequence[Document], openings: Mapping[str, str]) -> None:
        """Takes ``documents`` in any order, and the opening text of each by document id."""
        covers = [openings.get(document.id, "")[:OPENING] for document in documents]
        self._places = {document.id: place for place, document in enumerate(documents)}
        self._dates = [period_of(_path_of(d.name), d.title, cover) for d, cover in zip(documents, covers, strict=True)]
        having: dict[str, array[int]] = {}
        for place, (document, cover) in enumerate(zip(documents, covers, strict=True)):
            for word in _metadata_words(document, cover):
                having.setdefault(word, array("i")).append(place)
        self._having = having

    def match(self, question: str) -> dict[str, float]:
        """:meth:`shares` by document id."""
        return dict(zip(self._places, self.shares(question).tolist(), strict=True))

    def shares(self, question: str, in_text: SharesInText | None = None) -> npt.NDArray[np.float64]:
        """Document match scores, 0..1: the share of the question's weight that a document's metadata words have.

        The weight of a word is ``log((N + 1) / (n + 1/2))`` where ``n`` of ``N`` documents have it, and 0 where all
        have it or none. A question for the latest gets the weight of one more word, which only the newest of the best
        matches has. *Shape:* ``(documents,)``, in the order in which the documents were given.

        With ``in_text`` each is multiplied by how far the most distinct of its words distinguishes it
        (:func:`_distinctness`).

        Args:
            question: that may name documents.
            in_text: gives for a word the share of the passages of each document that have it, 0..1.
        """
        # Sorted, so that sums are the same whatever the order of a set.
        asked = sorted(word for word in _words(with_quarters(question)) if word in self._having)
        found, total = np.zeros(len(self._places)), 0.0
        distinct = np.zeros(len(found)) if in_text else np.ones(len(found))
        for word in asked:
            having = self._having[word]
            weight = _weight(len(having), len(found))
            found[having] += weight
            total += weight
            if in_text and weight:
                distinct[having] = np.maximum(distinct[having], _distinctness(in_text(word), having))
        if _LATEST.search(question) and (newest := self._newest(found, asked)) is not None:
            extra = _weight(1, len(found))
            total += extra
            found[newest] += extra
            distinct[newest] = 1.0
        return distinct * found / total if total else np.zeros(len(found))

    def is_name(self, document_id: str, word: str) -> bool:
        """True if a word, which may have parts, is one of a document's metadata; false for a stop word."""
        own = _words(with_quarters(_POSSESSIVE.sub("", word)))
        return bool(own) and all(_holds(self._having.get(each), self._places[document_id]) for each in own)

    def _newest(self, found: npt.NDArray[np.float64], asked: Sequence[str]) -> int | None:
        """The newest of the best matches; None where there is one alone, two are as new, or they match no word."""
        matched = np.array(sorted({place for word in asked for place in self._having[word]}), np.int64)
        best = matched[found[matched] >= found.max(initial=0.0) - 1e-9]
        dated = sorted((date, place) for place in best.tolist() if (date := self._dates[place]))
        return dated[-1][1] if len(dated) > 1 and dated[-1][0] > dated[-2][0] else None


def _distinctness(shares: FloatVector, having: Sequence[int]) -> npt.NDArray[np.float64]:
    """Distinctness, 0..1, of a metadata word for each document that has it, by the shares of passages with the word.

    1 for a document whose text does not have the word: it is a name. Less where the text of another document has it
    more often, whatever that one's metadata is, than this one's.
    """
    others = np.ones(len(shares), bool)
    others[having] = False
    own = shares[having].astype(np.float64)
    named, elsewhere = own.max(initial=0.0), float(shares[others].max(initial=0.0))
    in_text = own > 0
    apart = 1 - np.minimum(1.0, np.divide(elsewhere, own, out=np.zeros_like(own), where=in_text))
    often: npt.NDArray[np.float64] = np.divide(own, named, out=np.ones_like(own), where=in_text)
    return apart * often


def _holds(places: array[int] | None, place: int) -> bool:
    """True if ``places``, which ascend, hold ``place``."""
    if places is None:
        return False
    found = bisect_left(places, place)
    return found < len(places) and places[found] == place


def _metadata_words(document: Document, cover: str) -> frozenset[str]:
    # Capitalized words are names; the others are content, which the passages have themselves.
    names = [word for word in re.findall(r"[^\W_]+", cover) if word[0].isupper() or word[0].isdigit()]
    parts = [*map(_path_of, document.names), document.title, " ".join(names)]
    return frozenset(_words(with_quarters(" ".join(parts))))


def _path_of(name: str) -> str:
    """The path without the file suffix; folder names may give a year or a product."""
    folder, slash, file = name.rpartition("/")
    stem = file.rpartition(".")[0] or file
    return folder + slash + stem


def _weight(count: int, documents: int) -> float:
    return math.log((documents + 1) / (count + 0.5)) if count < documents else 0.0


def _words(text: str) -> set[str]:
    words = (word.lower() for word in _WORD.findall(camel_case_apart(text)))
    return {_stemmer().stemWord(word) for word in words if word not in STOPWORDS}


_stemmer = cache(snowball_stemmer)
