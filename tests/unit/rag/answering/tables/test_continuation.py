"""Tables over page breaks."""

from __future__ import annotations

from dataclasses import replace

from rag.answering.tables.continuation import with_continued_heads
from rag.answering.tables.lookup import look_up
from rag.answering.tables.matching import TableInEvidence
from tests.unit.rag.answering.tables.pages import evidence


def page(lines: str, number: int, document: str = "document") -> list[TableInEvidence]:
    return [replace(table, source=(document, number)) for table in evidence(lines)]


FIRST = "Prices\n\nPart      Price    Stock\nBelt         17        3\nSeal         22        5"
SECOND = "Cap          33        7\nFuse          5        9"


def test_heads_of_the_page_before() -> None:
    tables = with_continued_heads([*page(FIRST, 4), *page(SECOND, 5)])
    (found,) = look_up("What is the price of the cap?", tables)
    assert found.value == "33"
    assert found.column_head == "Price"
    assert found.table.source == ("document", 5)
    assert found.table.header_source == ("document", 4)


def test_heads_go_on_over_several_pages() -> None:
    tables = with_continued_heads(
        [*page(FIRST, 4), *page(SECOND, 5), *page("Rope         41        2\nHook         43        1", 6)]
    )
    (found,) = look_up("What is the stock of the rope?", tables)
    assert found.value == "2"
    assert found.table.header_source == ("document", 4)


def test_table_on_a_later_page_or_in_another_document_stays_as_it_is() -> None:
    for tables in ([*page(FIRST, 4), *page(SECOND, 6)], [*page(FIRST, 4), *page(SECOND, 5, "other")]):
        assert with_continued_heads(tables) == tables


def test_table_with_other_columns_stays_as_it_is() -> None:
    tables = [*page(FIRST, 4), *page("Cap          33\nFuse          5", 5)]
    assert with_continued_heads(tables) == tables


def test_no_tables() -> None:
    assert with_continued_heads([]) == []
