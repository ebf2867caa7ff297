"""Any table with distinct keys is parsed back, and every cell of it is found."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.tables.lookup import look_up
from rag.answering.tables.matching import TableInEvidence
from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.table import ParsedTable
from tests.unit.rag.answering.tables.pages import aligned, barred, drawn, latex

# Words that are no English ones, none a form of another.
WORDS = [
    "".join(parts) for parts in product(["ba", "ko", "zu", "mi"], ["lor", "pex", "vun", "dag"], ["ta", "ri", "mo"])
]

numbers = st.integers(10, 99_999).map(lambda number: f"{number:,}")


@st.composite
def contents(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of a table: the first column of names, the others of numbers that all differ."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=6, max_size=16, unique=True))
    columns = draw(st.integers(2, 4))
    heads = [word.capitalize() for word in words[:columns]]
    keys = words[columns:]
    count = (columns - 1) * len(keys)
    cells = iter(draw(st.lists(numbers, min_size=count, max_size=count, unique=True)))
    return heads, [[key, *(next(cells) for _ in heads[1:])] for key in keys]


def parsed(notation: str, heads: list[str], rows: list[list[str]]) -> ParsedTable:
    if notation == "aligned":
        (table,) = parse_tables(*drawn(aligned(heads, rows)))
    else:
        (table,) = parse_tables(barred(heads, rows) if notation == "barred" else latex(heads, rows))
    return table


@pytest.mark.parametrize("notation", ["aligned", "barred", "latex"])
@given(contents())
def test_is_parsed_back(notation: str, content: tuple[list[str], list[list[str]]]) -> None:
    heads, rows = content
    table = parsed(notation, heads, rows)
    assert list(table.heads) == heads
    assert [list(row.cells) for row in table.rows] == rows


@pytest.mark.parametrize(
    "question", ["What is the {head} of {key}?", "{key} {head}", "How much {head} does {key} have?"]
)
@given(contents(), st.data())
def test_every_cell_is_found(question: str, content: tuple[list[str], list[list[str]]], data: st.DataObject) -> None:
    heads, rows = content
    table = parsed("barred", heads, rows)
    row, column = data.draw(st.sampled_from(rows)), data.draw(st.integers(1, len(heads) - 1))
    (found,) = look_up(question.format(head=heads[column], key=row[0]), [TableInEvidence(table)])
    assert found.kind == "cell"
    assert found.value == row[column]
    assert found.row_key == row[0]
    assert found.column_head == heads[column]


@given(contents(), st.data())
def test_key_that_is_not_in_the_table_finds_nothing(
    content: tuple[list[str], list[list[str]]], data: st.DataObject
) -> None:
    heads, rows = content
    table = parsed("barred", heads, rows)
    known = {word.casefold() for word in [*heads, *(row[0] for row in rows)]}
    absent = data.draw(st.sampled_from([word for word in WORDS if word not in known]))
    head, key = heads[1], rows[0][0]
    evidence = [TableInEvidence(table)]
    assert look_up(f"What is the {head} of {absent}?", evidence) == []
    assert look_up(f"What is the {head} of the {absent} {key}?", evidence) == []
    assert look_up(f"What is the {absent} of {key}?", evidence) == []
    assert look_up(f"What is the {head} of {key} in 1973?", evidence) == []


@given(contents())
def test_superlative_is_the_row_with_the_highest_number(content: tuple[list[str], list[list[str]]]) -> None:
    heads, rows = content
    table = parsed("barred", heads, rows)
    (found,) = look_up(f"Which {heads[0]} has the highest {heads[1]}?", [TableInEvidence(table)])
    assert found.kind == "superlative"
    assert found.value == max(rows, key=lambda row: int(row[1].replace(",", "")))[0]


@given(st.text(max_size=300), st.text(max_size=100))
def test_any_text_is_parsed_and_asked(text: str, question: str) -> None:
    for table in parse_tables(text):
        assert all(0 <= row.start <= row.end <= len(text) for row in table.rows)
        look_up(question, [TableInEvidence(table)])
