"""Document matching by IDF over metadata: "the Q3 2023 report of Intel", "the Plus plan", "the latest".

Passages of similar documents (twenty quarterly reports, two versions of a manual) have the same words, and not those
that distinguish their documents. These are in a document's name, title and opening: its metadata words. A question is
compared with the metadata words of all documents at once, weighted by inverse document frequency.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from rag.domain.values import Document
from rag.text.dates import period_of, with_quarters
from rag.text.words import STOPWORDS, snowball_stemmer

# Characters of a document's opening that count as metadata: about the cover of a report.
OPENING: Final = 1000

# PerksPlus is Perks and Plus, a PDFReader is a Reader.
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Q3 and M3 are one word each; the year of FY2023 and 2023Q3 is one by itself.
_WORD: Final = re.compile(r"[^\W\d_]+(?:\d{1,3}(?!\d))?|\d+")
_LATEST: Final = re.compile(r"\b(?:latest|newest|most recent|currently|up[- ]to[- ]date)\b", re.IGNORECASE)
_POSSESSIVE: Final = re.compile(r"['’]s\b")


class DocumentMatcher:
    """Scores how well a question names each document of an index."""

    def __init__(self, documents: Sequence[Document], openings: Mapping[str, str]) -> None:
        """Takes ``documents`` in any order, and the opening text of each by document id."""
        covers = {document.id: openings.get(document.id, "")[:OPENING] for document in documents}
        self._words = {document.id: _metadata_words(document, covers[document.id]) for document in documents}
        self._dates = {d.id: period_of(_path_of(d.name), d.title, covers[d.id]) for d in documents}
        counts = Counter(word for words in self._words.values() for word in words)
        self._weights = {word: _weight(count, len(documents)) for word, count in counts.items()}

    def match(self, question: str) -> dict[str, float]:
        """Document match scores, 0..1 by id: the share of the question's weight that a document's metadata words have.

        The weight of a word is ``log((N + 1) / (n + 1/2))`` where ``n`` of ``N`` documents have it, and 0 where all
        have it or none. A question for the latest gets the weight of one more word, which only the newest of the best
        matches has.
        """
        # Sorted, so that sums are the same whatever the order of a set.
        asked = sorted(word for word in _words(with_quarters(question)) if word in self._weights)
        found = {id_: sum(self._weights[word] for word in asked if word in has) for id_, has in self._words.items()}
        total = sum(self._weights[word] for word in asked)
        if _LATEST.search(question) and (newest := self._newest(found, asked)):
            extra = _weight(1, len(found))
            total += extra
            found[newest] += extra
        return {id_: weight / total if total else 0.0 for id_, weight in found.items()}

    def is_name(self, document_id: str, word: str) -> bool:
        """True if a word, which may have parts, is one of a document's metadata; false for a stop word."""
        own = _words(with_quarters(_POSSESSIVE.sub("", word)))
        return bool(own) and own <= self._words[document_id]

    def _newest(self, found: Mapping[str, float], asked: Sequence[str]) -> str | None:
        """The newest of the best matches; None where there is one alone, two are as new, or they match no word."""
        best = max(found.values(), default=0.0)
        dated = sorted(
            (date, id_)
            for id_, date in self._dates.items()
            if date and found[id_] >= best - 1e-9 and not self._words[id_].isdisjoint(asked)
        )
        return dated[-1][1] if len(dated) > 1 and dated[-1][0] > dated[-2][0] else None


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
    words = (word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text)))
    return {_stemmer().stemWord(word) for word in words if word not in STOPWORDS}


_stemmer = cache(snowball_stemmer)
