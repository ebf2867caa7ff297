"""Identifier search: whether a model number, code or period occurs in documents, and which similar ones do.

BM25's postings give the passages that may have it; these are read, since the postings know neither the order of words
nor single characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from typing import Final

import numpy as np

from rag.domain.values import Document
from rag.index.generation import Generation
from rag.index.search.row_ranges import Rows
from rag.query.lookup.phrases import rows_with
from rag.runtime.cancellation import Cancellation
from rag.text.dates import MONTH_NAMES

_RUN: Final = re.compile(r"[^\W\d_]+|\d+")
_LONGEST_RUNS: Final = 6
_MOST_SIMILAR: Final = 4
# Passages that are read for one question: each takes about 50 microseconds.
_MOST_READ: Final = 150
_MOST_READ_FOR_SIMILAR: Final = 40
_MOST_ENUMERATED: Final = 12
# Characters between two runs of one identifier.
_LONGEST_GAP: Final = 2
_CONNECTORS: Final = frozenset("and or".split())
_ENUMERATING: Final = re.compile(r"\s*+[,/&;–-]\s*+(?:[-–]\s*+)?$")
_ORDINALS: Final = ("first", "second", "third", "fourth")
_CAPITALS: Final = re.compile(r"[A-Z]{1,6}$")


def runs_of(text: str) -> tuple[str, ...]:
    """The runs of letters and of digits of a text, in lower case: those of "TR-90", "TR 90" and "tr90" are the same."""
    return tuple(run.lower() for run in _RUN.findall(text))


class IdentifierSearch:
    """Looks up identifiers, as their runs, in some documents of an index."""

    def __init__(
        self, generation: Generation, documents: Sequence[Document], cancelled: Cancellation | None = None
    ) -> None:
        is_all = len(documents) == len(generation.documents)
        self._generation = generation
        self._documents = documents
        self._cancelled = cancelled or Cancellation()
        self._among = None if is_all else generation.rows_named([document.name for document in documents])
        # Each word takes half a millisecond, and those of several identifiers are often the same.
        self._rows_with = cache(lambda *terms: rows_with(generation, terms, self._among))
        self._left, self._left_for_similar = _MOST_READ, _MOST_READ_FOR_SIMILAR

    @cached_property
    def _names(self) -> list[_Runs]:
        names = ((*(name.rpartition(".")[0] or name for name in one.names), one.title) for one in self._documents)
        return [_Runs(text) for texts in names for text in texts]

    def may_have(self, runs: tuple[str, ...]) -> bool:
        """False if an identifier surely occurs in no text, name or title; true also where that is too much to read."""
        if any(name.has(runs) for name in self._names):
            return True
        rows = self._candidates(runs)
        read = min(len(rows), self._left)
        self._left -= read
        return any(text.has(runs) for text in self._texts(rows[:read], runs)) or read < len(rows)

    def has_year(self, year: str) -> bool:
        """True if a year occurs, also as "FY24" or in "2023/24"."""
        before, short = str(int(year) - 1), year[2:]
        forms = (year, f"fy{year}", f"fy{short}", *(f"{year}q{quarter}" for quarter in range(1, 5)))
        return (
            any(len(self._rows_with(form)) for form in forms)
            or any(year in name.runs for name in self._names)
            or self.may_have((before, short))
        )

    def has_quarter(self, quarter: int, year: str) -> bool:
        """True if a year occurs, and a quarter in some wording: "Q3", "third quarter", "September"."""
        forms = [
            [f"q{quarter}"],
            [f"{quarter}q"],
            [f"{year}q{quarter}"],
            [_ORDINALS[quarter - 1], "quarter"],
            [MONTH_NAMES[3 * quarter - 1]],
        ]
        is_written = any(len(self._rows_with(*form)) for form in forms)
        return self.has_year(year) and (is_written or any(name.has(("q", str(quarter))) for name in self._names))

    def similar(self, runs: tuple[str, ...]) -> tuple[str, ...]:
        """At most four identifiers that occur and have the same letters, nearest number first; else the same number."""
        number = next((run for run in reversed(runs) if run.isdigit()), None)
        if number is None:
            return ()
        prefix = runs[: runs.index(number)] if runs[0] != number else ()
        found = self._found(prefix, None) if prefix else {}
        return _nearest(found or self._found((), number), int(number))

    def _found(self, prefix: tuple[str, ...], number: str | None) -> dict[tuple[str, ...], str]:
        """Identifiers as they are written, by their runs: with these letters, or with this number."""
        terms = list(prefix) if prefix else [number or ""]
        rows = self._rows_with(*terms)
        # Not all that may still be read, since another identifier may be missing, too.
        most = max(2 * self._left_for_similar // 3, 1)
        sample = rows[:: -(-len(rows) // most) or 1]
        self._left_for_similar -= len(sample)
        found: dict[tuple[str, ...], str] = {}
        for text in (*self._texts(sample, terms), *self._names):
            for written in text.with_letters(prefix) if prefix else text.with_number(number or ""):
                found.setdefault(
                    runs_of(written), written if prefix == () or not written.islower() else written.upper()
                )
        return found

    def _candidates(self, runs: tuple[str, ...]) -> Rows:
        """Rows that may have an identifier, however its runs are joined: "sb-25-03", "sb25-03", "sb2503"."""
        found = [self._rows_with(*terms) for terms in _joinings(runs)]
        rows: Rows = np.unique(np.concatenate(found))
        return rows

    def _texts(self, rows: Rows, runs: Sequence[str]) -> Iterator[_Runs]:
        """The texts of those rows that have all runs, be it within words: most have not, and are not cut into runs."""
        for row in rows.tolist():
            self._cancelled.check()
            text = self._generation.passages([row])[0].chunk.text
            lower = text.lower()
            if all(run in lower for run in runs):
                yield _Runs(text)


class _Runs:
    """A text as its runs, with their offsets."""

    def __init__(self, text: str) -> None:
        self._text = text
        # Beyond ASCII a small letter may be two characters, of which one is no letter.
        self.runs = _RUN.findall(text.lower()) if text.isascii() else [run.lower() for run in _RUN.findall(text)]

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        return [match.span() for match in _RUN.finditer(self._text)]

    def has(self, runs: tuple[str, ...]) -> bool:
        """True if the text has an identifier, or enumerates it: "TR-20, 40 and 90" has "TR-90"."""
        first, last = runs[:-1] or runs, runs[-1]
        return any(
            len(runs) == 1 or self._follows(place + len(first), last) for place in self._places(first)
        )  # fmt: skip

    def _places(self, runs: tuple[str, ...]) -> Iterator[int]:
        """Positions of these runs in a row; the first may be a plural."""
        for place, run in enumerate(self.runs[: len(self.runs) - len(runs) + 1]):
            is_there = run in (runs[0], f"{runs[0]}s") and tuple(self.runs[place + 1 : place + len(runs)]) == runs[1:]
            if is_there and all(self._is_joined(place + n) for n in range(1, len(runs))):
                yield place

    def _follows(self, position: int, run: str) -> bool:
        """True if a run stands at a position, or in the enumeration of numbers that begins there."""
        for place in range(position, min(position + _MOST_ENUMERATED, len(self.runs))):
            is_first = place == position
            if is_first and not self._is_joined(place):
                return False
            if not is_first and not self._is_enumerated(place):
                return False
            if self.runs[place] == run:
                return True
            if not self.runs[place].isdigit() and self.runs[place] not in _CONNECTORS:
                return False
        return False

    def _gap(self, place: int) -> str:
        return self._text[self._spans[place - 1][1] : self._spans[place][0]]

    def _is_joined(self, place: int) -> bool:
        return len(self._gap(place).strip()) < _LONGEST_GAP

    def _is_enumerated(self, place: int) -> bool:
        """True if a run continues an enumeration: after a comma or slash, or after or before "and"."""
        if _CONNECTORS & {self.runs[place], self.runs[place - 1]}:
            return True
        return _ENUMERATING.match(self._gap(place)) is not None

    def with_letters(self, prefix: tuple[str, ...]) -> Iterator[str]:
        """Identifiers with these letters and a number, as they are written."""
        for place in self._places(prefix):
            end = place + len(prefix)
            # "m 4" is four metres more often than an identifier.
            gaps = ("", "-", "/") if len(prefix[0]) == 1 else ("", "-", "/", " ", "\n")
            if end < len(self.runs) and self.runs[end].isdigit() and self._gap(end) in gaps:
                yield self._written(place, end)

    def with_number(self, number: str) -> Iterator[str]:
        """Identifiers of capitals and this number, as they are written."""
        for place, run in enumerate(self.runs):
            if run == number and place and self._gap(place) in ("", "-", " "):
                start, end = self._spans[place - 1]
                if _CAPITALS.match(self._text[start:end]):
                    yield self._text[start : self._spans[place][1]]

    def _written(self, place: int, last: int) -> str:
        """The text of some runs, with the numbers and letters that a hyphen, slash or stop joins to them."""
        while last + 1 < len(self.runs) and self._gap(last + 1) in ("-", "/", ".") and last - place < _LONGEST_RUNS:
            last += 1
        return " ".join(self._text[self._spans[place][0] : self._spans[last][1]].split())


def _joinings(runs: tuple[str, ...]) -> list[list[str]]:
    """The ways to join neighbouring runs into words: "a1", "a 1"."""
    ways = [[runs[0]]]
    for run in runs[1:_LONGEST_RUNS]:
        ways = [way for known in ways for way in ([*known, run], [*known[:-1], known[-1] + run])]
    return ways


def _nearest(found: dict[tuple[str, ...], str], number: int) -> tuple[str, ...]:
    """The identifiers with the nearest numbers, in the order of their numbers."""

    def last_number(runs: tuple[str, ...]) -> int:
        return int(next(run for run in reversed(runs) if run.isdigit())[:9])

    nearest = sorted(found, key=lambda runs: (abs(last_number(runs) - number), runs))[:_MOST_SIMILAR]
    return tuple(found[runs] for runs in sorted(nearest, key=lambda runs: (last_number(runs), runs)))
