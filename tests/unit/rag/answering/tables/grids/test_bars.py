"""Tables with bars between cells."""

from __future__ import annotations

import pytest

from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.table import ParsedTable


def only(text: str) -> ParsedTable:
    (table,) = parse_tables(text)
    return table


def test_rows_and_heads() -> None:
    text = "Prices\n\nPart | Price | Stock\nBelt | €17 | 3\nSeal | €22 | 0"
    table = only(text)
    assert table.heads == ("Part", "Price", "Stock")
    assert [row.cells for row in table.rows] == [("Belt", "€17", "3"), ("Seal", "€22", "0")]
    assert table.caption == "Prices"


def test_spans_are_those_of_the_text() -> None:
    text = "Prices\n\nPart | Price\nBelt | €17\nSeal | €22\n\nEnd."
    table = only(text)
    assert [text[row.start : row.end] for row in table.rows] == ["Belt | €17", "Seal | €22"]
    assert table.header
    assert text[slice(*table.header)] == "Part | Price"
    assert text[table.start : table.end] == "Part | Price\nBelt | €17\nSeal | €22"


def test_markdown_source_with_a_rule() -> None:
    table = only("| Part | Price |\n|------|------:|\n| Belt | 17 |\n| Seal | 22 |")
    assert table.heads == ("Part", "Price")
    assert [row.cells for row in table.rows] == [("Belt", "17"), ("Seal", "22")]


def test_row_of_markdown_source_over_several_lines() -> None:
    text = "| Part | Use |\n|---|---|\n| Belt | turns\nthe wheel |\n| Seal | keeps water out |"
    table = only(text)
    assert [row.cells for row in table.rows] == [("Belt", "turns the wheel"), ("Seal", "keeps water out")]
    assert text[table.rows[0].start : table.rows[0].end] == "| Belt | turns\nthe wheel |"


def test_bar_in_a_cell_is_escaped() -> None:
    assert only("| Key | Means |\n|---|---|\n| a \\| b | or |\n| a & b | and |").rows[0].cells == ("a | b", "or")


def test_merged_first_cell_belongs_to_its_rows() -> None:
    table = only("Model | Cause | Calls\nB4 | leak | 3\n | ice | 5\nB6 | leak | 7")
    assert [row.cells for row in table.rows] == [("B4", "leak", "3"), ("B4", "ice", "5"), ("B6", "leak", "7")]


def test_row_without_its_merged_cell_is_moved_where_only_that_fits() -> None:
    table = only("Model | Cause | Calls\nB4 | leak | 3\nice | 5\nB6 | leak | 7\nB9 | dust | 8")
    assert table.rows[1].cells == ("B4", "ice", "5")
    assert table.rows[1].certain


def test_row_whose_missing_cell_could_be_any_is_uncertain() -> None:
    table = only("Task | Who | Form\nwash | keeper | log\nclean | F-9\ndry | keeper | log")
    assert not table.rows[1].certain


def test_missing_cells_at_the_end_are_empty() -> None:
    table = only("Part | Price | Note\nBelt | 17 | old\nSeal | 22\nCap | 33 | new")
    assert table.rows[1].cells == ("Seal", "22", "")
    assert table.rows[1].certain


def test_repeated_heads_are_left_out() -> None:
    table = only("Part | Price\nBelt | 17\nPart | Price\nSeal | 22")
    assert [row.cells[0] for row in table.rows] == ["Belt", "Seal"]


def test_first_row_of_numbers_is_no_head() -> None:
    table = only("Range | 4.0\nWeight | 118\nLength | 1.6")
    assert table.header is None
    assert len(table.rows) == 3


def test_first_row_whose_cell_stands_again_in_its_column_is_no_head() -> None:
    table = only("07-Sep-2019 | AFI\n08-Sep-2019 | AFI\n09-Sep-2019 | AFI")
    assert table.header is None


def test_row_of_numbers_without_a_label_is_a_head() -> None:
    table = only(" | 1024 | 4096\nplain | 262 | 25\nsplit | 855 | 258")
    assert table.heads == ("", "1024", "4096")


def test_label_alone_is_a_group_of_the_rows_below() -> None:
    table = only("Item | 2023\nSales: | \nBoats | 5\nSails | 7\nTotal sales | 12\nStaff | 3")
    assert [row.groups for row in table.rows] == [("Sales:",), ("Sales:",), ("Sales:",), ()]


def test_footer_with_bars_is_no_table() -> None:
    assert parse_tables("Some words.\n\nApple Inc. | Q3 2023 Form 10-Q | 7\n\nMore words.") == []


def test_heads_over_columns_are_repeated_by_the_readers() -> None:
    table = only(
        "Site | Half year | Half year\nSite | 2024 | 2023\nFoundry |\nOven | 1 | 2\nOffices |\nHeating | 9 | 10"
    )
    assert table.heads == ("Site", "Half year 2024", "Half year 2023")
    assert [(row.cells, row.groups) for row in table.rows] == [
        (("Oven", "1", "2"), ("Foundry",)),
        (("Heating", "9", "10"), ("Offices",)),
    ]


def test_heads_over_columns_without_a_corner() -> None:
    table = only(" | News | News | Law | Law\nSystem | Recall | Time | Recall | Time\nSparse | 0.6 | 12 | 0.5 | 19")
    assert table.heads == ("System", "News Recall", "News Time", "Law Recall", "Law Time")
    assert [row.cells for row in table.rows] == [("Sparse", "0.6", "12", "0.5", "19")]


def test_equal_cells_in_a_row_of_words_are_no_heads_over_columns() -> None:
    table = only("Plan | Dogs | Cats\nBasic | no | no\nPlus | yes | yes")
    assert table.heads == ("Plan", "Dogs", "Cats")
    assert [row.cells for row in table.rows] == [("Basic", "no", "no"), ("Plus", "yes", "yes")]


CONTENTS = "Purpose . . . . . | 2\nTeams . . . . . | 3\nFirst aid | 3\nLeads . . . . . | 5\nDuties . . . . . | 7"


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param(CONTENTS, id="numbers in a column of their own"),
        pytest.param(
            "1 | Aims .....2\n2 | Teams .....3\n3 | Leads .....5\n4 | Care .....7", id="right behind the dots"
        ),
    ],
)
def test_a_table_of_contents_is_no_table(entries: str) -> None:
    assert parse_tables(f"Part | Page\n{entries}") == []


def test_prices_behind_dots_are_a_table() -> None:
    table = only(f"Part | Price\n{CONTENTS.replace('| 5', '| 1')}")
    assert [row.cells[-1] for row in table.rows] == ["2", "3", "3", "1", "7"]
