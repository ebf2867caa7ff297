"""Tables drawn cell by cell, with cells of several lines: each row is one line; text in columns stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.pdf.lines import Line
from ingest.pdf.page_text import compose_pages
from ingest.pdf.tables.cell_by_cell import join_cells
from rag.answering.tables.parsing import parse_tables
from tests.complexity import assert_linear
from tests.unit.ingest.pdf.layouts import LEFT, RIGHT, THIRD, Drawn, draw, line, text_of

PLACES = [60.0, 130.0, 300.0, 420.0]
STEP = 12.0
# Cells as lists of lines.
TASKS: list[list[list[str]]] = [
    [["Part"], ["Task"], ["Hours"], ["Who may do it"]],
    [["Pump"], ["Look at the gauge and", "at the drain cock, then", "write both down"], ["400"], ["any keeper"]],
    [["Valve"], ["Replace the membrane"], ["1,200"], ["a keeper with the", "yellow card"]],
    [["Lamp", "house"], ["Clean the lenses with", "a dry cloth"], ["24"], ["any keeper"]],
]
TASK_ROWS = [
    "Part Task Hours Who may do it",
    "Pump Look at the gauge and at the drain cock, then write both down 400 any keeper",
    "Valve Replace the membrane 1,200 a keeper with the yellow card",
    "Lamp house Clean the lenses with a dry cloth 24 any keeper",
]


def drawn(table: Sequence[Sequence[Sequence[str]]], way: str = "top", places: Sequence[float] = PLACES) -> list[Drawn]:
    """The lines of each cell, cell by cell; ``way``: cells of a row have the same top, middle or bottom."""
    texts: list[Drawn] = []
    y = 700.0
    for row in table:
        height = max(map(len, row))
        for x, cell in zip(places, row, strict=False):
            free = {"top": 0.0, "middle": (height - len(cell)) / 2, "bottom": float(height - len(cell))}[way]
            texts += [(x, y - STEP * (free + number), 10.0, text) for number, text in enumerate(cell)]
        y -= STEP * height + 6
    return texts


class TestInFiles:
    @pytest.mark.parametrize("way", ["top", "middle", "bottom"])
    def test_each_row_is_a_line(self, tmp_path: Path, way: str) -> None:
        (page,) = draw(tmp_path / "a.pdf", drawn(TASKS, way))
        assert [row for row in page.text.splitlines() if row] == TASK_ROWS
        (table,) = page.tables
        assert page.text[slice(*table.header)] == TASK_ROWS[0]
        assert page.text[table.start : table.end] == page.text

    @pytest.mark.parametrize("way", ["top", "middle", "bottom"])
    def test_cells_are_parsed_for_answers(self, tmp_path: Path, way: str) -> None:
        (page,) = draw(tmp_path / "a.pdf", drawn(TASKS, way))
        (table,) = parse_tables(page.text, page.words)
        assert table.heads == tuple(" ".join(cell) for cell in TASKS[0])
        assert [row.cells for row in table.rows] == [tuple(map(" ".join, row)) for row in TASKS[1:]]

    def test_a_table_of_words(self, tmp_path: Path) -> None:
        table = [[cell for cell in row if cell != ["Hours"] and not cell[0][0].isdigit()] for row in TASKS]
        (page,) = draw(tmp_path / "a.pdf", drawn(table))
        (found,) = parse_tables(page.text, page.words)
        assert [row.cells for row in found.rows] == [tuple(map(" ".join, row)) for row in table[1:]]

    def test_text_before_and_after_stays_apart(self, tmp_path: Path) -> None:
        before = (60.0, 730.0, 10.0, "The parts of the lighthouse are looked after as follows by those who are named.")
        after = (60.0, 540.0, 10.0, "Whoever finds a part that is broken tells the harbour office on the same day.")
        (page,) = draw(tmp_path / "a.pdf", [before, *drawn(TASKS), after])
        assert [row for row in page.text.splitlines() if row] == [before[3], *TASK_ROWS, after[3]]

    def test_a_word_broken_within_a_cell(self, tmp_path: Path) -> None:
        table = [*TASKS, [["Horn"], ["Oil the mem-", "brane with two drops"], ["9"], ["any keeper"]]]
        (page,) = draw(tmp_path / "a.pdf", drawn(table))
        assert "Oil the membrane with two drops" in page.text
        (found,) = parse_tables(page.text, page.words)
        assert found.rows[-1].cells == ("Horn", "Oil the membrane with two drops", "9", "any keeper")


class TestNot:
    def test_columns_of_text_one_after_the_other(self, tmp_path: Path) -> None:
        (page,) = draw(tmp_path / "a.pdf", drawn([[LEFT, RIGHT, THIRD]], places=[60, 240, 420]))
        assert [row for row in page.text.splitlines() if row] == [*LEFT, *RIGHT, *THIRD]

    def test_sections_of_two_columns(self, tmp_path: Path) -> None:
        sections = [[LEFT, RIGHT], [RIGHT, THIRD], [THIRD, LEFT], [LEFT, THIRD]]
        (page,) = draw(tmp_path / "a.pdf", drawn(sections, places=[60, 300]))
        texts = [text for row in sections for column in row for text in column]
        assert [row for row in page.text.splitlines() if row] == texts
        assert parse_tables(page.text, page.words) == []

    def test_rows_that_place_their_cells_in_different_ways(self) -> None:
        def row(top: float, shift: float) -> list[Line]:
            return [
                line((60, "Pump"), top=top),
                line((160, "Look at the"), top=top + shift),
                line((160, "gauge and"), top=top + 12 + shift),
                line((300, "400"), top=top + 20),
            ]

        lines = [*row(100, 0), *row(150, 5), *row(200, 9)]
        assert join_cells(lines) == lines

    def test_headings_of_groups_above_labels(self) -> None:
        group = [["Net sales:", "Products"], ["$ 63"], ["$ 64"]]
        lines = lines_of([group, group, group])
        assert join_cells(lines) == lines

    @pytest.mark.parametrize("markers", [["(1)", "(2)", "(3)"], ["▪"] * 3, ["a)", "b)", "c)"]])
    def test_items_of_a_list(self, markers: list[str]) -> None:
        items = zip(markers, (LEFT[:3], RIGHT[:2], THIRD[:3]), strict=True)
        lines = lines_of([[[marker], text] for marker, text in items])
        assert join_cells(lines) == lines

    def test_a_note_that_begins_within(self) -> None:
        lines = lines_of(TASKS)
        assert join_cells(lines) != lines
        noted = [*lines[:4], Line(lines[4].pieces, begins=True), *lines[5:]]
        assert join_cells(noted) == noted

    def test_a_table_with_one_line_in_each_cell(self) -> None:
        lines = lines_of([[cell[:1] for cell in row] for row in TASKS])
        assert text_of(join_cells(lines)) == text_of(lines)


def lines_of(table: Sequence[Sequence[Sequence[str]]]) -> list[Line]:
    return [line((x, text), top=800 - y, size=size) for x, y, size, text in drawn(table)]


def test_a_compound_broken_within_a_cell_keeps_its_hyphen() -> None:
    lines = lines_of([*TASKS, [["Edge"], ["Is it cutting", "edge work? It is."], ["9"], ["any"]]])
    place = next(place for place, one in enumerate(lines) if one.text == "Is it cutting")
    lines[place] = Line(lines[place].pieces, hyphenated=True)
    elsewhere = line((60, "All cutting-edge work is done by hand."), top=400)
    ((*_, page),) = (compose_pages([((600.0, 800.0), [*lines, elsewhere])]),)
    assert "Edge Is it cutting-edge work? It is. 9 any" in page.text


places = st.tuples(
    st.integers(0, 12).map(lambda x: x * 45.0), st.sampled_from(["a", "12", "more", "2021", "two words"])
)
drawings = st.lists(st.tuples(st.lists(places, min_size=1, max_size=4), st.integers(0, 25)), max_size=40).map(
    lambda page: [line(*sorted(texts), top=13.0 * row) for texts, row in page]
)


class TestAlways:
    @given(drawings)
    @settings(max_examples=50)
    def test_all_words_stay_in_their_order(self, lines: list[Line]) -> None:
        assert " ".join(text_of(join_cells(lines))) == " ".join(text_of(lines))

    def test_hostile_pages_take_linear_time(self) -> None:
        def stairs(size: int) -> list[Line]:
            return [line((40.0 + 30 * number, "1"), top=100.0 + number % 3) for number in range(size)]

        def cells(size: int) -> list[Line]:
            return [
                line((60 + 90.0 * (number % 3), "word"), top=13.0 * (number // 6 * 2 + number // 3 % 2))
                for number in range(size)
            ]

        def tall(size: int) -> list[Line]:
            return [line((60, "word"), top=13.0 * number) for number in range(size)]

        for page in (stairs, cells, tall):

            def prepare(size: int, page: Callable[[int], list[Line]] = page) -> Callable[[], object]:
                return partial(join_cells, page(size))

            assert_linear(prepare, 4_000)
