"""Agreement of written sentences with the tables that they quote."""

from __future__ import annotations

import pytest

from rag.answering.tables.agreement import row_agrees
from tests.complexity import assert_linear
from tests.unit.rag.answering.tables.pages import drawn

STORAGE = """
Type                   Time in days
Chicken                     1 to 2
Ground beef                 1 to 2
Steaks and roasts           3 to 5
Bacon                       5 to 7
"""

REVENUE = """
Year    Quarter    Revenue
2023    Q4             125
2024    Q1              97
2024    Q3              99
2024    Q4             131
"""

SALES = """
                  Three months ended        Six months ended
                       June 30,                 June 30,
                   2023         2022        2023         2022
Net sales         8,325        8,702      16,356       17,531
Income            1,042          110       2,717        1,751
"""


def agrees(lines: str, question: str, sentence: str, quote: str | None = None) -> bool | None:
    text, words = drawn(lines)
    quote = text if quote is None else quote
    return row_agrees(question, sentence, quote, text, text.index(quote), words)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        pytest.param("Chicken can be kept for 1 to 2 days.", True, id="right row"),
        pytest.param("1–2 days.", True, id="only the value"),
        pytest.param("Chicken can be kept for 3 to 5 days.", False, id="the steaks' row for chicken"),
        pytest.param("It can be kept for 3 to 5 days.", False, id="without the name"),
        pytest.param("Steaks and roasts keep for 3 to 5 days.", False, id="another thing than is asked for"),
        pytest.param("Chicken keeps for 1 to 2 days, and bacon for 5 to 7.", None, id="another thing beside it"),
        pytest.param("Keep it cold.", None, id="no value"),
    ],
)
def test_rows(sentence: str, expected: bool | None) -> None:
    assert agrees(STORAGE, "How long can I keep chicken in the fridge?", sentence) is expected


@pytest.mark.parametrize(
    ("question", "sentence", "expected"),
    [
        pytest.param("What was the revenue in Q3 2024?", "It was 99.", True, id="both keys"),
        pytest.param(
            "What was the revenue in Q3 2024?", "The revenue in Q3 2024 was 131.", False, id="another quarter"
        ),
        pytest.param("What was the revenue in the fourth quarter of 2024?", "125", False, id="another year"),
        pytest.param("What was the revenue in 2024?", "It was 131.", None, id="rows that differ"),
    ],
)
def test_several_keys(question: str, sentence: str, expected: bool | None) -> None:
    assert agrees(REVENUE, question, sentence) is expected


@pytest.mark.parametrize(
    ("question", "sentence", "expected"),
    [
        pytest.param("Net sales of the quarter ended June 30, 2023?", "Net sales were 8,325.", True, id="quarter"),
        pytest.param("Net sales of the quarter ended June 30, 2023?", "Net sales were 16,356.", False, id="six months"),
        pytest.param("Net sales of the quarter ended June 30, 2023?", "Net sales were 8702.", False, id="last year"),
        pytest.param("Income of the quarter ended June 30, 2023?", "Income was 8,325.", False, id="another line"),
        pytest.param("Net sales?", "Net sales were 16,356 in the six months ended June 30, 2023.", True, id="told"),
    ],
)
def test_columns(question: str, sentence: str, expected: bool | None) -> None:
    assert agrees(SALES, question, sentence) is expected


def test_only_the_quoted_rows_count() -> None:
    question = "How long can I keep chicken?"
    assert agrees(STORAGE, question, "3 to 5 days", "Steaks and roasts 3 to 5") is False
    assert agrees(STORAGE, question, "3 to 5 days", "Chicken 1 to 2") is None


def test_quote_outside_tables() -> None:
    lines = "Chicken keeps for 1 to 2 days.\n" + STORAGE
    assert agrees(lines, "How long can I keep bacon?", "1 to 2 days", "Chicken keeps for 1 to 2 days.") is None


def test_part_of_a_range_is_no_value() -> None:
    lines = "Type      Days\nChicken      1 to 2\nBacon             2\nBeef         3 to 4"
    assert agrees(lines, "How long can I keep chicken?", "1 to 2 days") is True


def test_cells_of_text() -> None:
    lines = """
Task                     When           Who

Lift the valve           yearly         fogwright

Replace the diaphragm    every month    trained keeper

Clean the lenses         weekly         keeper
"""
    question = "How often must I replace the diaphragm?"
    assert agrees(lines, question, "It is replaced every month.") is True
    assert agrees(lines, question, "It is replaced yearly.") is False


def test_table_with_bars_needs_no_boxes() -> None:
    text = "Type | Days\nChicken | 1 to 2\nBacon | 5 to 7"
    assert row_agrees("How long does bacon keep?", "1 to 2 days", text, text, 0) is False


def test_time_is_linear_in_the_sentence() -> None:
    text, words = drawn(STORAGE)

    def prepare(size: int) -> object:
        sentence = "chicken 1 to 2 days " * (size // 20)
        return lambda: row_agrees("How long can I keep chicken?", sentence, text, text, 0, words)

    assert_linear(prepare, 40_000)  # type: ignore[arg-type]
