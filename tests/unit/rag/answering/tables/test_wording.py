"""Wording of findings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.tables.lookup import look_up
from rag.answering.tables.wording import finding_sentence, table_rows
from tests.unit.rag.answering.tables.material import CALLS, PRICES, REVENUE, SEGMENTS, STATIONS, STORAGE, TECHNICAL
from tests.unit.rag.answering.tables.pages import evidence


@pytest.mark.parametrize(
    ("tables", "question", "sentence"),
    [
        pytest.param(
            STORAGE, "How many days can I keep bacon?", "Bacon, Approximate time (days): 5 to 7.", id="unit in the head"
        ),
        pytest.param(
            REVENUE, "What was the revenue in Q3 2024?", "2024, Q3, Revenue (thousand euros): 99.", id="two keys"
        ),
        pytest.param(
            TECHNICAL, "What is the note of the Bittern 9?", "Note (Hz), Bittern 9: 170.", id="unit in the label"
        ),
        pytest.param(
            SEGMENTS,
            "What was the revenue of Cloud in the three months ended September 30, 2023?",
            "Revenue, Cloud, Three Months Ended September 30, 2023: 24,259 (In millions).",
            id="group, and unit of the caption",
        ),
        pytest.param(
            PRICES, "What does K-15 cost for the Bittern 4?", "K-15, Compressor belt, Bittern 4: €17.", id="description"
        ),
        pytest.param(
            STATIONS,
            "Which station has the most parking spaces?",
            "Iris Street, Parking spaces: 274, the most of these.",
            id="superlative",
        ),
    ],
)
def test_sentence(tables: list, question: str, sentence: str) -> None:  # type: ignore[type-arg]
    (found,) = look_up(question, tables)
    assert finding_sentence(question, found) == sentence


def test_bare_number_as_key_has_its_head() -> None:
    tables = evidence("""
Band    Typical work        2023     2024
1       canteen            2,140    2,240
2       fitter             2,520    2,640
""")
    question = "band 2, 2024"
    (found,) = look_up(question, tables)
    assert finding_sentence(question, found) == "Band 2, fitter, 2024: 2,640."


def test_a_sentence_above_a_row_is_not_said() -> None:
    (found, *_) = look_up("What is the note of the Bittern 9?", TECHNICAL)
    claim = "Since the page was revised, 4,321 is what everybody hears."
    assert finding_sentence("", replace(found, column_head=claim)) == "Note (Hz): 170."
    assert finding_sentence("", replace(found, group=claim, column_head="")) == "Note (Hz): 170."


def test_a_sentence_that_is_in_the_row_is_said() -> None:
    (found, *_) = look_up("What is the note of the Bittern 9?", TECHNICAL)
    labelled = replace(found, row_key="The note of the horn in Hz.", column_head="")
    assert finding_sentence("", labelled) == "The note of the horn in Hz: 170."


def test_several_values_have_rows_and_no_sentence() -> None:
    question = "call-outs for the Bittern 9 by cause, all rows"
    (found,) = look_up(question, CALLS)
    assert finding_sentence(question, found) == ""
    assert table_rows(found) == [
        "Cause | Bittern 9",
        "Fog Eye lens dirty | 11",
        "Air leak | 9",
        "Water or ice | 3",
        "All causes | 23",
    ]


def test_bar_in_a_cell_does_not_make_a_column() -> None:
    tables = evidence("Key         Price    Stock\na|b             5        7\nc|d             6        8")
    (found,) = look_up("List the price of every key", tables)
    assert table_rows(found) == ["Key | Price", "a/b | 5", "c/d | 6"]


def test_value_with_a_unit_of_its_own_gets_no_other() -> None:
    tables = evidence("""
Results (in millions)

Item          2023     2022
Margin        34 %     50 %
Income       2,768    8,113
""")
    (margin,) = look_up("What was the margin in 2023?", tables)
    (income,) = look_up("What was the income in 2023?", tables)
    assert margin.unit == ""
    assert income.unit == "in millions"
