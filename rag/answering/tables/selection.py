"""Selection of several cells: a superlative over a column or row, and whole rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rag.answering.tables import vocabulary
from rag.answering.tables.candidates import CellCandidate, CellCandidates, unexplained
from rag.answering.tables.cell_text import is_empty_mark, value_of
from rag.answering.tables.finding import CellFinding
from rag.answering.tables.matching import Coverage
from rag.answering.tables.terms import are_forms, stem, stems_of
from rag.answering.tables.wording import finding_of, finding_of_cells

_TOTALS: Final = frozenset(stems_of("total subtotal sum all overall average mean median"))
_MEASURED: Final = frozenset(vocabulary.MEASURED)
# Lengths of time in days, by the stem of their unit.
_DAYS: Final = {"minut": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4, "year": 365.0}
_FEWEST: Final = 2
_ROUNDING: Final = 0.01
_NONE: Final = Coverage(named=False, missing=0, rest=0)


def superlative_of(candidates: CellCandidates) -> CellFinding | None:
    """The row with the highest or lowest value of the column that the question names, or the column of a row.

    None where the values are not all plain numbers with one unit, or two are equal, or something that the question
    names is not found.
    """
    question = candidates.question
    ordering = frozenset(
        n for n, asked in enumerate(question.terms) if asked.stem in vocabulary.HIGHEST | vocabulary.LOWEST
    )
    if any(candidates.matches[n].is_key for n in ordering):
        return None
    return _over_column(candidates, ordering) or _over_row(candidates, ordering)


def _over_column(candidates: CellCandidates, ordering: frozenset[int]) -> CellFinding | None:
    rows = _rows_named(candidates)
    columns = list(range(candidates.table.keys, len(candidates.table.heads)))
    ranked = sorted(
        (column for column in columns if candidates.heads[column] and candidates.index.numeric_columns[column]),
        key=lambda column: (-_weight(candidates, candidates.heads[column]), candidates.head_missing(column)),
    )
    if not ranked:
        ranked = _compared(candidates, columns)
    if not ranked or (len(ranked) > 1 and _rank(candidates, ranked[0]) == _rank(candidates, ranked[1])):
        return None
    column = ranked[0]
    rows = [row for row in rows if not candidates.contradicts(row, column)]
    known = candidates.heads[column] | ordering | _key_heads(candidates) | candidates.around
    known |= frozenset[int]().union(*(_row_terms(candidates, row) for row in rows))
    cells = [(row, candidates.table.rows[row].cells[column], candidates.table.key(row)) for row in rows]
    best = _extreme(cells, candidates.question.direction)
    if best is None or unexplained(candidates.question, known):
        return None
    cell = CellCandidate(best, column, frozenset(), candidates.heads[column], frozenset(), _NONE, _NONE, 1.0)
    return finding_of_cells(candidates, [cell], "superlative", named=_named_column(candidates))


def _compared(candidates: CellCandidates, columns: Sequence[int]) -> list[int]:
    """The column that a superlative compares by itself, such as "cheapest"; or else the only one of numbers."""
    asked = next((vocabulary.MEASURED[term.stem] for term in candidates.question.terms if term.stem in _MEASURED), None)
    if asked is not None:
        typed = candidates.index.with_words(vocabulary.HEADS_OF[asked])[0].intersection(columns)
        return sorted(typed) if len(typed) == 1 else []
    numeric = [column for column in columns if candidates.index.numeric_columns[column]]
    return numeric if len(numeric) == 1 else []


def _rank(candidates: CellCandidates, column: int) -> tuple[float, int]:
    return _weight(candidates, candidates.heads[column]), candidates.head_missing(column)


def _weight(candidates: CellCandidates, terms: frozenset[int]) -> float:
    return sum(candidates.question.terms[n].weight for n in terms)


def _rows_named(candidates: CellCandidates) -> list[int]:
    """The rows that have all terms which the keys or groups of some rows have."""
    table = candidates.table
    telling = []
    for match in candidates.matches:
        held = {row for row, column in match.cells if column < table.keys} | set(match.groups)
        if held and len(held) < len(table.rows) and not match.heads:
            telling.append(held)
    return [row for row in range(len(table.rows)) if all(row in held for held in telling) and table.rows[row].certain]


def _row_terms(candidates: CellCandidates, row: int) -> frozenset[int]:
    return frozenset(
        n
        for n, match in enumerate(candidates.matches)
        if row in match.groups or any((row, column) in match.cells for column in range(candidates.table.keys))
    )


def _key_heads(candidates: CellCandidates) -> frozenset[int]:
    """The terms in the heads of the key columns: "which quarter"."""
    return frozenset(
        n for n, match in enumerate(candidates.matches) if any(column < candidates.table.keys for column in match.heads)
    )


def _named_column(candidates: CellCandidates) -> int | None:
    """The key column whose head says what is asked for."""
    for column in range(candidates.table.keys):
        heads = stems_of(candidates.table.heads[column])
        if any(are_forms(stem, head) for stem in candidates.question.noun for head in heads):
            return column
    return None


def _extreme(cells: Sequence[tuple[int, str, str]], direction: int) -> int | None:
    """The place of the single highest (or lowest) value; None where that is not certain.

    Totals do not count. A row that is called one and is not the sum of those before it may be no total: there is no
    answer if its value is the highest.
    """
    if direction < 0 and any(is_empty_mark(text) for _, text, _ in cells):
        return None
    read = [(place, _comparable(text), name) for place, text, name in cells if text and not is_empty_mark(text)]
    numbers = [(place, *found, name) for place, found, name in read if found is not None]
    if len(numbers) < max(len(read), _FEWEST) or len({unit for _, _, unit, _ in numbers}) > 1:
        return None
    single: list[tuple[float, int, bool]] = []
    for place, value, _, name in numbers:
        total = bool(_TOTALS.intersection(stems_of(name)))
        if not (total and abs(sum(known for known, _, named in single if not named) - value) <= _ROUNDING * abs(value)):
            single.append((value, place, total))
    single.sort(key=lambda entry: -direction * entry[0])
    if len(single) < _FEWEST or single[0][0] == single[1][0] or single[0][2]:
        return None
    return single[0][1]


def _comparable(text: str) -> tuple[float, str] | None:
    """The number of a cell with its unit in one form, lengths of time in days."""
    found = value_of(text)
    if found is None:
        return None
    value, unit = found
    unit = stem(unit) if unit.isalpha() else unit
    return (value * _DAYS[unit], "day") if unit in _DAYS else (value, unit)


def _over_row(candidates: CellCandidates, ordering: frozenset[int]) -> CellFinding | None:
    """The column with the highest or lowest value of the one row that the question names."""
    table = candidates.table
    rows = [(row, named) for row, named in candidates.rows() if any(column < table.keys for column in named)]
    named = [row for row, _ in rows if candidates.label(row).named and _row_terms(candidates, row)]
    named = named or _compared_rows(candidates)
    if len(named) != 1:
        return None
    row = named[0]
    columns = [column for column in range(table.keys, len(table.heads)) if table.heads[column]]
    known = _row_terms(candidates, row) | ordering | candidates.around | _nouns(candidates, columns)
    cells = [(column, table.rows[row].cells[column], table.heads[column]) for column in columns]
    best = _extreme(cells, candidates.question.direction)
    if best is None or len(columns) < _FEWEST or unexplained(candidates.question, known):
        return None
    cell = CellCandidate(row, best, frozenset(), frozenset(), frozenset(), _NONE, _NONE, 1.0)
    return finding_of_cells(candidates, [cell], "superlative", over_row=True)


def _compared_rows(candidates: CellCandidates) -> list[int]:
    """The row that a superlative compares by itself: that of the weight for "lightest"."""
    asked = next((vocabulary.MEASURED[term.stem] for term in candidates.question.terms if term.stem in _MEASURED), None)
    return sorted(candidates.index.with_words(vocabulary.HEADS_OF[asked])[1]) if asked else []


def _nouns(candidates: CellCandidates, columns: Sequence[int]) -> frozenset[int]:
    """The terms after "which" that say what the columns are: years, where the heads are years."""
    heads = candidates.index.head_periods
    if all(heads[column].years for column in columns):
        kinds = {"year"}
    elif all(heads[column].quarters for column in columns):
        kinds = {"quarter"}
    else:
        kinds = set()
    return frozenset(n for n, asked in enumerate(candidates.question.terms) if asked.stem in kinds)


def many_of(candidates: CellCandidates) -> CellFinding | None:
    """A whole row, column, or all rows with a key, where the question asks for several values."""
    question, table = candidates.question, candidates.table
    general = frozenset(
        n for n, asked in enumerate(question.terms) if asked.stem in vocabulary.LISTING | vocabulary.WHOLE_ROW
    )
    keys = _key_heads(candidates)
    each = {n for n in keys if question.terms[n].stem in question.distributes_over}
    if not (question.lists or question.whole_row or each):
        return None
    columns = _best_columns(candidates, _headed(candidates, general))
    heads = frozenset[int]().union(*(candidates.heads[column] for column in columns))
    known = general | candidates.around | keys
    rows = _best_rows(candidates, general | each)
    if rows and len(rows) < len(table.rows):
        if unexplained(question, known | heads | _row_terms(candidates, rows[0])):
            return _some_rows(candidates, columns, known | heads)
        if len(rows) > 1:
            return finding_of(candidates, _cells(rows, columns or _values(candidates)), "rows", ())
        return finding_of(candidates, _cells(rows, _values(candidates)), "row", ()) if question.whole_row else None
    if len(columns) == 1 and not unexplained(question, known | heads):
        return finding_of(candidates, _cells(range(len(table.rows)), columns), "column", ())
    return None


def _some_rows(candidates: CellCandidates, columns: Sequence[int], known: frozenset[int]) -> CellFinding | None:
    """The rows that the question lists, in the one column that it names."""
    if len(columns) != 1 or not candidates.question.joins:
        return None
    chosen: dict[int, frozenset[int]] = {}
    for row in _named_rows(candidates):
        terms = _row_terms(candidates, row) - known
        if terms and not any(terms <= other for other in chosen.values()):
            chosen = {place: other for place, other in chosen.items() if not other < terms} | {row: terms}
    if len(chosen) < _FEWEST or unexplained(candidates.question, known.union(*chosen.values())):
        return None
    return finding_of(candidates, _cells(sorted(chosen), columns), "column", ())


def _named_rows(candidates: CellCandidates) -> list[int]:
    keys = candidates.table.keys
    return sorted(row for row, cells in candidates.rows() if any(column < keys for column in cells))


def _headed(candidates: CellCandidates, general: frozenset[int]) -> list[int]:
    """The columns of values whose heads the question names, not only by words such as "all"."""
    columns = range(candidates.table.keys, len(candidates.table.heads))
    return [column for column in columns if candidates.heads[column] - general]


def _best_columns(candidates: CellCandidates, columns: Sequence[int]) -> list[int]:
    ranks = {column: _rank(candidates, column) for column in columns}
    best = max(ranks.values(), default=None, key=lambda rank: (rank[0], -rank[1]))
    return [column for column, rank in ranks.items() if rank == best]


def _best_rows(candidates: CellCandidates, general: frozenset[int]) -> list[int]:
    """The rows whose keys and groups have the most of the question, but for general words and heads of columns."""
    named = set(_named_rows(candidates))
    named |= {row for match in candidates.matches for row in match.groups}
    weights = {}
    for row in named:
        terms = frozenset(n for n in _row_terms(candidates, row) - general if not candidates.matches[n].heads)
        if terms:
            weights[row] = _weight(candidates, terms)
    best = max(weights.values(), default=0.0)
    return sorted(row for row, weight in weights.items() if weight == best)


def _values(candidates: CellCandidates) -> list[int]:
    return list(range(candidates.table.keys, len(candidates.table.heads)))


def _cells(rows: Sequence[int], columns: Sequence[int]) -> list[CellCandidate]:
    return [
        CellCandidate(row, column, frozenset(), frozenset(), frozenset(), _NONE, _NONE, 1.0)
        for row in rows
        for column in columns
    ]
