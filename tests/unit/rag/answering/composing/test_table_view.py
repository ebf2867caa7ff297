"""Rows of a table as sentences: under their head, and only the columns and rows that a question names."""

from __future__ import annotations

import pytest

from rag.answering.composing.table_view import rows_as_support
from rag.answering.evidence.units import Unit, units_of
from tests.unit.rag.answering.material import evidence_of

TABLE = """\
| Pump | Weight | Price |
| --- | --- | --- |
| Bittern 4 | 120 kg | €90 |
| Bittern 6 | 285 kg | €99 |
| Osprey 9 | 410 kg | €120 |"""


@pytest.fixture(scope="module")
def rows() -> list[Unit]:
    return units_of(evidence_of(TABLE))


def test_a_row_that_is_named_in_full_is_shown_alone(rows: list[Unit]) -> None:
    shown = [support.sentence for support in rows_as_support("What of the Bittern 6?", rows)]
    assert shown == ["Bittern 6: Weight 285 kg; Price €99"]


def test_a_row_by_itself_is_proven_with_the_heads_of_its_columns(rows: list[Unit]) -> None:
    (support,) = rows_as_support("What of the Bittern 6?", rows)
    assert [quote.text for quote in support.quotes] == ["| Bittern 6 | 285 kg | €99 |", "| Pump | Weight | Price |"]


def test_a_word_above_the_table_tells_no_rows_apart() -> None:
    table = TABLE.replace("Osprey 9", "Bittern 9").replace("Bittern 6", "Osprey 6")
    units = [unit for unit in units_of(evidence_of(f"All of the Bittern pumps:\n\n{table}")) if unit.row]
    shown = [support.sentence.split(" | ")[0] for support in rows_as_support("The price of a Bittern", units)]
    assert shown == ["Pump", "Bittern 4", "Osprey 6", "Bittern 9"]


HEAD = "Pump | Weight | Price"
ALL = ["Bittern 4 | 120 kg | €90", "Bittern 6 | 285 kg | €99", "Osprey 9 | 410 kg | €120"]


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        pytest.param("Which are sold?", [HEAD, *ALL], id="all"),
        pytest.param("Weight and price of each pump", [HEAD, *ALL], id="all columns"),
        pytest.param(
            "The weight of each",
            ["Pump | Weight", "Bittern 4 | 120 kg", "Bittern 6 | 285 kg", "Osprey 9 | 410 kg"],
            id="one column",
        ),
        pytest.param(
            "The price of a Bittern", ["Pump | Price", "Bittern 4 | €90", "Bittern 6 | €99"], id="rows and a column"
        ),
        pytest.param("What of the Bittern 6 and the Osprey?", [HEAD, *ALL[1:]], id="one in full, and another one"),
        pytest.param("What of the Osprey?", [HEAD, *ALL], id="a single row is not enough to leave out the others"),
    ],
)
def test_columns_and_rows(rows: list[Unit], question: str, shown: list[str]) -> None:
    supports = rows_as_support(question, rows)
    assert [support.sentence for support in supports] == shown
    assert {support.kind for support in supports} == {"row"}
    assert supports[0].quotes[0].text == "| Pump | Weight | Price |"
    assert [support.quotes[0].text for support in supports[1:]] == [
        next(line for line in TABLE.splitlines() if line.startswith(f"| {support.sentence.split(' | ')[0]} "))
        for support in supports[1:]
    ]


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("Which is it?", "Bittern 6: Weight 285 kg; Price €99"),
        ("Its price?", "Bittern 6: Price €99"),
    ],
)
def test_a_single_row_is_an_item(rows: list[Unit], question: str, shown: str) -> None:
    (support,) = rows_as_support(question, [rows[1]])
    assert (support.sentence, support.kind) == (shown, "item")


OFFICES = """\
| Office | Held by | Task | Term |
| --- | --- | --- | --- |
| Treasurer | C. Mabey | money and pay | 3 years |"""


@pytest.mark.parametrize(
    ("table", "question", "shown"),
    [
        pytest.param(
            OFFICES,
            "What is Mabey in charge of, and for what term?",
            "Treasurer: Held by C. Mabey; Task money and pay; Term 3 years",
            id="a part may paraphrase another column",
        ),
        pytest.param(
            "| Part | Bittern 4 | Bittern 6 |\n| --- | --- | --- |\n| Seal | €64 | €188 |",
            "What does the seal of a Bittern 6 cost, and who changes it?",
            "Seal: Bittern 6 €188",
            id="columns of a kind",
        ),
    ],
)
def test_columns_of_a_question_with_several_parts(table: str, question: str, shown: str) -> None:
    (support,) = rows_as_support(question, units_of(evidence_of(table)), has_parts=True)
    assert support.sentence == shown


def test_a_bar_within_a_cell_divides_nothing(rows: list[Unit]) -> None:
    units = units_of(evidence_of(TABLE.replace("Osprey 9", "Osprey 9\\|10")))
    assert all(support.sentence.count(" | ") == 2 for support in rows_as_support("Which are sold?", units))
