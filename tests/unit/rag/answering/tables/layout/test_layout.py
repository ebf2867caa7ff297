"""Tables by layout, from drawn pages."""

from __future__ import annotations

import pytest

from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.table import ParsedTable
from tests.complexity import assert_linear
from tests.unit.rag.answering.tables.pages import drawn


def tables(lines: str) -> list[ParsedTable]:
    return parse_tables(*drawn(lines))


def only(lines: str) -> ParsedTable:
    (table,) = tables(lines)
    return table


def rows(table: ParsedTable) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows]


STATIONS = """
Stations of the valley line

Station            Opened    Parking spaces
Alder Street         1921                20
Birch Street         1923                57
Cedar Street         1925                94
"""


def test_numbers_under_heads() -> None:
    table = only(STATIONS)
    assert table.heads == ("Station", "Opened", "Parking spaces")
    assert rows(table) == [
        ("Alder Street", "1921", "20"),
        ("Birch Street", "1923", "57"),
        ("Cedar Street", "1925", "94"),
    ]
    assert table.caption == "Stations of the valley line"


def test_spans_are_those_of_the_text() -> None:
    text, words = drawn(STATIONS)
    (table,) = parse_tables(text, words)
    assert text[table.rows[0].start : table.rows[0].end] == "Alder Street 1921 20"
    assert table.header
    assert text[slice(*table.header)] == "Station Opened Parking spaces"


def test_heads_over_several_columns() -> None:
    table = only("""
                     Three Months Ended     Nine Months Ended
                          June 30,              June 30,
                      2023       2022       2023       2022
Net sales             $ 81       $ 82       $ 293      $ 304
Cost                    45         46         164        171
""")
    assert table.heads[1:] == (
        "Three Months Ended June 30, 2023",
        "Three Months Ended June 30, 2022",
        "Nine Months Ended June 30, 2023",
        "Nine Months Ended June 30, 2022",
    )


def test_period_above_the_labels_belongs_to_the_heads() -> None:
    table = only("""
Three Months Ended September 30,          2023       2022
Windows                                  5,567      5,313
Gaming                                   3,919      3,610
""")
    assert table.heads[1] == "Three Months Ended September 30, 2023"


def test_heads_of_several_lines_drawn_one_column_after_the_other() -> None:
    text, words = drawn("""
            Total
            Cost        Price
Belt           17          36
Seal           22          40
""")
    # "Price" is drawn after both lines of the first head, as it is.
    assert text.startswith("Total\nCost Price")
    (table,) = parse_tables(text, words)
    assert table.heads == ("", "Total Cost", "Price")


def test_groups_by_indent() -> None:
    table = only("""
                             2023        2022
Net sales:
  Products                   96,388     104,429
  Services                   20,766      19,516
Net income                   29,998      34,630
""")
    assert [row.groups for row in table.rows] == [("Net sales:",), ("Net sales:",), ()]


def test_long_label_goes_on_in_the_row_of_its_values() -> None:
    table = only("""
                                      2023        2022
Reclassification adjustments for
net realized gain included                     7          18
Other                                          2           3
""")
    assert table.rows[0].cells == ("Reclassification adjustments for net realized gain included", "7", "18")
    assert table.rows[0].groups == ()


def test_cells_of_several_lines_where_rows_are_farther_apart() -> None:
    table = only("""
Task                     When               Who

Look at the gauge and    daily              keeper
the drain cock

Replace the diaphragm    every 500 hours    trained keeper
                         or 18 months       or fogwright

Clean the lenses         weekly             keeper
""")
    assert table.heads == ("Task", "When", "Who")
    assert rows(table) == [
        ("Look at the gauge and the drain cock", "daily", "keeper"),
        ("Replace the diaphragm", "every 500 hours or 18 months", "trained keeper or fogwright"),
        ("Clean the lenses", "weekly", "keeper"),
    ]


def test_second_heads_of_periods_begin_another_table() -> None:
    found = tables("""
                         2023        2022
Windows                 5,567       5,313
Gaming                  3,919       3,610

                         2021        2020
Windows                 4,567       4,313
Gaming                  2,919       2,610
""")
    assert [table.heads for table in found] == [("", "2023", "2022"), ("", "2021", "2020")]


def test_second_heads_of_words_begin_another_table() -> None:
    found = tables("""
                  Price      Stock
Belt                 17          3
Seal                 22          5

                 Weight     Length
Belt                1.7        300
Seal                2.2        500
""")
    assert [table.heads for table in found] == [("", "Price", "Stock"), ("", "Weight", "Length")]


def test_rows_with_other_columns_begin_another_table() -> None:
    found = tables("""
                     Units       Price
Granted              224.1       $             150
Vested                69.1       $             109
Forfeited             35.6       $             143

               2023      2024      2025      Total
Scheduled      44.0      37.2       3.0      141.2
Expected       40.0      30.2       2.0      111.2
""")
    assert [table.heads[1:] for table in found] == [("Units", "Price"), ("2023", "2024", "2025", "Total")]


def test_text_in_two_columns_is_no_table() -> None:
    assert not tables("""
the vice president enters     top of a ticket that
could be a remarkable         the former president has
drama after years in the      attacked with a new and
shadows of the office         bitter turn of the race
""")


def test_list_is_no_table() -> None:
    assert not tables("1.   Lock off.\n2.   Mark the ring.\n3.   Slacken the bolts.")


def test_title_and_introduction_are_no_heads() -> None:
    table = only("""
The following table shows what was deferred in both years:
                           2023        2022
Balance at beginning        502         451
Balance at end              551         489
""")
    assert table.heads == ("", "2023", "2022")
    assert table.caption.startswith("The following table")


def test_page_without_words_has_no_tables_by_layout() -> None:
    assert parse_tables("Station Opened\nAlder 1921\nBirch 1923") == []


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Alder Street    1921     20", id="rows"),
        pytest.param("Net sales:", id="labels"),
        pytest.param("2023    2022    2021", id="heads"),
        pytest.param("a    b    c    d    e    f    g", id="text"),
    ],
)
def test_time_is_linear(line: str) -> None:
    def prepare(size: int) -> object:
        text, words = drawn("\n".join([line] * size))
        return lambda: parse_tables(text, words)

    assert_linear(prepare, 1_600)  # type: ignore[arg-type]


def test_last_line_of_a_paragraph_is_no_head() -> None:
    table = only("""
The stations of the coast were visited by two people in the same
week.

Station    Keeper     Boat        Harbour
Alder      Maren      Kittiwake   Hull
Birch      Ines       Fulmar      Cork
Cedar      Tobias     Gannet      Oban
""")
    assert table.heads == ("Station", "Keeper", "Boat", "Harbour")
    assert rows(table)[0] == ("Alder", "Maren", "Kittiwake", "Hull")


def test_last_line_of_a_paragraph_is_no_head_of_numbers() -> None:
    table = only("""
The stations of the coast were visited by two people in the same
week.

Station    Built    Depth
Alder       1921       12
Birch       1923       31
""")
    assert table.heads == ("Station", "Built", "Depth")
