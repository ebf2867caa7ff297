"""Which documents a question names: "the Q3 2023 report of Intel", "the Plus plan", "the latest".

Passages of near-twins (twenty quarterly reports, two versions of a manual) say the same, and do not carry what tells
them apart. That stands in a document's name, in its title and at its beginning: its card. A question is compared with
all cards at once, so that a word counts for as much as it tells documents apart.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from rag.domain import Document
from rag.sentences import STOPWORDS

# Characters of a document's beginning that belong to its card: about the cover of a report.
OPENING: Final = 1000

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD: Final = re.compile(r"\d+|[^\W\d_]+\d*")
_QUARTER: Final = re.compile(r"\b(first|second|third|fourth)(?= (?:fiscal )?quarter\b)", re.IGNORECASE)
_QUARTERS: Final = {"first": "Q1", "second": "Q2", "third": "Q3", "fourth": "Q4"}
_LATEST: Final = re.compile(r"\b(?:latest|newest|(?:most )?recent|current(?:ly)?|up[- ]to[- ]date)\b", re.IGNORECASE)

_MONTHS: Final = "january february march april may june july august september october november december".split()
_MONTH: Final = "|".join(f"{month}|{month[:3]}" for month in _MONTHS)
_DATES: Final = (
    re.compile(r"(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)"),
    re.compile(r"(?P<month>\d?\d)/(?P<day>\d?\d)/(?P<year>(?:19|20)\d\d)"),
    re.compile(rf"(?P<name>{_MONTH})\.? +(?P<day>\d?\d), *(?P<year>(?:19|20)\d\d)", re.IGNORECASE),
    re.compile(rf"(?P<day>\d?\d)\.? +(?P<name>{_MONTH})\.? +(?P<year>(?:19|20)\d\d)", re.IGNORECASE),
    re.compile(r"(?P<year>(?:19|20)\d\d)[ _-]*Q(?P<quarter>[1-4])", re.IGNORECASE),
    re.compile(r"Q(?P<quarter>[1-4])[ _-]*(?P<year>(?:19|20)\d\d)", re.IGNORECASE),
    re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?!\d)"),
)

Period = tuple[int, int, int]


class DocumentCards:
    """The cards of an index's documents."""

    def __init__(self, documents: Sequence[Document], openings: Mapping[str, str]) -> None:
        """Args:
        documents: in any order.
        openings: what each document begins with, by its id; :data:`OPENING` characters of it are used.
        """
        self._words = {d.id: _card(d, openings.get(d.id, "")) for d in documents}
        self._periods = {d.id: _period(d, openings.get(d.id, "")) for d in documents}
        counts = Counter(word for words in self._words.values() for word in words)
        self._weights = {word: _weight(count, len(documents)) for word, count in counts.items()}

    def match(self, question: str) -> dict[str, float]:
        """How far each document is the one that the question names, 0..1 by id.

        It is the share of the question's weight that the document's card has. The weight of a word is
        ``log((N + 1) / (n + 1/2))`` where ``n`` of ``N`` cards have it, and nothing where all have it or none. A
        question for the latest has the weight of one more word, which only the newest of the best matches has.
        """
        asked = _words(_QUARTER.sub(lambda match: _QUARTERS[match[1].lower()], question))
        weights = {word: self._weights[word] for word in asked if self._weights.get(word)}
        found = {id_: sum(w for word, w in weights.items() if word in card) for id_, card in self._words.items()}
        total = sum(weights.values())
        if _LATEST.search(question) and (newest := self._newest(found)):
            extra = _weight(1, len(found))
            total += extra
            found[newest] += extra
        return {id_: weight / total if total else 0.0 for id_, weight in found.items()}

    def _newest(self, found: Mapping[str, float]) -> str | None:
        """The newest of the best matches; None where they are one, or of the same age."""
        best = max(found.values(), default=0.0)
        dated = sorted((p, id_) for id_, p in self._periods.items() if p and found[id_] >= best - 1e-9)
        return dated[-1][1] if len(dated) > 1 and dated[-1][0] > dated[-2][0] else None


def _card(document: Document, opening: str) -> frozenset[str]:
    # Names stand in capitals; the words of a first paragraph are content, which the passages have themselves.
    names = [word for word in re.findall(r"[^\W_]+", opening[:OPENING]) if word[0].isupper() or word[0].isdigit()]
    parts = [*map(_stem_of, document.names), document.title, " ".join(names)]
    return frozenset(_words(" ".join(parts)))


def _stem_of(name: str) -> str:
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _weight(count: int, documents: int) -> float:
    return math.log((documents + 1) / (count + 0.5)) if count < documents else 0.0


def _words(text: str) -> set[str]:
    words = (word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text)))
    return {_stemmer().stemWord(word) for word in words if word not in STOPWORDS}


@cache
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")


def _period(document: Document, opening: str) -> Period | None:
    """What a document is about, in time: the latest date in its name, or else its title, or else its beginning."""
    for text in (document.name, document.title, opening[:OPENING]):
        if dates := list(_dates(text)):
            return max(dates)
    return None


def _dates(text: str) -> Iterator[Period]:
    for pattern in _DATES:
        for match in pattern.finditer(text):
            part = match.groupdict()
            month = int(part.get("month") or 0)
            if name := part.get("name"):
                month = next(n for n, known in enumerate(_MONTHS, start=1) if known.startswith(name.lower()))
            if quarter := part.get("quarter"):
                month = int(quarter) * 3
            yield int(part["year"]), month, int(part.get("day") or 0)
