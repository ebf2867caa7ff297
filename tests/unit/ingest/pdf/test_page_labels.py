"""Printed page numbers are found where they count the pages, and other numbers at the edges of pages are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pdf.lines import Line, PageLines
from ingest.pdf.page_labels import as_label, declared_labels, printed_labels
from ingest.pdf.reading import open_pdf
from tests.unit.ingest.pdf.layouts import HEIGHT, LEFT, RIGHT, THIRD, WIDTH, draw, line

Edge = Callable[[int], Sequence[Line]]
# The width of a letter is half its size: these are far enough apart to be cells of their own.
FAR = 400.0


def page(number: int, *edge: Line) -> PageLines:
    """Prose, and lines at its edges."""
    prose = [line((60, text), top=150.0 + 14 * row) for row, text in enumerate((LEFT, RIGHT, THIRD)[number % 3])]
    return (WIDTH, HEIGHT), [*edge, *prose]


def labels(edge: Edge, count: int = 8) -> list[str | None]:
    return printed_labels([page(number, *edge(number)) for number in range(1, count + 1)])


def foot(text: str, *more: tuple[float, str], top: float = 800.0, size: float = 10.0) -> list[Line]:
    return [line((60, text), *more, top=top, size=size)] if text else []


def from_the_third(text: Callable[[int], str]) -> Edge:
    """A footer on every page from the third on, with the numbers 1, 2, 3."""
    return lambda number: foot(text(number - 2)) if number > 2 else []


NUMBERED = [None, None, "1", "2", "3", "4", "5", "6"]


class TestFound:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(str, id="alone"),
            pytest.param(lambda n: f"– {n} –", id="between dashes"),
            pytest.param(lambda n: f"[{n}]", id="in brackets"),
            pytest.param(lambda n: f"Page {n}", id="page"),
            pytest.param(lambda n: f"Seite {n} von 6", id="of how many, in German"),
            pytest.param(lambda n: f"{n}/6", id="of how many, with a slash"),
            pytest.param(lambda n: f"p. {n}", id="abbreviated"),
            pytest.param(lambda n: f"The pump manual {n}", id="after a running head"),
            pytest.param(lambda n: f"{n} The pump manual", id="before a running head"),
            pytest.param(lambda n: f"Pump | 2nd edition | {n}", id="after a bar"),
            pytest.param(lambda n: f"{n} • Chapter on {LEFT[n]}", id="before a bullet and other text on each page"),
            pytest.param(lambda n: f"Chapter on {LEFT[n]}, page {n}", id="after the word page"),
            pytest.param(lambda n: f"Page {n} of 6, printed on {LEFT[n]}", id="before other text on each page"),
        ],
    )
    def test_in_a_line(self, text: Callable[[int], str]) -> None:
        assert labels(from_the_third(text)) == NUMBERED

    @pytest.mark.parametrize("first", [True, False])
    def test_far_from_other_text(self, first: bool) -> None:
        def edge(number: int) -> list[Line]:
            chapter, printed = f"On {LEFT[number % 7]}", str(number + 40)
            return foot(printed, (FAR, chapter)) if first else foot(chapter, (FAR, printed))

        assert labels(edge) == [str(number) for number in range(41, 49)]

    def test_at_the_outer_edges_of_left_and_right_pages(self) -> None:
        def edge(number: int) -> list[Line]:
            return foot("The pump", (FAR, str(number + 6))) if number % 2 else foot(str(number + 6), (FAR, "On lids"))

        assert labels(edge) == [str(number) for number in range(7, 15)]

    def test_roman_numerals_before_the_first_page(self) -> None:
        found = labels(lambda n: foot(["i", "ii", "iii", "iv"][n - 1] if n < 5 else str(n - 4)), 12)
        assert found == ["i", "ii", "iii", "iv", *map(str, range(1, 9))]

    def test_numbers_within_parts(self) -> None:
        found = labels(lambda number: foot(f"A-{number}" if number < 5 else f"B-{number - 4}"))
        assert found == ["A-1", "A-2", "A-3", "A-4", "B-1", "B-2", "B-3", "B-4"]
        assert labels(lambda number: foot(f"3-{number + 11}"))[:2] == ["3-12", "3-13"]

    def test_roman_numerals_in_capitals(self) -> None:
        assert labels(lambda n: foot(f"– {'I' * n} –"), 3) == ["I", "II", "III"]

    def test_numbers_that_begin_again(self) -> None:
        assert labels(lambda n: foot(str(n if n < 5 else n - 4)), 8) == ["1", "2", "3", "4"] * 2

    def test_pages_without_a_number_between_others(self) -> None:
        found = labels(lambda n: foot("" if n in (1, 2, 6, 9) else str(n - 2)), 10)
        assert found == [None, None, "1", "2", "3", "4", "5", "6", "7", "8"]

    def test_a_first_page_that_shows_no_number(self) -> None:
        assert labels(lambda n: foot(str(n - 1) if n > 2 else "")) == [None, *map(str, range(1, 8))]

    def test_right_below_a_text_that_ends_at_any_height(self) -> None:
        """Pages that were made of web pages."""
        assert labels(lambda n: foot(str(n + 3), top=400.0 + 37 * n)) == [str(n) for n in range(4, 12)]

    def test_chapters_that_begin_with_the_number_at_the_bottom(self) -> None:
        found = labels(lambda n: foot(str(n + 1), top=800.0 if n % 4 == 1 else 30.0), 12)
        assert found == [str(n) for n in range(2, 14)]

    def test_after_a_long_running_line(self) -> None:
        notice = " ".join(["This text is for the keepers of the pump alone."] * 6)
        assert labels(from_the_third(lambda n: f"{notice} {n}")) == NUMBERED

    def test_some_pages_with_other_numbers(self) -> None:
        assert labels(lambda n: foot(str(n + 3 if n % 3 else n * n + 1000)), 10) == [str(n) for n in range(4, 14)]

    def test_other_numbers_that_would_count_pages_far_apart(self) -> None:
        assert labels(lambda n: foot(str(n + 85 if n in (5, 9) else n + 3)), 12) == [str(n) for n in range(4, 16)]

    def test_sixty_per_cent_of_the_pages(self) -> None:
        assert labels(lambda n: foot(str(n + 1) if n < 7 else ""), 10) == [*map(str, range(2, 8)), *[None] * 4]
        assert labels(lambda n: foot(str(n + 1) if n < 6 else ""), 10) == [None] * 10

    def test_in_a_file(self, tmp_path: Path) -> None:
        prose = [(60.0, 700.0 - 14 * row, 10.0, text) for row, text in enumerate(LEFT)]
        found = draw(tmp_path / "a.pdf", *[[*prose, (300.0, 30.0, 9.0, f"– {number} –")] for number in range(7, 12)])
        assert [page.label for page in found] == ["7", "8", "9", "10", "11"]


class TestNotFound:
    @pytest.mark.parametrize(
        "edge",
        [
            pytest.param(lambda n: foot(str(n)), id="as pages are counted"),
            pytest.param(lambda n: [*foot(str(n + 30)), *foot(f"Page {n} of 8", top=815)], id="beside the count"),
            pytest.param(lambda _: foot("2024"), id="a year"),
            pytest.param(lambda n: foot(str(7 * n * n)), id="amounts"),
            pytest.param(lambda n: foot(str(20 - n)), id="counting down"),
            pytest.param(lambda n: foot(str(2 * n)), id="in steps of two"),
            pytest.param(lambda n: foot(f"Step {n + 1}"), id="steps"),
            pytest.param(lambda n: foot(f"{LEFT[n % 7]} {n + 1}"), id="at the end of a line that is another each time"),
            pytest.param(lambda n: foot(f"Lesson on pumps {n + 1}", size=20.0), id="titles"),
            pytest.param(lambda n: foot(f"4.{n + 1}"), id="sections"),
            pytest.param(lambda _: [], id="nothing"),
            pytest.param(lambda n: foot(["mix", "vim", "ilex", "civic"][n % 4]), id="words of Roman letters"),
            pytest.param(lambda n: foot("iiii"[: n % 4 + 1]), id="no Roman numerals"),
            pytest.param(lambda n: [line((60, str(n + 9)), top=400.0), *foot("The end")], id="in the middle"),
        ],
    )
    def test_other_numbers(self, edge: Edge) -> None:
        assert labels(edge) == [None] * 8

    def test_numbers_of_lines(self) -> None:
        """Line 25 of the first page, 26 of the second: they rise by one too."""
        found = labels(lambda _: [line((20, str(row)), top=20.0 + 28 * row) for row in range(1, 29)], 5)
        assert found == [None] * 5

    def test_two_pages(self) -> None:
        assert labels(lambda n: foot(str(n + 3)), 2) == [None, None]

    def test_no_pages(self) -> None:
        assert printed_labels([]) == []
        assert printed_labels([((1.0, 1.0), [])] * 4) == [None] * 4


class TestDeclared:
    @pytest.mark.parametrize(
        ("given_", "found"),
        [
            pytest.param(["i", "ii", "1"], ["i", "ii", "1"], id="front matter"),
            pytest.param(["Cover", None, "1"], ["Cover", None, "1"], id="a page without one"),
            pytest.param(["1", "2", "3"], [None] * 3, id="as pages are counted"),
            pytest.param(["1", None, "3"], [None] * 3, id="as pages are counted, or none"),
            pytest.param([None] * 3, [None] * 3, id="none"),
            pytest.param(["1"] * 3, [None] * 3, id="the same on all"),
            pytest.param(["1203"], ["1203"], id="one page"),
            pytest.param([], [], id="no page"),
        ],
    )
    def test_usable(self, given_: list[str | None], found: list[str | None]) -> None:
        assert declared_labels(given_) == found

    @pytest.mark.parametrize(
        ("text", "label"),
        [
            ("iv", "iv"),
            (" A-\x001\u200b\n", "A-1"),
            ("Page  7", "Page 7"),
            ("", None),
            ("\x07 \u202e", None),
            ("x" * 20, "x" * 20),
            ("x" * 21, None),
        ],
    )
    def test_text(self, text: str, label: str | None) -> None:
        assert as_label(text) == label

    def test_of_a_file(self, tmp_path: Path) -> None:
        from reportlab.pdfgen.canvas import Canvas

        canvas = Canvas(str(tmp_path / "a.pdf"))
        for number, (style, prefix) in enumerate([("ROMAN_LOWER", None), ("ARABIC", None), ("ARABIC", "x" * 30)]):
            canvas.addPageLabel(number, style=style, start=4, prefix=prefix)
            canvas.drawString(72, 700, "Text.")
            canvas.showPage()
        canvas.save()
        with open_pdf(tmp_path / "a.pdf") as file:
            assert file.labels() == ["iv", "4", None]


numbers = st.sampled_from(["1", "2", "3", "7", "i", "ii", "iv", "Page 3", "The pump 4", "|", "x", "- 5 -", "99999"])
edges = st.lists(st.tuples(st.sampled_from([20.0, 32.0, 400.0, 790.0]), numbers), max_size=4)


class TestAlways:
    @given(st.lists(edges, max_size=9))
    def test_labels_are_short_and_count(self, drawn: list[list[tuple[float, str]]]) -> None:
        found = printed_labels([page(n, *[line((60, t), top=top) for top, t in one]) for n, one in enumerate(drawn)])
        assert len(found) == len(drawn)
        assert all(label is None or (0 < len(label) <= 20 and label.isalnum()) for label in found)
        if any(found):
            assert sum(label is not None for label in found) >= 0.6 * len(found)
            assert any(label not in (None, str(number)) for number, label in enumerate(found, start=1))

    @given(st.integers(0, 300), st.integers(3, 12), st.booleans(), st.data())
    def test_a_numbering_is_found_wherever_it_begins(
        self, first: int, count: int, roman: bool, data: st.DataObject
    ) -> None:
        """With as many covers as may be: of five pages, two."""
        covers = data.draw(st.integers(0, count * 2 // 3))
        printed = [_roman(first + n) if roman and first else str(first + n) for n in range(count)]
        texts = ["", *[""] * covers, *printed][1:]
        found = labels(lambda number: foot(texts[number - 1]), len(texts))
        if printed == [str(number) for number in range(covers + 1, covers + count + 1)]:
            assert found == [None] * len(texts)
        else:
            assert found[covers:] == printed

    @given(st.text("ivxlcpage0123456789 |-/. ", max_size=300))
    def test_any_line(self, text: str) -> None:
        assert len(labels(lambda _: foot(text if text.strip() else "x"), 4)) == 4


def _roman(value: int) -> str:
    tens = ["", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc"]
    ones = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"]
    return "c" * (value // 100) + tens[value // 10 % 10] + ones[value % 10]
