"""Agreement of a sentence with the table that it quotes: whether its values are from the row and column that are meant.

For sentences that a language model wrote. Only contradictions that the keys of the table show are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from rag.answering.tables.cell_text import is_empty_mark
from rag.answering.tables.dates.periods import Periods
from rag.answering.tables.dates.row_dates import are_of_other_dates
from rag.answering.tables.matching import coverage
from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.table import ParsedTable
from rag.answering.tables.terms import stem, stems_of, terms_of, with_words
from rag.domain.values import Word

# Words that do not tell values apart: 1 to 2, $ 5.
_LOOSE: Final = frozenset(["to", "and", "dollar", "euro", "pound", "percent", "celsius", "us"])
_MOST_ROWS: Final = 400
_LONGEST_CELL: Final = 300

# Start and end among the words of a sentence.
_Place: TypeAlias = tuple[int, int]


def row_agrees(
    question: str, sentence: str, quote_text: str, page_text: str, quote_start: int, words: Sequence[Word] = ()
) -> bool | None:
    """Whether the values of a sentence are from the row and the column that the question, or it itself, names.

    Args:
        question: that the sentence answers.
        sentence: in free words.
        quote_text: its quote, ``page_text[quote_start:quote_start + len(quote_text)]``.
        page_text: the page of the quote.
        quote_start: offset of the quote.
        words: of the page, with boxes; without them only tables in LaTeX or with bars are known.

    Returns:
        False if a value stands only in cells whose keys contradict those that are named, such as the row of another
        thing, or the column of another period, or if the row is of other days than the question names; True if all
        values are from cells whose keys agree; None if the quote is in no table, or that cannot be decided.
    """
    quote_end = quote_start + len(quote_text)
    judged: list[bool | None] = []
    for table in parse_tables(page_text, words):
        rows = [n for n, row in enumerate(table.rows) if row.start < quote_end and row.end > quote_start]
        if rows:
            judged += [False] * are_of_other_dates(question, table, rows)
            judged += _judged(_Named(table, question, sentence), sentence, rows[:_MOST_ROWS])
    if False in judged:
        return False
    return True if judged and all(judged) else None


def _judged(named: _Named, sentence: str, rows: Iterable[int]) -> Iterator[bool | None]:
    """For each value of a sentence: False if all its cells are contradicted, True if one agrees."""
    values: dict[_Place, list[bool | None]] = {}
    for place, row, column in _values(named.table, sentence, rows):
        values.setdefault(place, []).append(named.judge(row, column))
    for judged in values.values():
        yield True if True in judged else False if all(verdict is False for verdict in judged) else None


def _values(table: ParsedTable, sentence: str, rows: Iterable[int]) -> list[tuple[_Place, int, int]]:
    """The cells whose text is in a sentence, with its place there; none within a longer one."""
    tokens = _tokens(sentence)
    positions: dict[str, list[int]] = {}
    for position, token in enumerate(tokens):
        positions.setdefault(token, []).append(position)
    found: list[tuple[_Place, int, int]] = []
    for row in rows:
        for column in range(table.keys, len(table.heads)):
            cell = _tokens(table.rows[row].cells[column][:_LONGEST_CELL])
            if not cell or is_empty_mark(table.rows[row].cells[column]):
                continue
            starts = [start for start in positions.get(cell[0], ()) if tokens[start : start + len(cell)] == cell]
            found += [((start, start + len(cell)), row, column) for start in starts]
    numeric = [entry for entry in found if any(token[0].isdigit() for token in tokens[slice(*entry[0])])]
    return _outermost(numeric or found)


def _tokens(text: str) -> list[str]:
    tokens = [term.text.casefold() for term in terms_of(with_words(text))]
    return [stem(token) or token if token[0].isdigit() else token for token in tokens if token not in _LOOSE]


def _outermost(found: Sequence[tuple[_Place, int, int]]) -> list[tuple[_Place, int, int]]:
    """Without the cells whose text is only a part of another one's: 2 in "1 to 2"."""
    places = {place for place, _, _ in found}
    covered = {
        inner
        for inner in places
        if any(outer[0] <= inner[0] and inner[1] <= outer[1] and outer != inner for outer in places)
    }
    return [entry for entry in found if entry[0] not in covered]


class _Source(NamedTuple):
    """What a text names in a table.

    Attributes:
        keys: by key column, the cells that it names in full.
        groups, heads: likewise.
        periods: that it names.
    """

    keys: tuple[frozenset[str], ...]
    groups: frozenset[str]
    heads: frozenset[str]
    periods: Periods


@dataclass(frozen=True)
class _Named:
    """What a question and a sentence name in a table."""

    table: ParsedTable
    question: str
    sentence: str

    @cached_property
    def sources(self) -> tuple[_Source, _Source]:
        """What the question names, and what the sentence does."""
        return self._source(self.question), self._source(self.sentence)

    def _source(self, text: str) -> _Source:
        stems = frozenset(stems_of(text))
        table = self.table
        columns = [{row.cells[column] for row in table.rows if row.cells[column]} for column in range(table.keys)]
        groups = {group for row in table.rows for group in row.groups}
        return _Source(
            keys=tuple(_named(cells, stems) for cells in columns),
            groups=_named(groups, stems),
            heads=_named(set(table.heads[table.keys :]), stems),
            periods=Periods.of(with_words(text)),
        )

    def judge(self, row: int, column: int) -> bool | None:
        """False if a cell's keys are contradicted; True if its row is named, and no other row fits as well."""
        if (verdict := self._verdict(row, column)) is not True:
            return verdict
        value = self.table.rows[row].cells[column]
        others = (n for n, other in enumerate(self.table.rows[:_MOST_ROWS]) if other.cells[column] != value)
        return None if any(self._verdict(other, column) for other in others) else True

    def _verdict(self, row: int, column: int) -> bool | None:
        keys, others = self._keys(row), self._others(row, column)
        if keys is False or others is False:
            return False
        return keys

    def _keys(self, row: int) -> bool | None:
        """Agreement of the key cells: the question's, or those that the sentence names beside the question's."""
        asked, stated = self.sources
        found: list[bool | None] = []
        for place, cell in enumerate(self.table.rows[row].cells[: self.table.keys]):
            by_question, by_sentence = _member(cell, asked.keys[place]), _member(cell, stated.keys[place])
            beside = by_sentence is True and bool(asked.keys[place] & stated.keys[place])
            found.append(_both((by_question, by_sentence), beside=beside))
        return False if False in found else True if True in found else None

    def _others(self, row: int, column: int) -> bool | None:
        """Contradiction by groups, column heads or periods; where the sentence names them, they count."""
        head, groups = self.table.heads[column], self.table.rows[row].groups
        label = " ".join([*groups, *self.table.rows[row].cells[: self.table.keys]])
        found: list[bool | None] = []
        for source in self.sources:
            contradicted = (
                (bool(source.heads) and bool(head) and head not in source.heads)
                or (bool(groups) and bool(source.groups) and source.groups.isdisjoint(groups))
                or source.periods.contradicts(Periods.of(head))
                or source.periods.contradicts(Periods.of(label))
            )
            named = source.heads or source.groups or source.periods.is_named
            found.append(False if contradicted else True if named else None)
        return _both(found, beside=bool(found[1]) and _shares(*self.sources))


def _member(cell: str, named: frozenset[str]) -> bool | None:
    return cell in named if named else None


def _both(verdicts: Sequence[bool | None], *, beside: bool) -> bool | None:
    """One verdict; what a sentence names beside what is asked does not contradict the question."""
    by_question, by_sentence = verdicts
    if by_sentence is False or (by_question is False and not beside):
        return False
    return None if by_question is False else by_question or by_sentence


def _shares(asked: _Source, stated: _Source) -> bool:
    """True if the sentence names a head, group or year of the question too."""
    return bool(
        asked.heads & stated.heads or asked.groups & stated.groups or asked.periods.years & stated.periods.years
    )


def _named(texts: Iterable[str], stems: frozenset[str]) -> frozenset[str]:
    """The texts that are named in full, without those that are only a part of another named one."""
    named: dict[str, frozenset[str]] = {}
    for text in texts:
        own = frozenset(stems_of(text[:_LONGEST_CELL]))
        if own and coverage(text, stems).is_full:
            named[text] = own & stems
    return frozenset(text for text, own in named.items() if not any(own < other for other in named.values()))
