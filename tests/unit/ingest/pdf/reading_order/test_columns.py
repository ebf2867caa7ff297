"""Column restoration: columns drawn line by line are put in reading order; other pages stay as they are."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.pdf.lines import Line
from ingest.pdf.reading_order.columns import restore_columns
from tests.complexity import assert_linear
from tests.unit.ingest.pdf.layouts import LEFT, RIGHT, THIRD, across, draw, line, text_of

COLUMNS = [LEFT, RIGHT, THIRD]


def rows(columns: list[list[str]], *, width: float = 250.0) -> list[Line]:
    """One line for each row, as pdfium gives them where both columns have the same baselines."""
    return [
        line(*((40 + width * place, text) for place, text in enumerate(row)), top=100.0 + 13 * number)
        for number, row in enumerate(zip(*columns, strict=True))
    ]


class TestInFiles:
    @pytest.mark.parametrize("count", [2, 3])
    def test_drawn_across(self, tmp_path: Path, count: int) -> None:
        (page,) = draw(tmp_path / "a.pdf", across(COLUMNS[:count]))
        assert page.text.split() == " ".join(text for column in COLUMNS[:count] for text in column).split()

    @pytest.mark.parametrize("shift", [3, 5])
    def test_baselines_that_differ(self, tmp_path: Path, shift: float) -> None:
        left, right = across([LEFT]), across([[], RIGHT], 700 - shift)
        drawn = [text for pair in zip(left, right, strict=True) for text in pair]
        (page,) = draw(tmp_path / "a.pdf", drawn)
        assert page.text.split() == " ".join(LEFT + RIGHT).split()

    def test_drawn_one_after_the_other(self, tmp_path: Path) -> None:
        (page,) = draw(tmp_path / "a.pdf", [*across([[], RIGHT]), *across([LEFT])])
        assert page.text.split() == " ".join(RIGHT + LEFT).split(), "the order of the file"

    def test_what_spans_both_keeps_its_place(self, tmp_path: Path) -> None:
        middle = "This sentence runs over the whole width of the page, across both of the columns."
        drawn = [(60.0, 740.0, 16.0, "The pump of the harbour and its keeper"), *across([LEFT, RIGHT], 700)]
        (page,) = draw(tmp_path / "a.pdf", [*drawn, (60, 595, 10, middle), *across([RIGHT, LEFT], 570)])
        expected = ["The pump of the harbour and its keeper", *LEFT, *RIGHT, middle, *RIGHT, *LEFT]
        assert page.text.split() == " ".join(expected).split()

    def test_a_word_cut_at_the_end_of_a_column_line(self, tmp_path: Path) -> None:
        left = [*LEFT[:2], "keeper, who oils it each Wednes-", "day and writes down what it did.", *LEFT[4:]]
        (page,) = draw(tmp_path / "a.pdf", across([left, RIGHT]))
        assert "Wednesday" in page.text

    def test_a_shorter_last_column(self, tmp_path: Path) -> None:
        (page,) = draw(tmp_path / "a.pdf", across([LEFT, RIGHT[:5]]))
        assert page.text.split() == " ".join(LEFT + RIGHT[:5]).split()


class TestNot:
    @pytest.mark.parametrize(
        "columns",
        [
            pytest.param([["Year", "2021", "2022", "2023", "2024"], ["Sales", "100", "120", "90", "80"]], id="numbers"),
            pytest.param(
                [["Chair", "Steward", "Treasurer", "Fitter", "Clerk"], LEFT[:5]], id="terms and their meaning"
            ),
            pytest.param([["Ann Lee", "Bo Ray", "Cy Dee", "Di Fox", "Ed Ott"]] * 2, id="names"),
            pytest.param([LEFT[:3], RIGHT[:3]], id="three lines"),
            pytest.param([["1.", "2.", "3.", "4.", "5."], LEFT[:5]], id="a numbered list"),
        ],
    )
    def test_tables_and_lists(self, columns: list[list[str]]) -> None:
        lines = rows(columns)
        assert restore_columns(lines) == lines

    def test_one_column_with_wide_spaces(self) -> None:
        lines = [
            line((40, "some words"), (100 + 20 * number, "and more words of it"), top=13.0 * number)
            for number in range(9)
        ]
        assert restore_columns(lines) == lines

    def test_nothing(self) -> None:
        assert restore_columns([]) == []


places = st.tuples(
    st.integers(0, 40).map(lambda x: x * 15.0), st.sampled_from(["a", "word", "two words", *LEFT, *RIGHT])
)


class TestAlways:
    @settings(max_examples=25)
    @given(st.lists(st.tuples(st.lists(places, min_size=1, max_size=3), st.integers(0, 30)), max_size=40))
    def test_no_word_is_lost_and_none_is_new(self, drawn: list[tuple[list[tuple[float, str]], int]]) -> None:
        lines = [line(*sorted(words), top=13.0 * row) for words, row in drawn]
        restored = restore_columns(lines)
        assert sorted(" ".join(text_of(restored)).split()) == sorted(" ".join(text_of(lines)).split())

    def test_hostile_pages_take_linear_time(self) -> None:
        def heap(size: int) -> list[Line]:
            return [line((40, "x"), top=100.0) for _ in range(size)]

        def row(size: int) -> list[Line]:
            return [line(*((20.0 * number, "x") for number in range(size)))]

        def tall(size: int) -> list[Line]:
            return [line((300.0 * (n % 2), "some words of prose here"), top=6.5 * n) for n in range(size)]

        for page in (heap, row, tall):
            assert_linear(lambda size, page=page: partial(restore_columns, page(size)), 3_000)  # type: ignore[misc]
