"""Watermarks and drop caps: neither headings nor titles, and the text around them stays whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from ingest.pdf.drop_caps import with_drop_caps
from ingest.pdf.lines import Line, Piece
from ingest.pdf.stamps import without_stamps
from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.source import ReadingOptions, SourceText
from rag.domain.values import Box

Draw = Callable[[Canvas], object]
BODY = ("Bids are opened on 12 October.", "The deposit is 5 percent of the price.")
# Different on each page: else it would be a running footer.
LAST = ("A bidder may withdraw.", "The lowest price wins.", "Questions are welcome.", "No other terms hold.")


def read(path: Path, draw: Draw, pages: int = 1) -> SourceText:
    """Pages with a heading and three lines, on each of which something is drawn before."""
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    for number in range(pages):
        canvas.saveState()
        draw(canvas)
        canvas.restoreState()
        canvas.setFont("Helvetica-Bold", 16)
        canvas.drawString(72, 700, f"Terms {'of the tender ' * (number + 1)}")
        canvas.setFont("Helvetica", 11)
        for place, line in enumerate((*BODY, LAST[number])):
            canvas.drawString(72, 660 - 14 * place, line)
        canvas.showPage()
    canvas.save()
    return read_pdf(path, ReadingOptions(ReadingLimits(), ocr="off"))


def tiled(canvas: Canvas) -> None:
    canvas.setFillGray(0.8)
    canvas.setFont("Helvetica", 20)
    for x in range(0, 600, 200):
        for y in range(0, 800, 200):
            canvas.saveState()
            canvas.translate(x, y)
            canvas.rotate(40)
            canvas.drawString(0, 0, "COPY 7731")
            canvas.restoreState()


def across(canvas: Canvas) -> None:
    canvas.setFillGray(0.8)
    canvas.setFont("Helvetica-Bold", 90)
    canvas.translate(150, 250)
    canvas.rotate(55)
    canvas.drawString(0, 0, "DRAFT")


def upright(canvas: Canvas) -> None:
    canvas.setFillGray(0.8)
    canvas.setFont("Helvetica-Bold", 60)
    canvas.drawString(150, 400, "CONFIDENTIAL")


def over(canvas: Canvas) -> None:
    canvas.setFillGray(0.8)
    canvas.setFont("Helvetica-Bold", 50)
    canvas.drawString(72, 640, "PROTOTYPE")


def licensed(canvas: Canvas) -> None:
    canvas.rotate(30)
    canvas.setFont("Helvetica", 11)
    canvas.drawString(400, 100, "Licensed to Ann")


def tiles(canvas: Canvas) -> None:
    canvas.setFillGray(0.8)
    for y in range(40, 840, 60):
        for x in range(20, 560, 120):
            canvas.drawString(x, y, "copy of user4471")


@pytest.mark.parametrize(
    ("draw", "pages", "said"),
    [
        pytest.param(tiled, 1, "COPY 7731", id="tiled"),
        pytest.param(tiled, 3, "COPY 7731", id="tiled on every page"),
        pytest.param(across, 1, "DRAFT", id="across a page"),
        pytest.param(across, 4, "DRAFT", id="across every page"),
        pytest.param(upright, 4, "CONFIDENTIAL", id="upright on every page"),
        pytest.param(upright, 1, "CONFIDENTIAL", id="upright, by its word"),
        pytest.param(over, 1, "PROTOTYPE", id="upright, over text"),
        pytest.param(licensed, 2, "Licensed to Ann", id="small and slanted on both pages"),
        pytest.param(tiles, 1, "copy of user4471", id="upright tiles"),
        pytest.param(tiles, 2, "copy of user4471", id="upright tiles on every page"),
    ],
)
def test_watermarks(tmp_path: Path, draw: Draw, pages: int, said: str) -> None:
    source = read(tmp_path / "a.pdf", draw, pages)
    assert source.title == "Terms of the tender"
    for page in source.pages:
        body = page.text[slice(*page.body)]
        assert said not in body
        assert "\n".join(BODY) in body
        # It is not lost, and there once.
        assert page.text.count(said) == 1
        assert [page.text[heading.start : heading.end][:5] for heading in page.headings] == ["Terms"]


def test_slanted_labels_stay(tmp_path: Path) -> None:
    def labels(canvas: Canvas) -> None:
        for number, word in enumerate(("North", "South", "West")):
            canvas.saveState()
            canvas.translate(100 + 100 * number, 300)
            canvas.rotate(45)
            canvas.drawString(0, 0, word)
            canvas.restoreState()

    (page,) = read(tmp_path / "a.pdf", labels).pages
    body = page.text[slice(*page.body)]
    assert all(word in body for word in ("North", "South", "West"))


def test_a_title_on_few_pages_stays(tmp_path: Path) -> None:
    def title(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 60)
        canvas.drawString(150, 400, "SUMMARY")

    source = read(tmp_path / "a.pdf", title, 2)
    assert all("SUMMARY" in page.text[slice(*page.body)] for page in source.pages)


def test_cells_that_are_alike_stay(tmp_path: Path) -> None:
    def table(canvas: Canvas) -> None:
        for row in range(8):
            for column, text in enumerate((f"Row {row}", *["not applicable"] * 4)):
                canvas.drawString(60 + 110 * column, 500 - 20 * row, text)

    (page,) = read(tmp_path / "a.pdf", table).pages
    assert page.text.count("not applicable") == 32


def test_a_watermark_that_the_edge_cuts_off_is_said_once(tmp_path: Path) -> None:
    def cut(canvas: Canvas) -> None:
        canvas.setFillGray(0.8)
        for place, text in enumerate(["Licensed to R. Okafor"] * 3 + ["Licensed to"] * 3):
            canvas.saveState()
            canvas.translate(40 + 80 * place, 120 + 60 * place)
            canvas.rotate(30)
            canvas.drawString(0, 0, text)
            canvas.restoreState()

    (page,) = read(tmp_path / "a.pdf", cut).pages
    assert page.text.count("Licensed to") == 1


def test_a_page_of_nothing_else_keeps_its_words(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=A4)
    for _ in range(4):
        upright(canvas)
        canvas.showPage()
    canvas.save()
    source = read_pdf(tmp_path / "a.pdf", ReadingOptions(ReadingLimits(), ocr="off"))
    assert [page.text for page in source.pages] == ["CONFIDENTIAL"] * 4


def line(text: str, x: float, y: float, size: float, *, wide: float = 0.5) -> Line:
    pieces, left = [], x
    for word in text.split():
        right = left + wide * size * len(word)
        pieces.append(Piece(word, Box(left, y, right, y + size), size, bold=False))
        left = right + 0.3 * size
    return Line(pieces)


@pytest.mark.parametrize(
    ("cap", "beside", "text"),
    [
        pytest.param(
            line("T", 72, 100, 36), line("he pump is blue.", 92, 102, 11), ["The pump is blue."], id="drop cap"
        ),
        pytest.param(
            line("T", 72, 100, 36), line("HE PUMP is blue.", 92, 102, 11), ["THE PUMP is blue."], id="capitals"
        ),
        pytest.param(line("A", 72, 100, 36), line("pump is blue.", 96, 102, 11), ["A pump is blue."], id="a word"),
        pytest.param(line("T", 72, 100, 36), line("he pump is blue.", 92, 140, 11), None, id="below"),
        pytest.param(line("T", 72, 100, 36), line("he pump is blue.", 300, 102, 11), None, id="far away"),
        pytest.param(line("T", 72, 100, 12), line("he pump is blue.", 80, 101, 11), None, id="small"),
        pytest.param(line("7", 72, 100, 36), line("The pump is blue.", 92, 102, 11), None, id="number of a chapter"),
    ],
)
def test_drop_caps(cap: Line, beside: Line, text: list[str] | None) -> None:
    found = with_drop_caps([cap, beside])
    assert [one.text for one in found] == (text or [cap.text, beside.text])


def test_a_drop_cap_that_is_drawn_later() -> None:
    lines = [line("he pump is blue.", 92, 102, 11), line("It is old.", 92, 116, 11), line("End.", 72, 140, 11)]
    found = with_drop_caps([*lines, line("T", 72, 100, 36)])
    assert [one.text for one in found] == ["The pump is blue.", "It is old.", "End."]


def test_a_page_of_single_letters_stays() -> None:
    letters = [line(letter, 72 + 40 * n, 100, 36) for n, letter in enumerate("ABCDEFGH" * 20)]
    assert with_drop_caps(letters) == letters


def test_a_large_sign_over_lines_is_none() -> None:
    """As the sign of a sum over and under its limits."""
    lines = [line("∑", 72, 100, 36), line("n+1", 72, 104, 9), line("i=0", 72, 122, 9), line("of it", 120, 110, 11)]
    (page,) = without_stamps([((595.0, 842.0), lines)])
    assert page.lines == lines


pages = st.lists(
    st.lists(
        st.builds(
            lambda text, x, y, size, slanted: Line(line(text, x, y, size).pieces, slanted=slanted),
            st.sampled_from(["DRAFT", "a b", "c", "Text of it"]),
            st.sampled_from([72.0, 100.0]),
            st.floats(0, 800),
            st.sampled_from([10.0, 20.0, 50.0]),
            st.booleans(),
        ),
        max_size=6,
    ),
    max_size=5,
)


@given(pages)
def test_each_text_stays_on_its_page(document: list[list[Line]]) -> None:
    for lines, (kept, stamps) in zip(
        document, without_stamps([((595.0, 842.0), one) for one in document]), strict=True
    ):
        assert {one.text for one in lines} == {one.text for one in (*kept, *stamps)}
        assert bool(kept) == bool(lines)
