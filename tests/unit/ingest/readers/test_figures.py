"""Figures: pictures and captions of charts are named in the report, logos and prose are not."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingest.pdf.lines import Line, Piece
from ingest.readers.figures import figure_remarks
from ingest.readers.limits import ReadingLimits
from ingest.readers.pdf import read_pdf
from ingest.readers.source import ReadingOptions, Remark
from rag.domain.values import Box


def picture(side: float = 300) -> Callable[[Canvas], object]:
    data = io.BytesIO()
    Image.new("RGB", (40, 40), (200, 60, 60)).save(data, "PNG")

    def draw(canvas: Canvas) -> None:
        data.seek(0)
        canvas.drawImage(ImageReader(data), 100, 300, side, side)

    return draw


def remarks(path: Path, *pages: tuple[Callable[[Canvas], object] | None, str]) -> list[Remark]:
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    for draw, text in pages:
        if draw:
            draw(canvas)
        canvas.drawString(72, 700, "Some text of a page.")
        canvas.drawString(72, 250, text)
        canvas.showPage()
    canvas.save()
    source = read_pdf(path, ReadingOptions(ReadingLimits(), ocr="off"))
    assert source.reason is None
    return list(source.remarks)


def test_a_picture_with_its_caption(tmp_path: Path) -> None:
    found = remarks(tmp_path / "a.pdf", (picture(), "Figure 1. Growth in June"))
    assert found == [Remark(1, "figure", "Figure 1. Growth in June")]


def test_a_picture_without_a_caption(tmp_path: Path) -> None:
    found = remarks(tmp_path / "a.pdf", (None, "Text."), (picture(), "More text."))
    assert found == [Remark(2, "figure")]


def test_a_caption_of_a_drawing(tmp_path: Path) -> None:
    found = remarks(tmp_path / "a.pdf", (lambda canvas: canvas.circle(300, 450, 80), "Figure 2: Growth"))
    assert found == [Remark(1, "figure", "Figure 2 – Growth")]


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param([(picture(40), "Text.")], id="small"),
        pytest.param([(picture(), "Text.")] * 3, id="a logo on every page"),
        pytest.param([(None, "Figure 3 shows the growth.")], id="prose"),
        pytest.param([(None, "Figures are in annex 2.")], id="no number"),
    ],
)
def test_nothing_to_name(tmp_path: Path, pages: list[tuple[Callable[[Canvas], object] | None, str]]) -> None:
    assert remarks(tmp_path / "a.pdf", *pages) == []


def test_captions_are_told_up_to_a_number() -> None:
    def line(number: int) -> Line:
        words = f"Figure {number}. Growth {'x' * 300}".split()
        return Line([Piece(word, Box(72, 100, 100, 112), 12.0, bold=False) for word in words])

    found = figure_remarks([((595.0, 842.0), [line(number)]) for number in range(1, 200)], {})
    assert len({remark.detail for remark in found}) == 41
    assert all(len(remark.detail) <= 100 for remark in found)
    assert [remark.page for remark in found] == list(range(1, 200))
