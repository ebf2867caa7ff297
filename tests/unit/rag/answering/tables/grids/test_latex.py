"""Tables in LaTeX."""

from __future__ import annotations

import pytest

from rag.answering.tables.grids.latex import plain
from rag.answering.tables.parsing import parse_tables
from rag.answering.tables.table import ParsedTable
from tests.complexity import assert_linear


def only(text: str) -> ParsedTable:
    (table,) = parse_tables(text)
    return table


def test_rows_and_heads() -> None:
    text = (
        "See the chart.\n\\begin{tabular}{|lc|}\nTYPE & TIME (DAYS) \\\\\n"
        "Chicken & 1 to 2 \\\\\n\\hline\nBacon & 5 to 7 \\\\\n"
        "\\end{tabular}\nMore text."
    )
    table = only(text)
    assert table.heads == ("TYPE", "TIME (DAYS)")
    assert [row.cells for row in table.rows] == [("Chicken", "1 to 2"), ("Bacon", "5 to 7")]
    assert [text[row.start : row.end] for row in table.rows] == ["Chicken & 1 to 2", "Bacon & 5 to 7"]
    assert table.caption == "See the chart."


def test_heads_over_several_columns() -> None:
    table = only(
        r"""\begin{tabular}{lcccc}
\multirow{2}{*}{Item} & \multicolumn{2}{c}{Three months} & \multicolumn{2}{c}{Six months} \\
\cline { 2 - 5 } & 2023 & 2022 & 2023 & 2022 \\
Sales & 1 & 2 & 3 & 4 \\
\end{tabular}"""
    )
    assert table.heads == ("Item", "Three months 2023", "Three months 2022", "Six months 2023", "Six months 2022")


def test_columns_of_currency_signs_belong_to_their_numbers() -> None:
    table = only(
        r"""\begin{tabular}{lcccc}
& \multicolumn{2}{c}{2023} & \multicolumn{2}{c}{2022} \\
Sales & \$ & 8,325 & \$ & 8,702 \\
Cost & & 4,606 & & 5,093 \\
\end{tabular}"""
    )
    assert table.heads == ("", "2023", "2022")
    assert [row.cells for row in table.rows] == [("Sales", "$ 8,325", "$ 8,702"), ("Cost", "4,606", "5,093")]


def test_merged_rows() -> None:
    table = only(
        r"""\begin{tabular}{lll}
Model & Cause & Calls \\
\multirow{2}{*}{B4} & leak & 3 \\
& ice & 5 \\
B6 & leak & 7 \\
\end{tabular}"""
    )
    assert [row.cells[0] for row in table.rows] == ["B4", "B4", "B6"]


def test_row_over_all_columns_is_a_group_and_an_empty_one_ends_it() -> None:
    table = only(
        r"""\begin{tabular}{ll}
Item & 2023 \\
\multicolumn{2}{l}{Expenses} \\
Rent & 5 \\
\multicolumn{2}{l}{} \\
Profit & 7 \\
\end{tabular}"""
    )
    assert [row.groups for row in table.rows] == [("Expenses",), ()]


def test_nested_table_is_one_cell() -> None:
    table = only(
        r"""\begin{tabular}{ll}
Source & Size \\
\begin{tabular}{l}
MIRACL \\
TyDi
\end{tabular} & 88.9 K \\
\end{tabular}"""
    )
    assert table.rows[0].cells == ("MIRACL TyDi", "88.9 K")


def test_table_with_an_open_environment_is_left_out() -> None:
    assert parse_tables(r"\begin{tabular}{ll} A & B \\ $$\begin{gathered} x & 1 \\ y & 2 \\ \end{tabular}") == []


def test_title_below_is_the_caption() -> None:
    table = only("\\begin{tabular}{ll}\nA & B \\\\\nx & 1 \\\\\n\\end{tabular}\n\nTable 3: Of letters.\nText.")
    assert table.caption == "Table 3: Of letters."


def test_row_with_too_few_cells_is_uncertain() -> None:
    table = only(
        r"\begin{tabular}{llll} Task & A & B & C \\ read & Yes & No & No \\ write & Yes & No \\"
        r" list & No & No & No \\ \end{tabular}"
    )
    assert [row.certain for row in table.rows] == [True, False, True]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"$(8,958)$", "(8,958)"),
        (r"\$ 5", "$ 5"),
        (r"$2.5 \times$", "2.5 ×"),
        (r"$\mathbf{6 1 . 7}$", "61.7"),
        (r"$\mathrm{mE5}$ large", "mE5 large"),
        (r"Hidden ${ }_{\text {anchor }}$", "Hidden anchor"),
        (r"\#train", "#train"),
        (r"\underline{\text { total }}", "total"),
        (r"a_b", "a_b"),
        (r"$\sqrt{ }$", "√"),
    ],
)
def test_plain(source: str, expected: str) -> None:
    assert plain(source) == expected


@pytest.mark.parametrize(
    "piece", ["\\begin{tabular}{c", "\\multicolumn{2}{c}{", "a & b \\\\ ", "{", "\\end{tabular}", "$"]
)
def test_time_is_linear(piece: str) -> None:
    def prepare(size: int) -> object:
        text = "\\begin{tabular}{cc} a & b \\\\ " + piece * (size // len(piece))
        return lambda: parse_tables(text)

    assert_linear(prepare, 40_000)  # type: ignore[arg-type]
