"""Open PDF documents and page rendering with pdfium. pypdfium2 is used here and in ``ingest/pdf`` only."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageChops, ImageDraw

from rag.domain.values import Box
from rag.errors import FileFault
from rag.pdf.annotations import Annotation, read_annotations
from rag.pdf.note_picture import draw_note

# pdfium is not thread-safe: "PDFium is inherently not thread-safe", https://pypdfium2.readthedocs.io
_PDFIUM = threading.Lock()

# A page of five metres by five at 144 dpi would need 12 GB.
_MOST_PIXELS = 16_000_000
# In points: boxes that are stored are rounded, and those without extent are widened.
_SAME = 1.1
# A third of the time of zlib's usual level 6, at no more bytes: pages are mostly white.
_PNG_LEVEL = 1


class PdfDocument:
    """An open PDF. Pages are numbered from 1. Valid only within :func:`open_document`."""

    def __init__(self, pdfium_document: pypdfium2.PdfDocument) -> None:
        self.pdfium_document = pdfium_document

    def __len__(self) -> int:
        return len(self.pdfium_document)

    def picture(self, number: int, *, scale: float, grey: bool = False) -> Image.Image:
        """Renders a page.

        Args:
            number: of the page, from 1.
            scale: pixels per point. Less for a page that would have more than 16 million pixels, so that
                ``picture.width / width of the page`` is the scale that it has.
            grey: one channel, for OCR, instead of RGB.

        Raises:
            pypdfium2.PdfiumError: it cannot; :func:`open_document` makes it a FileFault.
            FileFault: ``malformed``: it is cropped to nothing.
        """
        with closing(self.pdfium_document[number - 1]) as page:
            width, height = page.get_size()
            if width * height <= 0:
                raise FileFault("malformed", f"page {number} has no extent")
            scale = min(scale, (_MOST_PIXELS / (width * height)) ** 0.5)
            with closing(page.render(scale=scale, grayscale=grey)) as bitmap:
                # convert copies: the bitmap's memory goes with the bitmap.
                picture: Image.Image = bitmap.to_pil().convert("L" if grey else "RGB")
                return picture

    def notes(self, number: int, boxes: Sequence[Box]) -> list[Annotation]:
        """The notes of a page that these boxes mark; such a note is no part of the page as drawn."""
        with closing(self.pdfium_document[number - 1]) as page:
            return [
                one
                for one in read_annotations(page)
                if one.kind == "note" and any(_is_same(one.box, box) for box in boxes)
            ]


def _is_same(one: Box, other: Box) -> bool:
    return all(abs(side - mate) <= _SAME for side, mate in zip(one, other, strict=True))


@contextmanager
def open_document(path: Path) -> Iterator[PdfDocument]:
    """Opens a PDF. No other thread can use one meanwhile: pdfium is not thread-safe.

    Raises:
        FileFault: ``encrypted`` or ``malformed``.
    """
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            if error.err_code == pdfium.FPDF_ERR_PASSWORD:
                raise FileFault("encrypted", "needs a password; save a copy without one") from error
            raise FileFault("malformed", f"not a readable PDF ({error})") from error
        try:
            _initialize_forms(document)
            yield PdfDocument(document)
        except pypdfium2.PdfiumError as error:
            raise FileFault("malformed", f"a page cannot be read ({error})") from error
        finally:
            document.close()


def _initialize_forms(document: pypdfium2.PdfDocument) -> None:
    """Lets the values of form fields be drawn and read; does nothing for a file without a form, or a damaged one.

    It is pypdfium2's ``init_forms``, without its warning of forms in XFA.
    """
    if document.get_formtype() != pdfium.FORMTYPE_NONE:
        callbacks = pdfium.FPDF_FORMFILLINFO(version=2)
        if environment := pdfium.FPDFDOC_InitFormFillEnvironment(document, callbacks):
            document.formenv = pypdfium2.PdfFormEnv(environment, callbacks)


def render_page(path: Path, number: int, boxes: Sequence[Box] = (), *, scale: float = 2.0) -> bytes:
    """Renders a page to PNG, with boxes highlighted.

    Args:
        path: the PDF.
        number: 1-based.
        boxes: in points, origin top left.
        scale: pixels per point; 2 is 144 dpi. Less for a page that would have more than 16 million pixels.

    Raises:
        FileFault: ``encrypted``, ``malformed``, or ``unreadable``: it has no such page.
    """
    # Without the limits of ingest: a page that was indexed under other limits can still be shown.
    with open_document(path) as document:
        if number > len(document):
            raise FileFault("unreadable", f"it has no page {number}")
        picture = document.picture(number, scale=scale)
        width = document.pdfium_document.get_page_size(number - 1)[0]
        notes = document.notes(number, boxes) if boxes else []
    if boxes:
        scale = min(scale, picture.width / width)
        picture = _highlight(picture, boxes, scale)
        for note in notes:
            draw_note(picture, note, scale)
    data = io.BytesIO()
    picture.save(data, format="PNG", compress_level=_PNG_LEVEL)
    return data.getvalue()


def _highlight(picture: Image.Image, boxes: Sequence[Box], scale: float) -> Image.Image:
    veil = Image.new("RGB", picture.size, "white")
    draw = ImageDraw.Draw(veil)
    for box in boxes:
        draw.rectangle([coordinate * scale for coordinate in box], fill=(255, 226, 89))
    # Multiply, as a highlighter pen does: dark letters stay dark.
    return ImageChops.multiply(picture, veil)
