"""Which documents a question names: "the Q3 2023 report of Intel", "the Plus plan", "the latest".

Passages of near-twins (twenty quarterly reports, two versions of a manual) say the same, and do not carry what tells
them apart. That stands in a document's name, in its title and at its beginning: its card. A question is compared with
all cards at once, so that a word counts for as much as it tells documents apart.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from rag.domain.values import Document
from rag.text.dates import period_of, with_quarters
from rag.text.sentences import STOPWORDS

# Characters of a document's beginning that belong to its card: about the cover of a report.
OPENING: Final = 1000

# PerksPlus is Perks and Plus, a PDFReader is a Reader.
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Q3 and M3 are one word each; the year of FY2023 and 2023Q3 is one by itself.
_WORD: Final = re.compile(r"[^\W\d_]+(?:\d{1,3}(?!\d))?|\d+")
_LATEST: Final = re.compile(r"\b(?:latest|newest|most recent|currently|up[- ]to[- ]date)\b", re.IGNORECASE)


class DocumentMatcher:
    """The cards of an index's documents."""

    def __init__(self, documents: Sequence[Document], openings: Mapping[str, str]) -> None:
        """Of ``documents`` in any order; ``openings`` says what each begins with, by its id."""
        beginnings = {document.id: openings.get(document.id, "")[:OPENING] for document in documents}
        self._words = {document.id: _card(document, beginnings[document.id]) for document in documents}
        self._periods = {d.id: period_of(_path_of(d.name), d.title, beginnings[d.id]) for d in documents}
        counts = Counter(word for words in self._words.values() for word in words)
        self._weights = {word: _weight(count, len(documents)) for word, count in counts.items()}

    def match(self, question: str) -> dict[str, float]:
        """How far each document is the one that the question names, 0..1 by id.

        It is the share of the question's weight that the document's card has. The weight of a word is
        ``log((N + 1) / (n + 1/2))`` where ``n`` of ``N`` cards have it, and nothing where all have it or none. A
        question for the latest has the weight of one more word, which only the newest of the best matches has.
        """
        # Sorted, so that sums are the same whatever the order of a set.
        asked = sorted(word for word in _words(with_quarters(question)) if word in self._weights)
        found = {id_: sum(self._weights[word] for word in asked if word in card) for id_, card in self._words.items()}
        total = sum(self._weights[word] for word in asked)
        if _LATEST.search(question) and (newest := self._newest(found, asked)):
            extra = _weight(1, len(found))
            total += extra
            found[newest] += extra
        return {id_: weight / total if total else 0.0 for id_, weight in found.items()}

    def _newest(self, found: Mapping[str, float], asked: Sequence[str]) -> str | None:
        """The newest of the best matches; None where they are one, of the same age, or not what is asked for."""
        best = max(found.values(), default=0.0)
        dated = sorted(
            (period, id_)
            for id_, period in self._periods.items()
            if period and found[id_] >= best - 1e-9 and not self._words[id_].isdisjoint(asked)
        )
        return dated[-1][1] if len(dated) > 1 and dated[-1][0] > dated[-2][0] else None


def _card(document: Document, beginning: str) -> frozenset[str]:
    # Names stand in capitals; the words of a first paragraph are content, which the passages have themselves.
    names = [word for word in re.findall(r"[^\W_]+", beginning) if word[0].isupper() or word[0].isdigit()]
    parts = [*map(_path_of, document.names), document.title, " ".join(names)]
    return frozenset(_words(with_quarters(" ".join(parts))))


def _path_of(name: str) -> str:
    """Without the ending; folders may say which year or which product it is about."""
    folder, slash, file = name.rpartition("/")
    stem = file.rpartition(".")[0] or file
    return folder + slash + stem


def _weight(count: int, documents: int) -> float:
    return math.log((documents + 1) / (count + 0.5)) if count < documents else 0.0


def _words(text: str) -> set[str]:
    words = (word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text)))
    return {_stemmer().stemWord(word) for word in words if word not in STOPWORDS}


@cache
def _stemmer() -> Any:  # noqa: ANN401 - the library has no types
    import Stemmer

    return Stemmer.Stemmer("english")
