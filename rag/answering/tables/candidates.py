"""Candidate cells for a question: each with the terms that its keys explain, and the reasons against it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from rag.answering.tables import vocabulary
from rag.answering.tables.cell_text import value_of
from rag.answering.tables.dates import periods
from rag.answering.tables.dates.fiscal_periods import fiscal_periods
from rag.answering.tables.matching import EXACT, Coverage, KeyMatch, TableIndex, coverage
from rag.answering.tables.question import TableQuestion
from rag.answering.tables.terms import stems_of
from rag.text.words import light_stem

# How much an explanation by its group, its caption, or its context counts, beside one by its own keys.
_GROUP, _CAPTION, _CONTEXT = 0.7, 0.4, 0.25
_OTHER_CELL: Final = 0.8
# What each word of a label or head costs that the question has not.
_MISSING, _REST = 0.3, 0.05
_MOST_MISSING: Final = 4
# Remarks alone must not decide between two cells.
_MOST_REST: Final = 3
_TYPED_HEAD: Final = 0.3
# Cells that are considered: those of the rows with most terms.
_MOST_CELLS: Final = 2_000
_PERCENT: Final = light_stem("percent")
_CURRENCIES: Final = "$€£"
# Words that head a column, and tell in a question which column a name belongs to.
_PLACES: Final = frozenset(["from", "to", "via", "by", "at"])


@dataclass(frozen=True, slots=True)
class CellCandidate:
    """A cell that may be what is asked for.

    Attributes:
        row_terms, head_terms: numbers of the terms that its row and its column head explain.
        other_terms: of those that groups, caption or context explain.
        label, head: coverage of its label and its column head.
        score: higher is better, comparable within one question.
        implied: whether its column is the only one that it can be, without being named.
    """

    row: int
    column: int
    row_terms: frozenset[int]
    head_terms: frozenset[int]
    other_terms: frozenset[int]
    label: Coverage
    head: Coverage
    score: float
    implied: bool = False

    @property
    def explained(self) -> frozenset[int]:
        """Numbers of all terms that are explained."""
        return self.row_terms | self.head_terms | self.other_terms


class CellCandidates:
    """The candidate cells of one table for one question."""

    def __init__(self, index: TableIndex, question: TableQuestion, keyed: frozenset[int] = frozenset()) -> None:
        """Matches all terms.

        Args:
            index: of the table.
            question: to be answered.
            keyed: numbers of the terms that are keys in any table of the evidence, which text explains nowhere.
        """
        self.index = index
        self.keyed = keyed
        self.table = index.table
        self.question = question
        self.matches, self.placed = _of_places(index, question)
        stems = {asked.stem for asked in question.terms}
        self.asked = frozenset(stems.union(*(vocabulary.CODES.get(stem, ()) for stem in stems)))
        self.periods, self.by_context = fiscal_periods(question, index)
        self._known: dict[tuple[int, frozenset[str]], Coverage] = {}
        self._groups: dict[int, frozenset[int]] = {}
        self._labels: dict[tuple[int, int], Coverage] = {}
        self._places = self._by_row()
        self._held = [len({row for row, _ in match.cells}) for match in self.matches]
        self._coverage = [coverage(head, self.asked) for head in self.table.heads]

    def _by_row(self) -> dict[int, dict[int, list[tuple[int, float]]]]:
        """By row and number of a term: the columns that have it, with how well they do."""
        places: dict[int, dict[int, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
        for number, match in enumerate(self.matches):
            for (row, column), level in match.cells.items():
                places[row][number].append((column, level * (1.0 if column < self.table.keys else _OTHER_CELL)))
        return places

    def head_terms(self, column: int) -> frozenset[int]:
        """Numbers of the terms in a column's head; none where the head is about something else."""
        found = frozenset(n for n, match in enumerate(self.matches) if column in match.heads)
        return found if self._coverage[column].named or self._is_told_apart(column, found) else frozenset()

    def _is_told_apart(self, column: int, terms: frozenset[int]) -> bool:
        """True if a term occurs in no other head, and the head has no word that makes it another thing."""
        alone = any(len(self.matches[n].heads) == 1 and not self.question.terms[n].scaffold for n in terms)
        stems = {stem for stem in vocabulary.QUALIFIERS if self.index.match(stem).heads.get(column) == EXACT}
        return alone and stems <= self.asked

    def rows(self) -> Iterator[tuple[int, Mapping[int, frozenset[int]]]]:
        """The rows with any term in their cells: by column, the terms; only cells that the question names."""
        rows = sorted({*self._places, *self.property_rows}, key=lambda row: -len(self._places[row]))
        for row in rows[: max(_MOST_CELLS // len(self.table.heads), 1)]:
            found: dict[int, set[int]] = {0: set()} if row in self.property_rows else {}
            for number, places in self._places[row].items():
                for column, _ in places:
                    found.setdefault(column, set()).add(number)
            named = {
                column: frozenset(terms)
                for column, terms in found.items()
                if self._names(row, column, frozenset(terms))
            }
            if named and self.table.rows[row].certain:
                yield row, named

    def _names(self, row: int, column: int, terms: frozenset[int]) -> bool:
        covered = coverage(self.table.rows[row].cells[column], self.asked)
        if column < self.table.keys:
            return covered.named or row in self.property_rows
        return covered.is_full and any(not self.question.terms[n].scaffold for n in terms)

    def cells(self) -> list[CellCandidate]:
        """All candidates, best first."""
        return sorted(self._cells(), key=lambda found: -found.score)

    def _cells(self) -> Iterator[CellCandidate]:
        for row, named in self.rows():
            implied = self._implied(row, named)
            for column, text in enumerate(self.table.rows[row].cells):
                terms = frozenset(n for place, found in named.items() if place != column for n in found)
                head = self.heads[column]
                is_named = self._is_named(column, terms)
                is_told = row in self.property_rows or self._is_evidence(row, terms - head if is_named else terms)
                if not text or not is_told or not (is_named or column == implied):
                    continue
                by_keys = all(place < self.table.keys for place in named if place != column)
                if column < self.table.keys and by_keys and not is_named:
                    continue
                if not self.contradicts(row, column):
                    beside = frozenset(n for place in {*named, *range(self.table.keys)} for n in self._in_head(place))
                    yield self._candidate(row, column, terms, head if is_named else frozenset(), beside)

    def _is_named(self, column: int, terms: frozenset[int]) -> bool:
        """True if the question names a column by words that do not name the row."""
        own = self.heads[column] - (terms - self._repeated)
        return bool(own) and (self._covered(column, terms).named or self._is_told_apart(column, own))

    def _covered(self, column: int, terms: frozenset[int]) -> Coverage:
        """Coverage of a head by the words of the question that do not name the row."""
        taken = frozenset(self.question.terms[n].stem for n in terms - self._repeated)
        if (column, taken) not in self._known:
            self._known[column, taken] = coverage(self.table.heads[column], self.asked - taken)
        return self._known[column, taken]

    @cached_property
    def _repeated(self) -> frozenset[int]:
        """The terms that the question has twice, which may name a row and a column: "premium of the Premium plan"."""
        counts = Counter(asked.stem for asked in self.question.terms)
        return frozenset(n for n, asked in enumerate(self.question.terms) if counts[asked.stem] > 1)

    def _in_head(self, column: int) -> Iterator[int]:
        return (n for n, match in enumerate(self.matches) if column in match.heads)

    def _candidate(
        self, row: int, column: int, terms: frozenset[int], head: frozenset[int], beside: frozenset[int]
    ) -> CellCandidate:
        label, covered = self.label(row, column), self._covered(column, terms)
        score = sum(
            asked.weight * self._level(number, row, column, in_row=number in terms, in_head=number in head)
            for number, asked in enumerate(self.question.terms)
        )
        score -= _MISSING * min(label.missing, _MOST_MISSING) + _REST * min(label.rest, _MOST_REST)
        if head:
            score -= _MISSING * min(covered.missing, _MOST_MISSING) + _REST * min(covered.rest, _MOST_REST)
        score += _TYPED_HEAD * (column in self.typed[0] or _is_money(self.question, self.table.rows[row].cells[column]))
        other = self._group_terms(row) | self._unit_terms(self.table.rows[row].cells[column])
        other = (other | self.around | beside | self._lengths(row, column)) - terms - head
        return CellCandidate(row, column, terms, head, other, label, covered, score, implied=not head)

    def _group_terms(self, row: int) -> frozenset[int]:
        if row not in self._groups:
            self._groups[row] = frozenset(n for n, match in enumerate(self.matches) if row in match.groups)
        return self._groups[row]

    def _unit_terms(self, text: str) -> frozenset[int]:
        """The terms for the unit that a value has itself, "days" of "7 days", and "price" for one in money."""
        units = {stem for stem in stems_of(text) if stem.isalpha()} if value_of(text) else set()
        if "%" in text:
            units.add(_PERCENT)
        if any(sign in text for sign in _CURRENCIES):
            units |= vocabulary.PRICES
        return frozenset(n for n, asked in enumerate(self.question.terms) if asked.stem in units)

    @property
    def knows_all(self) -> bool:
        """True if each name, number and qualifier of the question is in the table or around it."""
        units = {_PERCENT, *vocabulary.UNITS}
        return all(
            match.is_key or match.caption or match.context or match.mentioned or asked.stem in units
            for asked, match in zip(self.question.terms, self.matches, strict=True)
            if asked.required and asked.stem not in vocabulary.COMPUTED
        )

    def columns_with(self, terms: frozenset[int]) -> frozenset[int]:
        """The columns of values whose heads have all of the terms."""
        held = [frozenset(self.matches[n].heads) for n in terms]
        return frozenset.intersection(*held) - frozenset(range(self.table.keys)) if held else frozenset()

    def rows_with(self, terms: frozenset[int]) -> list[int]:
        """The rows whose key cells have all of the terms."""
        held = [{row for row, column in self.matches[n].cells if column < self.table.keys} for n in terms]
        return sorted(set.intersection(*held)) if held else []

    def row_candidate(self, row: int, terms: frozenset[int]) -> CellCandidate:
        """A row without a column, with the terms that its cells, groups and caption explain."""
        cells = frozenset(self._places[row])
        groups = self._group_terms(row)
        heads = frozenset(n for n, match in enumerate(self.matches) if match.heads)
        none = Coverage(named=False, missing=0, rest=0)
        other = (cells | groups | heads | self.around) - terms
        return CellCandidate(row, self.table.keys, terms, frozenset(), other, self.label(row), none, 0.0)

    def row_cells(self, row: int) -> list[CellCandidate]:
        """All cells of values of a row."""
        whole = self.row_candidate(row, frozenset())
        return [replace(whole, column=column) for column in range(self.table.keys, len(self.table.heads))]

    def _level(self, number: int, row: int, column: int, *, in_row: bool, in_head: bool) -> float:
        """Degree to which a cell's keys explain a term."""
        match = self.matches[number]
        levels = [_GROUP * match.groups.get(row, 0.0), _CAPTION * match.caption, _CONTEXT * match.context]
        if in_row:
            levels += [level for place, level in self._places[row][number] if place != column]
        if in_head:
            levels.append(match.heads.get(column, 0.0))
        return max(levels)

    def _lengths(self, row: int, column: int) -> frozenset[int]:
        """The terms for a length of time that the head or the label of a cell names in other words."""
        named = self.index.head_periods[column].lengths | self.index.row_periods(row).lengths
        if not named & self.question.periods.lengths:
            return frozenset()
        return frozenset(n for n, asked in enumerate(self.question.terms) if asked.stem in periods.LENGTHS)

    def head_missing(self, column: int) -> int:
        """Number of words of a head that the question has not."""
        return self._coverage[column].missing + self._coverage[column].rest

    def label(self, row: int, column: int = -1) -> Coverage:
        """Coverage of the key cells of a row, but for ``column``, of those that the question names at all."""
        place = (row, column if column < self.table.keys else -1)
        if place not in self._labels:
            self._labels[place] = self._label(*place)
        return self._labels[place]

    def _label(self, row: int, column: int) -> Coverage:
        keys = self.table.rows[row].cells[: self.table.keys]
        covers = [coverage(text, self.asked) for place, text in enumerate(keys) if text and place != column]
        named = [cover for cover in covers if cover.named]
        return Coverage(
            bool(named),
            sum(cover.missing for cover in named),
            sum(cover.rest for cover in named),
            general=bool(named) and all(cover.general for cover in named),
            net=any(cover.net for cover in named),
        )

    def _is_evidence(self, row: int, terms: frozenset[int]) -> bool:
        """True if any of the terms tells rows apart; a general word does where it is all of the label."""
        rows = len(self.table.rows)
        for number in terms:
            general = self.question.terms[number].scaffold and not self.label(row).is_full
            if not general and (self._held[number] < rows or rows == 1):
                return True
        return False

    def _implied(self, row: int, named: Mapping[int, frozenset[int]]) -> int | None:
        """The column that must be meant where none is named: the only one, of this period, or of this type."""
        cells = self.table.rows[row].cells
        values = [column for column in range(self.table.keys, len(cells)) if cells[column] and column not in named]
        if len(values) == 1 and len(cells) == self.table.keys + 1:
            return values[0]
        fitting = [column for column in values if not self.contradicts(row, column)]
        if self.by_context:
            return self._of_period(fitting)
        if any(self.heads[column] for column in values):
            return None
        if self.question.asks_latest:
            return self._of_period(fitting)
        typed = [column for column in values if column in self.typed[0]]
        return typed[0] if len(typed) == 1 else None

    def _of_period(self, columns: Sequence[int]) -> int | None:
        """The one column of the asked year, or else of the latest date."""
        dated = [column for column in columns if self.index.head_periods[column].years]
        if not self.question.asks_latest:
            dated = [column for column in dated if self.index.head_periods[column].years & self.periods.years]
        latest = max((self.index.head_periods[column].latest for column in dated), default=None)
        chosen = [column for column in dated if self.index.head_periods[column].latest == latest]
        return chosen[0] if len(chosen) == 1 else None

    @cached_property
    def heads(self) -> Sequence[frozenset[int]]:
        """For each column, the terms that its head explains."""
        return [self.head_terms(column) for column in range(len(self.table.heads))]

    @cached_property
    def typed(self) -> tuple[frozenset[int], frozenset[int]]:
        """The columns and the rows whose heads or labels say what the question asks for: a date for "when"."""
        return self.index.with_words(vocabulary.HEADS_OF.get(self.question.type or "", frozenset()))

    @cached_property
    def property_rows(self) -> frozenset[int]:
        """The one row whose label says what is asked for, of a question such as "how heavy"."""
        rows = self.typed[1] if self.question.asks_property else frozenset()
        return rows if len(rows) == 1 else frozenset()

    @cached_property
    def around(self) -> frozenset[int]:
        """Numbers of the terms that caption or context explain, or that ask for the latest period.

        Other text around the table explains proper names only.
        """
        terms = self.question.terms
        known = frozenset(n for n, match in enumerate(self.matches) if match.caption or match.context)
        # A year or a name in other keys of the table tells them apart, though the caption has it too.
        known -= frozenset(n for n in known if (terms[n].term.is_code or terms[n].is_name) and self._is_key(n))
        names = frozenset(
            n
            for n, match in enumerate(self.matches)
            if match.mentioned and terms[n].is_name and not match.is_key and n not in self.keyed
        )
        latest = frozenset(
            n for n, asked in enumerate(terms) if self.question.asks_latest and asked.stem in vocabulary.LATEST
        )
        return known | names | latest | self._fiscal_terms()

    def _is_key(self, number: int) -> bool:
        """True if a term is in some, but not all, of the rows or the columns of values."""
        match = self.matches[number]
        columns = len(self.table.heads) - self.table.keys
        rows = {row for row, column in match.cells if column < self.table.keys}
        return 0 < len(match.heads) < columns or 0 < len(rows) < len(self.table.rows)

    def _fiscal_terms(self) -> frozenset[int]:
        """The terms of a period that was translated to the dates of the table."""
        if not self.by_context:
            return frozenset()
        years = {str(year) for year in self.question.periods.years}
        return frozenset(
            number
            for number, asked in enumerate(self.question.terms)
            if asked.stem in years or asked.stem in ("q1", "q2", "q3", "q4")
        )

    def contradicts(self, row: int, column: int) -> bool:
        """True if the head or the label of a cell names another period than the question."""
        head = self.index.head_periods[column]
        return self.periods.contradicts(head) or self.periods.contradicts(self.index.row_periods(row))


def _of_places(index: TableIndex, question: TableQuestion) -> tuple[Sequence[KeyMatch], frozenset[int]]:
    """The match of each term; after "from" or "to" only in the key column that is headed so, if there is one.

    Also the numbers of those terms.
    """
    named = {" ".join(head.casefold().split()): place for place, head in enumerate(index.table.heads) if head}
    named = {head: place for head, place in named.items() if place < index.table.keys and head in _PLACES}
    matches: list[KeyMatch] = []
    placed: set[int] = set()
    place: int | None = None
    for number, asked in enumerate(question.terms):
        match = index.match(asked.stem)
        follows = place is not None and number and question.are_adjacent(number - 1, number)
        place = named.get(question.word_before(number), place if follows else None)
        if place is not None:
            cells = {key: level for key, level in match.cells.items() if key[1] == place}
            match = replace(match, cells=cells) if cells else match
            placed |= {number} if cells else set()
        matches.append(match)
    return matches, frozenset(placed)


def _is_money(question: TableQuestion, text: str) -> bool:
    return question.type == "how much" and any(sign in text for sign in _CURRENCIES)


def latest_only(found: Sequence[CellCandidate], index: TableIndex) -> list[CellCandidate]:
    """The candidates in the columns with the latest date."""
    moments = [index.head_periods[candidate.column].latest for candidate in found]
    latest = max(moments, default=(0, 0, 0))
    return [candidate for candidate, moment in zip(found, moments, strict=True) if moment == latest]


def unexplained(question: TableQuestion, explained: Iterable[int]) -> list[int]:
    """Numbers of the terms that are not explained, without those that a table need not have."""
    known = set(explained)
    return [n for n, asked in enumerate(question.terms) if n not in known and (asked.required or not asked.scaffold)]
