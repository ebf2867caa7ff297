"""Matching of a question's terms with the keys of a table: labels, column heads, groups, caption and context.

All is linear in the cells of the table times the terms of the question, both of which are bounded.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

from rag.answering.tables import vocabulary
from rag.answering.tables.cell_text import is_numeric, is_quantity
from rag.answering.tables.dates import periods
from rag.answering.tables.dates.periods import Periods
from rag.answering.tables.table import ParsedTable
from rag.answering.tables.terms import are_forms, joined_stems, stems_of, terms_of

# The number of a table explains no number in a question.
_TABLE_NUMBER: Final = re.compile(
    r"^[^\S\n]*+(?:table|exhibit|figure)\s{1,9}[A-Z]?\d{1,3}[.:]?", re.IGNORECASE | re.MULTILINE
)
_LONGEST_CELL: Final = 300
_LONGEST_CODE: Final = 3
# Of more cells only those in key columns are indexed.
_MOST_CELLS: Final = 10_000
_HEAD: Final = -1
_ABBREVIATION: Final = re.compile(r"\b([A-Za-z]{3,8})\.(?!\w)")
_LONGEST_CONTEXT: Final = 20_000
EXACT, _FORM = 1.0, 0.85
_PREFIX: Final = 4
# Where the name of a thing ends and remarks begin, and where its head noun ends.
_BRACKETS: Final = re.compile(r"\([^()]{0,80}\)")
_REMARK: Final = re.compile(r"\s?[(,;–—]|\s-\s")
_LIST: Final = re.compile(r"(?:\s|,)(?:and|or|&)\s")
_PREPOSITION: Final = re.compile(
    r"\s(?:of|for|in|on|at|to|from|by|against|with|without|per|under|over|as|before|after|between|since|until)\s",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class TableInEvidence:
    """A table with what is around it.

    Attributes:
        table: parsed from the text of a page.
        context: names of the document, its title, and the headings above the table.
        surroundings: further text that may explain the names in a question, such as that of the page.
        source: id of the document and number of the page that the offsets of its rows belong to.
        header_source: the same of its header where that is on another page; None where it is not.
    """

    table: ParsedTable
    context: tuple[str, ...] = ()
    surroundings: str = ""
    source: tuple[str, int] = ("", 0)
    header_source: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class KeyMatch:
    """Where a term occurs in a table, with how well it does: 1 for the same word, less for a form of it.

    Attributes:
        cells: by row and column; not in cells of numbers, except in key columns.
        heads: by column.
        groups: by row.
        caption: of the table.
        context: names, title and headings.
        mentioned: in the surroundings.
    """

    cells: Mapping[tuple[int, int], float]
    heads: Mapping[int, float]
    groups: Mapping[int, float]
    caption: float = 0.0
    context: float = 0.0
    mentioned: bool = False

    @property
    def is_key(self) -> bool:
        """True if it occurs in the table itself, not only around it."""
        return bool(self.cells or self.heads or self.groups)


@dataclass
class _Postings:
    """Inverted index: places by stem."""

    places: dict[str, dict[tuple[int, int], None]] = field(default_factory=lambda: defaultdict(dict))
    prefixes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, stems: Iterable[str], place: tuple[int, int]) -> None:
        for stem in stems:
            if stem not in self.places:
                self.prefixes[stem[:_PREFIX]].append(stem)
            self.places[stem][place] = None

    def find(self, stem: str) -> dict[tuple[int, int], float]:
        found = dict.fromkeys(self.places.get(stem, ()), EXACT)
        for other in self.prefixes.get(stem[:_PREFIX], ()):
            if other != stem and are_forms(stem, other):
                for place in self.places[other]:
                    found.setdefault(place, _FORM)
        return found


class TableIndex:
    """The words of a table by place."""

    def __init__(self, evidence: TableInEvidence) -> None:
        """Splits all cells into words."""
        self.evidence = evidence
        self.table = evidence.table
        self._cells, self._heads, self._groups = _Postings(), _Postings(), _Postings()
        self._caption = _Postings()
        self._row_periods: dict[int, Periods] = {}
        self._alone: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, row in enumerate(self.table.rows):
            for column, cell in enumerate(row.cells):
                searched = column < self.table.keys or number * len(row.cells) < _MOST_CELLS
                if searched and (column < self.table.keys or not is_quantity(cell)):
                    self._cells.add(_all_stems(cell), (number, column))
                if len(cell) <= _LONGEST_CODE:
                    self._alone[cell.casefold()].append((number, column))
            for group in row.groups:
                self._groups.add(_all_stems(group), (number, 0))
        for column, head in enumerate(self.table.heads):
            self._heads.add(_all_stems(head), (0, column))
            self._alone[head.casefold()].append((_HEAD, column))
        self._caption.add(_all_stems(_TABLE_NUMBER.sub(" ", self.table.caption), 5 * _LONGEST_CELL), (0, 0))
        self._caption.add(_all_stems(" ".join(evidence.context), 5 * _LONGEST_CELL), (1, 0))
        self._surroundings = _stems_around(evidence.surroundings[:_LONGEST_CONTEXT])

    def match(self, stem: str) -> KeyMatch:
        """The places of a term."""
        around = self._caption.find(stem)
        cells = self._cells.find(stem)
        heads = {column: level for (_, column), level in self._heads.find(stem).items()}
        for row, column in (place for code in vocabulary.CODES.get(stem, ()) for place in self._alone.get(code, ())):
            if row == _HEAD:
                heads[column] = EXACT
            else:
                cells[row, column] = EXACT
        heads.update(dict.fromkeys(self._abbreviated(stem), _FORM))
        return KeyMatch(
            cells=cells,
            heads=heads,
            groups={row: level for (row, _), level in self._groups.find(stem).items()},
            caption=around.get((0, 0), 0.0),
            context=around.get((1, 0), 0.0),
            mentioned=stem in self._surroundings,
        )

    def _abbreviated(self, stem: str) -> list[int]:
        """The columns whose head has an abbreviation of a word: "Reg." of "registration"."""
        return [
            column
            for column, head in enumerate(self.table.heads)
            if any(stem.startswith(short.casefold()) for short in _ABBREVIATION.findall(head[:_LONGEST_CELL]))
        ]

    @cached_property
    def head_periods(self) -> Sequence[Periods]:
        """The periods that each column's head names."""
        return [Periods.of(head) for head in self.table.heads]

    def row_periods(self, row: int) -> Periods:
        """The periods that the label of a row and the groups above it name."""
        if row not in self._row_periods:
            keys = self.table.rows[row].cells[: self.table.keys]
            self._row_periods[row] = Periods.of(" ".join([*self.table.rows[row].groups, *keys]))
        return self._row_periods[row]

    @cached_property
    def context_periods(self) -> Periods:
        """The periods in the names and headings around the table."""
        return Periods.of(" ".join(self.evidence.context).replace("_", " "))

    def with_words(self, words: frozenset[str]) -> tuple[frozenset[int], frozenset[int]]:
        """The columns and the rows whose head or label has any of the words, in lower case; stop words count too."""
        columns = frozenset(n for n, head in enumerate(self.table.heads) if words & _plain_words(head))
        rows = frozenset(n for n in range(len(self.table.rows)) if words & _plain_words(self.table.key(n)))
        return columns, rows

    @cached_property
    def numeric_columns(self) -> Sequence[bool]:
        """For each column, whether most of its cells are numbers."""
        return [_is_numeric([row.cells[column] for row in self.table.rows]) for column in range(len(self.table.heads))]


def _plain_words(text: str) -> frozenset[str]:
    return frozenset(term.text.casefold() for term in terms_of(text[:_LONGEST_CELL]))


def _is_numeric(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(map(is_numeric, filled)) >= 0.7 * len(filled)


@lru_cache(maxsize=64)
def _stems_around(text: str) -> frozenset[str]:
    """The words of a page, which its tables share."""
    return frozenset(stems_of(text))


def _all_stems(text: str, longest: int = _LONGEST_CELL) -> Iterator[str]:
    text = text[:longest]
    yield from stems_of(text)
    yield from joined_stems(text)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of a label or head by a question.

    Attributes:
        named: whether the question names it: all words of its name, or its head noun.
        missing: words of its name that the question has not.
        rest: further words, such as remarks, that the question has not.
        general: whether the name is only a word such as "total" or "other".
        net: whether it is a net value, and the question has not said so.
    """

    named: bool
    missing: int
    rest: int
    general: bool = False
    net: bool = False

    @property
    def is_exact(self) -> bool:
        """True if the question has all words of it, remarks too."""
        return self.named and not (self.missing or self.rest)

    @property
    def is_full(self) -> bool:
        """True if the question has all words of the name."""
        return self.named and not self.missing


def coverage(text: str, asked: frozenset[str]) -> Coverage:
    """Coverage of a label or head by the stems that a question asks for."""
    text = text[:_LONGEST_CELL]
    dated = Periods.of(text).is_named
    name = text if dated else _name(text)
    stems = stems_of(name)
    missing = [stem for stem in stems if not _has(asked, stem)]
    rest = sum(not _has(asked, stem) for stem in stems_of(text)) - len(missing)
    mild = vocabulary.MILD | periods.WORDS
    hard = [stem for stem in missing if stem not in mild and not (dated and stem.isdigit())]
    if stems and len(missing) == len(stems):
        return Coverage(named=False, missing=len(missing), rest=rest)
    named = not hard or (_has_head(name, asked) and not set(hard) & (vocabulary.QUALIFIERS - {vocabulary.PER}))
    general = vocabulary.GENERAL.issuperset(stems)
    further = rest + len(missing) - len(hard)
    return Coverage(named=named, missing=len(hard), rest=further, general=general, net=vocabulary.NET in missing)


def _name(text: str) -> str:
    """The name of a thing, without remarks in brackets or after a comma; lists are names as they are."""
    plain = _BRACKETS.sub(" ", text)
    remark = _REMARK.search(plain, 1)
    if not remark or (remark[0].strip() == "," and _LIST.search(plain, remark.end())):
        return plain
    return plain[: remark.start()]


def _has(asked: frozenset[str], stem: str) -> bool:
    return stem in asked or any(are_forms(stem, other) for other in asked if other[:_PREFIX] == stem[:_PREFIX])


def _has_head(name: str, asked: frozenset[str]) -> bool:
    """True if the head noun is asked for: the last word before a preposition."""
    preposition = _PREPOSITION.search(name)
    stems = stems_of(name[: preposition.start()] if preposition else name)
    return bool(stems) and _has(asked, stems[-1])
