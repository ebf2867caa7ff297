"""Open PDF documents, and pages rendered to PNG with quotes highlighted."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from rag.domain.values import Box
from rag.errors import FileFault
from rag.pdf.document import open_document, render_page
from tests.fakes import make_pdf
from tests.unit.ingest.pdf.layouts import read_pages

WIDTH, HEIGHT = A4


def text_boxes(path: Path, start: int, end: int) -> tuple[Box, ...]:
    """The boxes of these characters of the only page, as ingest finds them."""
    (page,) = read_pages(path)
    return page.boxes(start, end)


def pixels(picture: Image.Image) -> list[tuple[int, int, int]]:
    data = picture.convert("RGB").tobytes()
    return list(zip(data[::3], data[1::3], data[2::3], strict=True))


class TestRenderPage:
    def test_size_and_format(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["Hello", "World"])
        for scale in (1.0, 2.0):
            picture = Image.open(io.BytesIO(render_page(path, 2, scale=scale)))
            assert picture.format == "PNG"
            assert picture.size == pytest.approx((WIDTH * scale, HEIGHT * scale), abs=1)

    def test_the_highlighted_place_changes_colour_and_nothing_else(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["Hello world"])
        (box,) = text_boxes(path, 0, 5)
        plain = Image.open(io.BytesIO(render_page(path, 1, scale=1)))
        marked = Image.open(io.BytesIO(render_page(path, 1, [box], scale=1)))
        assert (plain.mode, marked.mode, plain.size) == ("RGB", "RGB", marked.size)
        # A corner inside of the box has no ink.
        inside = (round(box.x0) + 2, round(box.y0) + 1)
        assert plain.getpixel(inside) == (255, 255, 255)
        assert marked.getpixel(inside) == (255, 226, 89)
        left, top, right, bottom = (round(coordinate) for coordinate in box)
        outside = marked.copy()
        outside.paste(plain.crop((left, top, right, bottom)), (left, top))
        different = [p for p, q in zip(pixels(outside), pixels(plain), strict=True) if p != q]
        # At most the one row and column of pixels that rounding may add.
        assert len(different) <= 2 * (right - left + bottom - top) + 8

    def test_ink_stays_dark_under_the_highlight(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["HHHHH"])
        (box,) = text_boxes(path, 0, 5)
        marked = Image.open(io.BytesIO(render_page(path, 1, [box], scale=4)))
        inked = marked.crop((box.x0 * 4, box.y0 * 4, box.x1 * 4, box.y1 * 4))
        assert min(sum(pixel) for pixel in pixels(inked)) < 60

    def test_the_page_asked_for(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["", "Ink."])
        first, second = (zlib.crc32(render_page(path, number)) for number in (1, 2))
        assert first != second
        assert set(pixels(Image.open(io.BytesIO(render_page(path, 1, scale=0.2))))) == {(255, 255, 255)}

    def test_a_huge_page_is_drawn_smaller(self, tmp_path: Path) -> None:
        path = tmp_path / "plan.pdf"
        canvas = Canvas(str(path), pagesize=(14_400, 14_400))
        canvas.drawString(72, 72, "A drawing of five metres by five")
        canvas.save()
        picture = Image.open(io.BytesIO(render_page(path, 1)))
        assert picture.size == (4000, 4000)


class TestFaults:
    def test_encrypted(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["Text."], password="secret")
        with pytest.raises(FileFault) as caught:
            render_page(path, 1)
        assert (caught.value.status, caught.value.reason) == ("encrypted", "needs a password; save a copy without one")

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"garbage" * 100, id="garbage"),
            pytest.param(b"%PDF-1.7\n", id="only the header"),
            pytest.param(b"<html></html>", id="another format"),
        ],
    )
    def test_malformed(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "a.pdf").write_bytes(data)
        with pytest.raises(FileFault) as caught:
            render_page(tmp_path / "a.pdf", 1)
        assert caught.value.status == "malformed"

    def test_a_page_that_is_not_in_the_file(self, tmp_path: Path) -> None:
        path = make_pdf(tmp_path / "a.pdf", ["Text."])
        with pytest.raises(FileFault) as caught:
            render_page(path, 2)
        assert caught.value.status == "unreadable"

    def test_a_fault_leaves_pdfium_free_for_others(self, tmp_path: Path) -> None:
        (tmp_path / "bad.pdf").write_bytes(b"bad")
        for _ in range(2):
            with pytest.raises(FileFault):
                render_page(tmp_path / "bad.pdf", 1)
        with open_document(make_pdf(tmp_path / "good.pdf", ["Text."] * 3)) as document:
            assert len(document) == 3
