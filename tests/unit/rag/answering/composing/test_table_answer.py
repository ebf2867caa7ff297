"""Answers from tables: the cell, the row or the column that is asked for, with the cells as quotes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.answering.composing.table_answer import TableAnswer, table_answer
from rag.answering.grounding import Evidence
from tests.unit.rag.answering.material import document_of, evidence_on, page_with_headings

PUMPS = """\
# Pumps of the works

The works make three pumps.

| Pump | Weight (kg) | Oil (litres) | Price (€) |
| --- | --- | --- | --- |
| Bittern 4 | 120 | 0.6 | 4,200 |
| Bittern 6 | 285 | 1.4 | 7,900 |
| Bittern 9 | 410 | 2.8 | 9,300 |

All of them are blue."""


def evidence() -> Sequence[Evidence]:
    return [evidence_on(page_with_headings(PUMPS))]


def answer(question: str) -> TableAnswer:
    found = table_answer(question, evidence())
    assert found
    for support in found.support:
        assert support.supported
        assert support.verbatim
        for quote in support.quotes:
            assert quote.text == quote.evidence.page.text[quote.span.start : quote.span.end] != ""
    return found


@pytest.mark.parametrize(
    ("question", "value", "row"),
    [
        ("How much does the Bittern 6 weigh?", "285", "Bittern 6"),
        ("What is the price of the Bittern 9?", "9,300", "Bittern 9"),
        ("How many litres of oil does the Bittern 4 take?", "0.6", "Bittern 4"),
    ],
)
def test_one_cell(question: str, value: str, row: str) -> None:
    found = answer(question)
    (support,) = found.support
    assert found.value
    assert value in found.value
    assert 0.6 <= found.score <= 1
    assert support.kind == "lead"
    assert row in support.sentence
    assert value in support.sentence
    assert all(other not in support.sentence for other in ("4,200", "120", "410") if other != value)
    assert any(value in quote.text for quote in support.quotes)


def test_several_cells_side_by_side() -> None:
    found = answer("What are the weight and the price of the Bittern 6?")
    assert [support.kind for support in found.support] == ["item", "item"]
    weight, price = (support.sentence for support in found.support)
    assert "285" in weight
    assert "7,900" in price
    assert found.value is None


def test_the_whole_table_has_its_head_first() -> None:
    found = answer("Give me a table of the weight of each pump")
    head, *rows = found.support
    assert {support.kind for support in found.support} == {"row"}
    assert "Pump" in head.sentence
    assert [row.sentence.split(" | ")[0] for row in rows] == ["Bittern 4", "Bittern 6", "Bittern 9"]
    assert found.value is None


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("How much does the Osprey 2 weigh?", id="no such row"),
        pytest.param("How loud is the Bittern 6?", id="no such column"),
        pytest.param("Who wrote the manual?", id="something else"),
        pytest.param("", id="nothing"),
    ],
)
def test_none_where_no_cell_is_meant(question: str) -> None:
    assert table_answer(question, evidence()) is None


def test_each_page_is_parsed_once_and_pages_without_tables_are_none() -> None:
    page = page_with_headings("The pump weighs 285 kg, says the works.")
    assert table_answer("How much does the Bittern 6 weigh?", [evidence_on(page)]) is None
    twice = [*evidence(), *evidence()]
    found = table_answer("How much does the Bittern 6 weigh?", twice)
    assert found
    assert len(found.support) == 1


def test_only_the_pages_of_the_best_passages() -> None:
    fillers = [
        evidence_on(page_with_headings("The pump is blue."), document=document_of(f"{number}.pdf"))
        for number in range(6)
    ]
    assert table_answer("How much does the Bittern 6 weigh?", [*fillers, *evidence()]) is None
