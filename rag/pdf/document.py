"""An opened PDF: the lines of its pages, and their pictures."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageChops, ImageDraw

from ingest.pdf.lines import PageLines
from ingest.pdf.page_text import compose_pages
from ingest.readers.limits import ReadingLimits
from rag.domain.stored import LARGEST_SIDE
from rag.domain.values import Box, Page
from rag.errors import FileFault
from rag.pdf.characters import read_lines

# pdfium is not thread-safe: "PDFium is inherently not thread-safe", https://pypdfium2.readthedocs.io
_PDFIUM = threading.Lock()

# A drawing of five metres by five at 144 dpi would need 12 GB.
_MOST_PIXELS = 16_000_000


_LIMITS = ReadingLimits()


class PdfFile:
    """A PDF that is open. Pages are numbered from 1. Valid only within :func:`open_pdf`."""

    def __init__(self, document: pypdfium2.PdfDocument, limits: ReadingLimits = _LIMITS) -> None:
        self._document = document
        self._limits = limits
        self._characters: dict[int, int] = {}
        self._hidden: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._document)

    def lines(self, number: int) -> PageLines:
        """The size of a page in points and its lines, in the order of the file.

        Raises:
            FileFault: ``too_large``, or ``malformed``.
        """
        with closing(self._document[number - 1]) as page, closing(page.get_textpage()) as textpage:
            self._check_characters(number, textpage.count_chars())
            (size, lines), self._hidden[number] = read_lines(page, textpage)
            width, height = (min(max(side, 1.0), LARGEST_SIDE - 1) for side in size)
            return (width, height), lines

    def hidden(self, number: int) -> int:
        """How many words of a page whose lines were read are not among them, because a person cannot see them."""
        return self._hidden[number]

    def picture(self, number: int, *, scale: float, grey: bool = False) -> Image.Image:
        """A page as people see it.

        Args:
            number: of the page.
            scale: pixels per point. Less for a page that would have more than 16 million pixels, so that
                ``picture.width / width of the page`` is the scale that it has.
            grey: in one channel, as text recognition wants it, instead of RGB.

        Raises:
            FileFault: ``malformed``.
        """
        with closing(self._document[number - 1]) as page:
            width, height = page.get_size()
            scale = min(scale, (_MOST_PIXELS / (width * height)) ** 0.5)
            with closing(page.render(scale=scale, grayscale=grey)) as bitmap:
                # convert copies: the bitmap's memory goes with the bitmap.
                picture: Image.Image = bitmap.to_pil().convert("L" if grey else "RGB")
                return picture

    def _check_characters(self, number: int, count: int) -> None:
        """Before they are taken apart one by one, so that a page of fifty million costs nothing."""
        most = self._limits.characters_per_page
        if count > most:
            raise FileFault("too_large", f"page {number} has {count:,} characters; at most {most:,} are read")
        self._characters[number] = count
        most = self._limits.characters
        if (total := sum(self._characters.values())) > most:
            raise FileFault(
                "too_large", f"more than {total - 1:,} characters up to page {number}; at most {most:,} are read"
            )


@contextmanager
def open_pdf(path: Path, limits: ReadingLimits = _LIMITS) -> Iterator[PdfFile]:
    """Opens a PDF. Nobody else can read or draw one meanwhile: pdfium serves one thread at a time.

    Raises:
        FileFault: ``encrypted``, ``malformed``, or ``too_large`` for more pages than the limits allow.
    """
    with _opened(path) as document:
        if len(document) > limits.pages:
            raise FileFault("too_large", f"{len(document):,} pages; at most {limits.pages:,} are read")
        yield PdfFile(document, limits)


def read_pages(path: Path, limits: ReadingLimits = _LIMITS) -> tuple[Page, ...]:
    """Every page of a PDF with its text, word boxes, headings and tables.

    A page without a text layer has an empty text.

    Raises:
        FileFault: ``encrypted``, ``malformed`` or ``too_large``.
    """
    with open_pdf(path, limits) as file:
        pages = [file.lines(number) for number in range(1, len(file) + 1)]
    return compose_pages(pages)


def render_page(path: Path, number: int, boxes: Sequence[Box] = (), *, scale: float = 2.0) -> bytes:
    """A page as a PNG, with boxes highlighted.

    Args:
        path: the PDF.
        number: 1-based.
        boxes: in points, origin top left.
        scale: pixels per point; 2 is 144 dpi. Less for a page that would have more than 16 million pixels.

    Raises:
        FileFault: ``encrypted`` or ``malformed``.
    """
    # Without limits: what was read once, under whatever limits, can be shown.
    with _opened(path) as document:
        picture = PdfFile(document).picture(number, scale=scale)
        width = document.get_page_size(number - 1)[0]
    if boxes:
        picture = _highlight(picture, boxes, min(scale, picture.width / width))
    data = io.BytesIO()
    picture.save(data, format="PNG")
    return data.getvalue()


def _highlight(picture: Image.Image, boxes: Sequence[Box], scale: float) -> Image.Image:
    veil = Image.new("RGB", picture.size, "white")
    draw = ImageDraw.Draw(veil)
    for box in boxes:
        draw.rectangle([coordinate * scale for coordinate in box], fill=(255, 226, 89))
    # Multiply, as a highlighter pen does: dark letters stay dark.
    return ImageChops.multiply(picture, veil)


@contextmanager
def _opened(path: Path) -> Iterator[pypdfium2.PdfDocument]:
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            if error.err_code == pdfium.FPDF_ERR_PASSWORD:
                raise FileFault("encrypted", "needs a password; save a copy without one") from error
            raise FileFault("malformed", f"not a readable PDF ({error})") from error
        try:
            yield document
        except pypdfium2.PdfiumError as error:
            raise FileFault("malformed", f"a page cannot be read ({error})") from error
        finally:
            document.close()
