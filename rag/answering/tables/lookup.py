"""Table lookup: the cell, row or column that a question asks for, decided on the table's keys.

There is no finding where an asked name, number, period or qualifier is in no key, nor where two cells with different
values fit equally well: the wrong row is worse than none. Nothing is computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from rag.answering.claims.language.opposites import opposites_of
from rag.answering.tables import vocabulary
from rag.answering.tables.candidates import CellCandidate, CellCandidates, latest_only, unexplained
from rag.answering.tables.cell_text import is_empty_mark, is_numeric, is_period
from rag.answering.tables.coordination import side_by_side
from rag.answering.tables.dates import periods
from rag.answering.tables.finding import Basis, CellFinding
from rag.answering.tables.matching import TableIndex, TableInEvidence
from rag.answering.tables.question import AskedTerm, TableQuestion
from rag.answering.tables.selection import many_of, superlative_of
from rag.answering.tables.wording import finding_of

_MOST_TABLES: Final = 60
# The best cell must be better than every other by so much.
_MARGIN: Final = 0.2
# A cell with a better score that does not fit may be ahead of it by so much.
_BEHIND: Final = 0.5
# Share of the weight of a question's words that may be left over.
_MOST_LEFT: Final = 0.5
# How much a word that is left over counts if the text around the table has it.
_MENTIONED: Final = 0.5
_TIME_WORD: Final = re.compile(
    r"daily|weekly|monthly|yearly|annual|quarterly|hourly|always|never|immediate|term|unlimited", re.I
)
# A key that joins things itself: "Total liabilities and equity".
_JOINED_KEY: Final = re.compile(r"\b(?:and|or)\b|&", re.IGNORECASE)
_COUNT_WORD: Final = re.compile(
    r"\b(?:no|none|one|two|three|four|five|six|seven|eight|nine|ten|free|unlimited|nil|all|by hand|included)\b",
    re.IGNORECASE,
)


def look_up(question: str, tables: Sequence[TableInEvidence], *, limit: int = 3) -> list[CellFinding]:
    """The cells that a question asks for, best first; empty where the tables do not settle it.

    Several findings of kind ``cell`` are the things that the question names side by side.

    Args:
        question: in English, on its own: a follow-up must have been rewritten.
        tables: at most 60 are read, in this order.
        limit: most findings.
    """
    asked = TableQuestion.of(question)
    if not asked.terms:
        return []
    read = _read(asked, [TableIndex(table) for table in tables[:_MOST_TABLES]])
    for find in (_superlatives, _many, _side_by_side, _cells, _not_computed, _rows):
        if found := find(asked, read):
            return found[:limit]
    return []


def _read(asked: TableQuestion, indexes: Sequence[TableIndex]) -> list[CellCandidates]:
    keyed = {n for index in indexes for n, term in enumerate(asked.terms) if index.match(term.stem).is_key}
    return [CellCandidates(index, asked, frozenset(keyed)) for index in indexes]


def _superlatives(asked: TableQuestion, read: Sequence[CellCandidates]) -> list[CellFinding]:
    if not asked.direction:
        return []
    found = [finding for candidates in read if (finding := superlative_of(candidates))]
    return found if len({finding.value.casefold() for finding in found}) == 1 else []


def _many(asked: TableQuestion, read: Sequence[CellCandidates]) -> list[CellFinding]:
    if asked.direction or not (asked.lists or asked.whole_row or asked.distributes_over):
        return []
    found = [finding for candidates in read if (finding := many_of(candidates))]
    return found if len(found) == 1 else []


def _cells(asked: TableQuestion, read: Sequence[CellCandidates]) -> list[CellFinding]:
    ranked = [(candidates, cell) for candidates in read for cell in _ranked(candidates)]
    ranked.sort(key=lambda pair: -pair[1].score)
    fitting = [pair for pair in ranked if is_explained(*pair) and fits_type(asked, _text(*pair))]
    near = bool(fitting) and fitting[0][1].score >= ranked[0][1].score - _BEHIND
    return [_finding(*fitting[0])] if near and _is_settled(fitting) else []


def _ranked(candidates: CellCandidates) -> list[CellCandidate]:
    cells = candidates.cells()
    latest = candidates.question.asks_latest or (candidates.by_context and not _dated(candidates, cells))
    return latest_only(cells, candidates.index) if latest else cells


def _dated(candidates: CellCandidates, cells: Sequence[CellCandidate]) -> bool:
    """True if the cells' heads all name a year of the question."""
    return all(candidates.index.head_periods[cell.column].years & candidates.periods.years for cell in cells)


def _is_settled(fitting: Sequence[tuple[CellCandidates, CellCandidate]]) -> bool:
    """True if no cell fits as well as the best one with another value."""
    best, value = fitting[0][1], _plain(_text(*fitting[0]))
    return all(
        best.score - other.score >= _MARGIN
        or _plain(_text(table, other)) == value
        or (table is fitting[0][0] and _is_more(best, other))
        for table, other in fitting
    )


def _is_more(best: CellCandidate, other: CellCandidate) -> bool:
    """True if the keys of another cell have more words than the best one's, which the question has in full."""
    if best.row_terms != other.row_terms or best.head_terms != other.head_terms:
        return False
    if best.column == other.column:
        return best.label.is_exact and not other.label.is_exact
    return best.row == other.row and best.head.is_exact and not other.head.is_exact


def is_explained(candidates: CellCandidates, cell: CellCandidate) -> bool:
    """True if what the question names is in the keys of a cell or around its table.

    Words that are left over must be neither names, numbers nor qualifiers, nor keys of other cells of the table, nor
    stand beside the words for the row, which would then be another thing: "chicken soup" is not chicken.
    """
    question = candidates.question
    left = unexplained(question, cell.explained)
    terms = question.terms
    if any(terms[n].required or _is_elsewhere(candidates, n) or _has_opposite(candidates, n) for n in left):
        return False
    weight = sum(asked.weight for asked in terms if not asked.scaffold)
    over = sum(terms[n].weight * (_MENTIONED if candidates.matches[n].mentioned else 1.0) for n in left)
    if _is_called_otherwise(candidates, cell):
        return False
    if left and not cell.row_terms:
        return False
    if left and (cell.implied or cell.label.missing or cell.label.general or over > _MOST_LEFT * weight):
        return False
    return not any(_is_part_of_row(candidates, n, cell) for n in left)


def _is_part_of_row(candidates: CellCandidates, number: int, cell: CellCandidate) -> bool:
    """True for a word that stands among the words for the row, right before them, or after them and before no head."""
    question = candidates.question
    rows, heads = cell.row_terms - candidates.placed, cell.head_terms
    first, last = min(rows, default=number), max(rows, default=number)
    if any(question.are_neighbours(number, row) for row in rows) or _is_modifier(question, number, cell):
        return True
    if first < number < last and not any(first < head < last for head in heads):
        return True
    follows = any(question.are_neighbours(row, number) for row in rows)
    return follows and not any(question.are_neighbours(number, head) for head in heads)


def _is_modifier(question: TableQuestion, number: int, cell: CellCandidate) -> bool:
    """True for a word right in front of one that is explained: "unlabelled" of "unlabelled score".

    Where the label is not named, it may also be a part of what the head names: "the blade of the MZ 40".
    """
    following = number + 1
    is_part = not cell.row_terms and question.are_neighbours(number, following)
    return following in cell.explained and (is_part or question.are_adjacent(number, following))


def _is_called_otherwise(candidates: CellCandidates, cell: CellCandidate) -> bool:
    """True if another row, or column, has all words that name this one in part: "income", of two kinds of it."""
    if cell.head.missing and candidates.columns_with(cell.head_terms) - {cell.column}:
        return True
    if not (cell.label.net or cell.label.missing):
        return False
    rows = candidates.table.rows
    others = candidates.rows_with(cell.row_terms)
    return any(other != cell.row and rows[other].groups == rows[cell.row].groups for other in others)


def _is_elsewhere(candidates: CellCandidates, number: int) -> bool:
    match = candidates.matches[number]
    return bool(match.heads) or any(column < candidates.table.keys for _, column in match.cells)


def _has_opposite(candidates: CellCandidates, number: int) -> bool:
    """True for a word whose opposite is in the table, its caption or its context: "exports", of a table of imports."""
    opposites = opposites_of(candidates.question.terms[number].term.text)
    found = [candidates.index.match(opposite) for opposite in opposites]
    return any(match.is_key or match.caption or match.context for match in found)


def fits_type(asked: TableQuestion, value: str) -> bool:
    """True if a cell can be the answer to a question of this type: a number for "how many"."""
    if asked.type is None:
        return True
    if asked.type == "who":
        return not is_numeric(value) and not is_period(value)
    if asked.type == "where":
        return not is_numeric(value)
    digits = any(character.isdigit() for character in value)
    if asked.type in ("when", "how long", "how often"):
        return (
            digits
            or is_period(value)
            or bool(_TIME_WORD.search(value))
            or is_empty_mark(value)
            or value.startswith("no ")
        )
    return digits or bool(_COUNT_WORD.search(value)) or is_empty_mark(value)


def _side_by_side(asked: TableQuestion, read: Sequence[CellCandidates], *, compares: bool = False) -> list[CellFinding]:
    """A finding for each of several rows, or columns, that the question names side by side."""
    indexes = [candidates.index for candidates in read if candidates.knows_all]
    whole = _cells(asked, read) if indexes else []
    if not indexes or (whole and _JOINED_KEY.search(f"{whole[0].row_key} / {whole[0].column_head}")):
        return whole

    def find(text: str) -> CellFinding | None:
        one = TableQuestion.of(text)
        found = _cells(one, _read(one, indexes)) if one.terms else []
        return found[0] if found and "words left over" not in found[0].basis else None

    return side_by_side(asked.text, find, _is_same, belong=_are_in_line, compares=compares)


def _are_in_line(found: Sequence[CellFinding]) -> bool:
    """True for cells of one row or one column; a table may go on on the next page."""
    tables = {(one.table.source[0], one.table.table.heads) for one in found}
    return len(tables) == 1 and 1 in (len({one.row_key for one in found}), len({one.column_head for one in found}))


def _is_same(one: CellFinding, other: CellFinding) -> bool:
    return (one.spans, one.column_head, one.value) == (other.spans, other.column_head, other.value)


def _not_computed(asked: TableQuestion, read: Sequence[CellCandidates]) -> list[CellFinding]:
    """Operands of a sum, mean or difference that no cell has: things side by side, or all cells that fit."""
    computed = [one for one in asked.terms if one.stem in vocabulary.COMPUTED]
    if not computed:
        return []
    rest = TableQuestion.of(_without(asked, computed))
    if not rest.terms:
        return []
    known = _read(rest, [old.index for old in read])
    if several := _side_by_side(rest, known, compares=True) or _many(rest, known):
        is_several = len(several) > 1 or len(several[0].cells) > 1
        return [replace(one, kind="not_computed") for one in several] if is_several else []
    for candidates in known:
        cells = [cell for cell in _ranked(candidates) if is_numeric(_text(candidates, cell))]
        if cells and is_explained(candidates, cells[0]):
            level = [cell for cell in cells if cells[0].score - cell.score < _MARGIN]
            if len(level) == 1 and all(term.stem in vocabulary.WHOLE for term in computed):
                return [_finding(candidates, level[0])]
            return [finding_of(candidates, level, "not_computed", ())] if len(level) > 1 else []
    return []


def _without(asked: TableQuestion, left_out: Iterable[AskedTerm]) -> str:
    """The text of a question without some of its terms."""
    parts, place = [], 0
    for one in left_out:
        parts.append(asked.text[place : one.term.start])
        place = one.term.end
    return " ".join([*parts, asked.text[place:]])


def _rows(asked: TableQuestion, read: Sequence[CellCandidates]) -> list[CellFinding]:
    """The whole row of a code that the question names, where it names no column: "What do I do at E14?"."""
    found: list[CellFinding] = []
    for candidates in read:
        for row, named in candidates.rows():
            terms = frozenset(n for column, numbers in named.items() if column < candidates.table.keys for n in numbers)
            cell = candidates.row_candidate(row, terms)
            if _is_code(asked, terms) and cell.label.is_full and not unexplained(asked, cell.explained):
                found.append(finding_of(candidates, candidates.row_cells(row), "row", ("label named", "only row")))
    return found if len(found) == 1 else []


def _is_code(asked: TableQuestion, terms: Iterable[int]) -> bool:
    """True for a code of letters and digits, which names nothing else; a quarter is none."""
    texts = [asked.terms[n].term.text for n in terms if asked.terms[n].stem not in periods.WORDS]
    return any(any(map(str.isdigit, text)) and any(map(str.isalpha, text)) for text in texts)


def _finding(candidates: CellCandidates, cell: CellCandidate) -> CellFinding:
    basis: list[Basis] = ["label named in part" if cell.label.missing else "label named"]
    basis.append("only column" if cell.implied else "column named")
    left = unexplained(candidates.question, cell.explained)
    if left:
        basis.append("words left over")
    if any(candidates.question.terms[n].required for n in cell.other_terms):
        basis.append("explained by context")
    return finding_of(candidates, [cell], "cell", tuple(basis))


def _text(candidates: CellCandidates, cell: CellCandidate) -> str:
    return candidates.table.rows[cell.row].cells[cell.column]


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("$", "").split())
