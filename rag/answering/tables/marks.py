"""Yes/no cells of tables ("✓", "Not supported"): what a yes/no question asks for, and which things have something."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rag.answering.tables.cell_text import is_empty_mark, without_note
from rag.answering.tables.finding import CellFinding
from rag.answering.tables.lookup import look_up
from rag.answering.tables.matching import TableInEvidence

_TRUE: Final = frozenset(
    "yes y true ✓ ✔ ☑ √ ✅ included supported available allowed permitted covered enabled possible required".split()
)
_FALSE: Final = frozenset("no n false ✗ ✘ ☒ ✕ × ❌ excluded unsupported unavailable prohibited disabled".split())
_NOT: Final = ("not ", "never ")
# "Is it supported in ...": said of every cell, so no word of a table.
_AFFIRMING: Final = re.compile(
    r"\b(?:support(?:s|ed)?|includ(?:e|es|ed)|available|allow(?:s|ed)?|permit(?:s|ted)?|offer(?:s|ed)?|"
    r"cover(?:s|ed)?|provid(?:e|es|ed)|possible|enabled|able to|comes? with|works? with|ha(?:ve|s)|can|gets?)\b",
    re.IGNORECASE,
)
# What is asked of such a cell may turn it around.
_TURNING: Final = re.compile(
    r"\b(?:not|never|no|without|lack(?:s|ing)?|missing|exclud\w{0,4}|un(?:available|supported)|prohibit\w{0,4}|"
    r"forb\w{1,6}|bann?(?:ed|s)?|except|only|or|always|still)\b|n[’']t\b",
    re.IGNORECASE,
)
_WHICH: Final = re.compile(
    r"\s{0,9}(?:which|what)\s{1,9}(?:of\s{1,9}the\s{1,9})?(?:[\w-]{1,40}\s{1,9}){1,3}?"
    r"(?=(?:support|include|allow|permit|offer|cover|provide|have|has|come|comes|get|can|are|is|do)s?\b)",
    re.IGNORECASE,
)
_MOST_THINGS: Final = 40
_MOST_TABLES: Final = 12
_FEWEST: Final = 2
_MOST_WORDS: Final = 4
# Share of yes/no cells among those of a row or a column of them.
_MARKED: Final = 0.5
# What a finding may rest on: nothing of the question is left over.
_CERTAIN: Final = frozenset(("label named", "column named"))


def mark_of(cell: str) -> bool | None:
    """True for a cell that says yes, False for one that says no, None for any other, such as a dash."""
    text = without_note(cell).strip(" .").casefold()
    negated = next((text.removeprefix(word) for word in _NOT if text.startswith(word)), None)
    if negated is not None:
        return False if negated in _TRUE else None
    return True if text in _TRUE else False if text in _FALSE else None


def marked_cells(question: str, tables: Sequence[TableInEvidence]) -> list[CellFinding]:
    """The yes/no cells that a yes/no question asks for: one, or one of each thing named side by side.

    Empty where there is none beyond doubt, or where the question is not about what a cell affirms ("Is X not in Y?").

    Args:
        question: in English, on its own.
        tables: as those of :func:`rag.answering.tables.lookup.look_up`.
    """
    if _TURNING.search(question) or not any(map(_has_marks, tables)):
        return []
    for text in _without_affirming(question):
        found = _cells(text, tables)
        if found and all(mark_of(one.value) is not None for one in found):
            return found
    return []


def marked_things(question: str, tables: Sequence[TableInEvidence]) -> list[CellFinding]:
    """The cells that do not say no of the things that a question asks for: "Which plans have offline mode?".

    Cells beside yes/no cells may say more than yes: "Add-on".

    Args:
        question: in English, on its own.
        tables: the first twelve are read, and of a table the first 40 rows.
    """
    asked = _WHICH.match(question)
    if asked is None or _TURNING.search(question):
        return []
    for table in filter(_has_marks, tables[:_MOST_TABLES]):
        for rest in _without_affirming(question[asked.end() :]):
            for things in (_heads(table), _keys(table)):
                if found := _of_things(rest, things, table):
                    return [one for one in found if mark_of(one.value) is not False and not is_empty_mark(one.value)]
    return []


def _without_affirming(question: str) -> Iterator[str]:
    """A question as it is, without each of the words that are said of every cell, and without all of these."""
    yield question
    words = list(_AFFIRMING.finditer(question))[:_MOST_WORDS]
    for word in words:
        yield f"{question[: word.start()]} {question[word.end() :]}"
    if len(words) > 1:
        yield _AFFIRMING.sub(" ", question)


def _of_things(rest: str, things: Sequence[str], table: TableInEvidence) -> list[CellFinding]:
    """The yes/no cell of each of these things; empty where one has none, or they are of several columns or rows."""
    if not _FEWEST <= len(things) <= _MOST_THINGS:
        return []
    found = list(_each(rest, things, table))
    places = {(one.row_key, one.column_head) for one in found}
    is_line = 1 in (len({row for row, _ in places}), len({head for _, head in places}))
    marked = sum(mark_of(one.value) is not None for one in found)
    is_all = len(found) == len(places) == len(things)
    return found if is_all and is_line and marked >= _MARKED * len(things) else []


def _each(rest: str, things: Sequence[str], table: TableInEvidence) -> Iterator[CellFinding]:
    for thing in things:
        found = _cells(f"{rest.strip(' ?')}, {thing}", (table,))
        if len(found) != 1:
            return
        yield found[0]


def _cells(question: str, tables: Sequence[TableInEvidence]) -> list[CellFinding]:
    found = look_up(question, tables)
    return found if all(one.kind == "cell" and _CERTAIN.issuperset(one.basis) for one in found) else []


def _has_marks(table: TableInEvidence) -> bool:
    keys = table.table.keys
    return any(mark_of(cell) is not None for row in table.table.rows for cell in row.cells[keys:])


def _heads(table: TableInEvidence) -> Sequence[str]:
    return [head for head in table.table.heads[table.table.keys :] if head]


def _keys(table: TableInEvidence) -> Sequence[str]:
    return [table.table.key(row) for row in range(len(table.table.rows))]
