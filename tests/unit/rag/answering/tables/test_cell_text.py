"""Cells as quantities, periods and marks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.tables.cell_text import is_numeric, is_period, is_quantity, is_range, is_sign, value_of, without_note


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("39,669", (39669.0, ""), id="thousands"),
        pytest.param("$ 39,669", (39669.0, ""), id="a currency before it"),
        pytest.param("€64", (64.0, ""), id="without a space"),
        pytest.param("(6,841)", (-6841.0, ""), id="brackets are negative"),
        pytest.param("$ (4,833)", (-4833.0, ""), id="brackets after the currency"),
        pytest.param("$(12.35)", (-12.35, ""), id="of dollars and cents"),
        pytest.param("−10", (-10.0, ""), id="a minus sign"),
        pytest.param("-4.7%", (-4.7, "%"), id="per cent"),
        pytest.param("1.1 ×", (1.1, "×"), id="a factor"),
        pytest.param("24 months", (24.0, "months"), id="a unit"),
        pytest.param("0,5", (0.5, ""), id="a decimal comma"),
        pytest.param("0.8", (0.8, ""), id="a fraction"),
    ],
)
def test_quantity_has_a_value(text: str, value: tuple[float, str]) -> None:
    assert is_quantity(text)
    assert value_of(text) == value


@pytest.mark.parametrize("text", ["since 1981", "Bittern 4", "bronze, 0.3 mm", "free", "", "Q3", "(19", "19)", "29,"])
def test_text_is_no_quantity(text: str) -> None:
    assert not is_quantity(text)


@pytest.mark.parametrize(
    "text", ["2022", "June 30, 2023", "Three Months Ended", "Q3", "FY 2024", "2019/20", "Year ended December 31, 2023"]
)
def test_period_is_no_quantity(text: str) -> None:
    assert is_period(text)
    assert not is_quantity(text)


@pytest.mark.parametrize("text", ["2023 edition", "May be used", "30 June street", "12"])
def test_text_with_a_date_or_a_number_is_no_period(text: str) -> None:
    assert not is_period(text)


def test_year_with_a_word_is_a_head() -> None:
    assert not is_quantity("2023 edition")


@pytest.mark.parametrize("text", ["3 to 5", "1–2 days", "0-500", "€5 to €9"])
def test_range_is_numeric_without_a_value(text: str) -> None:
    assert is_range(text)
    assert is_numeric(text)
    assert value_of(text) is None


@pytest.mark.parametrize("text", ["—", "-", "n/a", "none"])
def test_mark_for_no_value_is_numeric(text: str) -> None:
    assert is_numeric(text)
    assert not is_quantity(text)


@pytest.mark.parametrize(("text", "expected"), [("$", True), (")%", True), ("", False), ("$ 5", False)])
def test_signs(text: str, *, expected: bool) -> None:
    assert is_sign(text) is expected


@pytest.mark.parametrize("text", ["< 5", "~ 30", "± 2"])
def test_bound_has_no_value(text: str) -> None:
    assert value_of(text) is None


@given(st.integers(-(10**9), 10**9))
def test_every_integer_is_read_back(number: int) -> None:
    assert value_of(f"{number:,}") == (float(number), "")


@given(st.text(max_size=200))
def test_any_text_is_classified(text: str) -> None:
    assert isinstance(is_numeric(text), bool)
    assert isinstance(is_period(text), bool)
    assert value_of(text) is None or isinstance(value_of(text), tuple)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        pytest.param("245 ⁹", "245", id="note"),
        pytest.param("1,080 ¹²", "1,080", id="of two digits"),
        pytest.param("10 m²", "10 m²", id="exponent"),
        pytest.param("3 x 10^-6", "3 x 10^-6", id="written exponent"),
        pytest.param("⁹", "⁹", id="nothing else"),
        pytest.param("see ⁹ below", "see ⁹ below", id="within"),
        pytest.param("", "", id="empty"),
    ],
)
def test_without_note(cell: str, shown: str) -> None:
    assert without_note(cell) == shown
