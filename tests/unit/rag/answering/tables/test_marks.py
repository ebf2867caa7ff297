"""Yes/no cells: what a cell says, which one a yes/no question asks for, and the things that have something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.tables.marks import mark_of, marked_cells, marked_things
from tests.unit.rag.answering.tables.pages import evidence

PLANS = evidence(
    """
| Feature | Basic | Pro | Enterprise |
| --- | --- | --- | --- |
| Offline mode | No | Yes | Yes |
| Priority support | ✗ | ✓ | ✓ |
| Custom domains | – | Add-on | Included |
| SSO | Not supported | Not supported | Supported |
"""
)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Yes", True),
        ("✓", True),
        ("Supported.", True),
        ("no", False),
        ("✗", False),
        ("Not included", False),
        ("not sure", None),
        ("–", None),
        ("", None),
        ("3", None),
        ("Yes, from May", None),
    ],
)
def test_what_a_cell_says(cell: str, *, expected: bool | None) -> None:
    assert mark_of(cell) is expected


@given(st.sampled_from(["Yes", "✓", "Included", "Not included", "no", "✗", "–"]), st.text(" .", max_size=4))
def test_blanks_full_stops_and_case_change_nothing(cell: str, around: str) -> None:
    assert mark_of(f"{around}{cell.upper()}{around}") is mark_of(cell.lower()) is mark_of(cell)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        pytest.param("Does the Pro plan have offline mode?", ["Pro: Yes"], id="yes"),
        pytest.param("Do I get offline mode on Basic?", ["Basic: No"], id="no"),
        pytest.param("Is priority support included in Basic?", ["Basic: ✗"], id="a label with an affirming word"),
        pytest.param("Is SSO available in Pro?", ["Pro: Not supported"], id="in words"),
        pytest.param("Do Basic and Pro have offline mode?", ["Basic: No", "Pro: Yes"], id="side by side"),
        pytest.param("Can I use custom domains with Basic?", [], id="a dash says neither"),
        pytest.param("Can I use custom domains with Pro?", [], id="neither yes nor no"),
        pytest.param("Is offline mode available?", [], id="no column"),
        pytest.param("Does Pro have dark mode?", [], id="no such row"),
        pytest.param("Does Gold have SSO?", [], id="no such column"),
        pytest.param("Is offline mode missing in Pro?", [], id="turned around"),
        pytest.param("Doesn't Pro have offline mode?", [], id="denied"),
        pytest.param("Does only Pro have offline mode?", [], id="of the others, too"),
    ],
)
def test_cells_of_a_yes_no_question(question: str, found: list[str]) -> None:
    assert [f"{one.column_head}: {one.value}" for one in marked_cells(question, PLANS)] == found


@pytest.mark.parametrize(
    ("question", "found"),
    [
        pytest.param("Which plans have offline mode?", ["Pro", "Enterprise"], id="columns"),
        pytest.param(
            "Which plan includes priority support?", ["Pro", "Enterprise"], id="a label with an affirming word"
        ),
        pytest.param("which plan can I use SSO with?", ["Enterprise"], id="one"),
        pytest.param("Which plans have dark mode?", [], id="no such row"),
        pytest.param("Which plans do not have offline mode?", [], id="denied"),
        pytest.param("How many plans have offline mode?", [], id="another question"),
    ],
)
def test_columns_that_have_a_thing(question: str, found: list[str]) -> None:
    assert [one.column_head for one in marked_things(question, PLANS)] == found


def test_rows_that_a_thing_has() -> None:
    found = marked_things("What features are included in Pro?", PLANS)
    assert [(one.row_key, one.value) for one in found] == [
        ("Offline mode", "Yes"),
        ("Priority support", "✓"),
        ("Custom domains", "Add-on"),
    ]


def test_tables_without_yes_or_no() -> None:
    table = evidence("| Pump | Weight |\n| --- | --- |\n| Wren | 2 kg |\n| Teal | 4 kg |\n")
    assert marked_cells("Does the Wren have a weight?", table) == []
    assert marked_things("Which pumps have a weight?", table) == []
