"""Table detection: rows stay together, and column heads are found."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking import Chunker
from ingest.pdf.lines import Line
from ingest.pdf.tables.rows import join_rows
from ingest.pdf.tables.table_lines import find_tables, is_number
from rag.domain.values import Page
from tests.complexity import assert_linear
from tests.unit.ingest.pdf.layouts import LEFT, Drawn, draw, line, text_of

PLACES = [60.0, 250.0, 330.0, 410.0]


def cells(*rows: list[str], top: float = 700) -> list[list[Drawn]]:
    return [
        [(PLACES[place], top - 14 * number, 10, text) for place, text in enumerate(row) if text]
        for number, row in enumerate(rows)
    ]


SALES = cells(
    ["", "2021", "2022", "2023"],
    ["Pumps", "1,204", "1,310", "1,502"],
    ["Spare parts", "88", "(12)", "—"],
    ["All sales", "1,292", "1,298", "1,502"],
)
SALES_ROWS = ["2021 2022 2023", "Pumps 1,204 1,310 1,502", "Spare parts 88 (12) —", "All sales 1,292 1,298 1,502"]


def by_rows(table: list[list[Drawn]]) -> list[Drawn]:
    return [cell for row in table for cell in row]


def by_columns(table: list[list[Drawn]]) -> list[Drawn]:
    return sorted(by_rows(table), key=lambda cell: (cell[0], -cell[1]))


def found(page: Page) -> list[tuple[str, str]]:
    """The head and the rest of each table."""
    return [
        (page.text[table.start : table.header[1]], page.text[table.header[1] : table.end].strip())
        for table in page.tables
    ]


class TestInFiles:
    @pytest.mark.parametrize("order", [by_rows, by_columns])
    def test_rows_are_lines_and_heads_are_known(self, tmp_path: Path, order: object) -> None:
        assert callable(order)
        prose = [(60.0, 760.0 - 13 * number, 10.0, text) for number, text in enumerate(LEFT[:3])]
        after = [(60.0, 620.0 - 13 * number, 10.0, text) for number, text in enumerate(LEFT[3:])]
        (page,) = draw(tmp_path / "a.pdf", [*prose, *order(SALES), *after])
        assert [row for row in page.text.splitlines() if row] == [*LEFT[:3], *SALES_ROWS, *LEFT[3:]]
        assert found(page) == [(SALES_ROWS[0], "\n".join(SALES_ROWS[1:]))]

    def test_heads_of_two_lines(self, tmp_path: Path) -> None:
        heads = [[(250.0, 728.0, 10.0, "Three months"), (380.0, 728.0, 10.0, "Six months")]]
        (page,) = draw(tmp_path / "a.pdf", by_rows([*heads, *SALES]))
        assert found(page)[0][0].split("\n\n") == ["Three months Six months", "2021 2022 2023"]

    def test_heads_drawn_cell_by_cell(self, tmp_path: Path) -> None:
        heads = [
            (PLACES[n], y, 10.0, text)
            for n, year in ((1, "2021"), (2, "2022"))
            for y, text in ((728.0, "July 1,"), (714.0, year))
        ]
        (page,) = draw(tmp_path / "a.pdf", [*heads, *by_rows(SALES[1:])])
        assert found(page)[0][0].split() == ["July", "1,", "2021", "July", "1,", "2022"]

    def test_labels_between_heads_and_numbers(self, tmp_path: Path) -> None:
        table = cells(
            ["", "2021", "2022"], ["Income:"], ["Pumps", "10", "20"], ["Parts", "1", "2"], ["Sum", "11", "22"]
        )
        (page,) = draw(tmp_path / "a.pdf", by_rows(table))
        assert found(page) == [("2021 2022", "Income:\nPumps 10 20\nParts 1 2\nSum 11 22")]

    def test_a_table_of_words_has_heads_when_they_are_bold(self, tmp_path: Path) -> None:
        table = cells(
            ["Office", "Held by", "Term"],
            ["Chair", "Tobias", "short"],
            ["Steward", "Maren", "long"],
            ["Clerk", "Ines", "long"],
        )
        (page,) = draw(tmp_path / "a.pdf", by_rows(table), bold=["Office", "Held by", "Term"])
        assert found(page)[0][0] == "Office Held by Term"
        (page,) = draw(tmp_path / "a.pdf", by_rows(table))
        assert found(page)[0][0] == ""

    def test_a_row_of_words_below_the_heads_is_no_head(self, tmp_path: Path) -> None:
        table = cells(
            ["Property", "Model 2", "Model 4"],
            ["Made", "by hand", "by us"],
            ["Note (Hz)", "440", "380"],
            ["Mass", "11", "46"],
        )
        (page,) = draw(tmp_path / "a.pdf", by_rows(table))
        assert found(page)[0][0] == "Property Model 2 Model 4"

    def test_prose_is_no_table(self, tmp_path: Path) -> None:
        (page,) = draw(tmp_path / "a.pdf", [(60, 700 - 13 * number, 10, text) for number, text in enumerate(LEFT)])
        assert page.tables == ()

    def test_two_lists_side_by_side_stay_in_the_order_of_the_file(self, tmp_path: Path) -> None:
        table = cells(["apple", "dog"], ["bread", "eel"], ["cherry", "fox"], ["dates", "goat"])
        (page,) = draw(tmp_path / "a.pdf", by_columns(table))
        assert page.text.split() == ["apple", "bread", "cherry", "dates", "dog", "eel", "fox", "goat"]


def test_a_row_far_below_is_found_under_its_heads(tmp_path: Path) -> None:
    rows = [["", "2021", "2022"], *([f"Station {number}", f"{number},100", f"{number},200"] for number in range(1, 40))]
    pages = draw(tmp_path / "a.pdf", by_rows(cells(*rows, top=760)))
    chunks = list(Chunker(max_tokens=40).chunks(pages, lambda text: len(text.split())))
    (found_in,) = (chunk for chunk in chunks if "Station 30 30,100 30,200" in chunk.text.splitlines())
    assert found_in.lead_in == "2021 2022"


@pytest.mark.parametrize(
    ("number", "texts"),
    [
        (True, ["1,204", "$ (454)", "(7,366 )", "(2)%", "—", "n/a", "€41,500", "−10", "(39) $ 5", "35 m", "24 months"]),
        (False, ["2021", "July 1,", "Model 2", "", "1986–2011", "31 December", "2 of 9", "$", "12 Months or Greater"]),
    ],
)
def test_what_is_a_number(number: bool, texts: list[str]) -> None:
    assert [text for text in texts if is_number(text) is not number] == []


places = st.tuples(st.integers(0, 12).map(lambda x: x * 45.0), st.sampled_from(["a", "12", "(3)", "2021", "two words"]))
pages = st.lists(st.tuples(st.lists(places, min_size=1, max_size=4), st.integers(0, 25)), max_size=40).map(
    lambda drawn: [line(*sorted(words), top=13.0 * row) for words, row in drawn]
)


class TestAlways:
    @given(pages)
    @settings(max_examples=25)
    def test_joining_loses_no_word(self, lines: list[Line]) -> None:
        joined = join_rows(lines)
        assert sorted(" ".join(text_of(joined)).split()) == sorted(" ".join(text_of(lines)).split())

    @given(pages)
    @settings(max_examples=25)
    def test_tables_are_in_order_and_apart(self, lines: list[Line]) -> None:
        end = 0
        for table in find_tables(lines):
            assert end <= table.start <= table.body <= table.end <= len(lines)
            assert table.start < table.end
            end = table.end

    def test_hostile_pages_take_linear_time(self) -> None:
        def tables_of(lines: list[Line]) -> object:
            return find_tables(join_rows(lines))

        def heap(size: int) -> list[Line]:
            return [line((40, "1"), top=100.0) for _ in range(size)]

        def numbers(size: int) -> list[Line]:
            return [line((40, "x"), (90, "1"), (140, "2"), top=13.0 * number) for number in range(size // 2)]

        def steps(size: int) -> list[Line]:
            return [line((10.0 * (number % 50), "1"), top=13.0 * (number % 50)) for number in range(size)]

        def up(size: int) -> list[Line]:
            return [line((10.0 * (number % 3), "1"), top=13.0 * (number % 40)) for number in range(size)]

        for page in (heap, numbers, steps, up):
            assert_linear(lambda size, page=page: partial(tables_of, page(size)), 2_000)  # type: ignore[misc]
