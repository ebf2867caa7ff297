"""PDF pages: their text with offsets and boxes, and their picture. The only home of pypdfium2.

pdfium gives characters one by one, with their boxes, in the order in which the file draws them. This module turns
them into words, lines and paragraphs, and notices headings by their size and weight.
"""

from __future__ import annotations

import ctypes
import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageChops, ImageDraw

from rag.characters import is_visible
from rag.domain import Box, Page
from rag.errors import FileFault
from rag.page_text import Line, PageLines, Piece, compose_pages

# pdfium is not thread-safe: "PDFium is inherently not thread-safe", https://pypdfium2.readthedocs.io
_PDFIUM = threading.Lock()

# A hyphen at the end of a line comes as one of these; the word goes on in the next line.
_LINE_HYPHENS = "\x02\ufffe\u00ad"
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_BOLD = 600
_MARK_RAISED = 0.2
_MARKED_WORD = 3
# A drawing of five metres by five at 144 dpi would need 12 GB.
_MOST_PIXELS = 16_000_000
# PageToDevice speaks whole numbers: ask it for hundredths of a point.
_DEVICE_SCALE = 100


@dataclass(frozen=True)
class ReadingLimits:
    """What is too large to be read: pages of a document, characters of a page, characters of a document."""

    pages: int = 5_000
    characters_per_page: int = 200_000
    characters: int = 20_000_000


_LIMITS = ReadingLimits()


class PdfFile:
    """An open PDF; page numbers are 1-based."""

    def __init__(self, document: pypdfium2.PdfDocument) -> None:
        self._document = document

    def __len__(self) -> int:
        return len(self._document)

    def lines(self, number: int) -> PageLines:
        """The size of a page, and its lines.

        Raises:
            FileFault: ``malformed``.
        """
        page = self._document[number - 1]
        try:
            return _read_lines(page)
        finally:
            page.close()

    def picture(self, number: int, *, scale: float) -> Image.Image:
        """A page as displayed, in RGB; less than ``scale`` pixels per point where it would have more than 16 million.

        Raises:
            FileFault: ``malformed``.
        """
        page = self._document[number - 1]
        try:
            width, height = page.get_size()
            return _rgb(page.render(scale=min(scale, (_MOST_PIXELS / (width * height)) ** 0.5)).to_pil())
        finally:
            page.close()


def _rgb(picture: Image.Image) -> Image.Image:
    return picture.convert("RGB")


@contextmanager
def open_pdf(path: Path, limits: ReadingLimits = _LIMITS) -> Iterator[PdfFile]:
    """Opens a PDF; pdfium belongs to the caller until the block ends.

    Raises:
        FileFault: ``encrypted``, ``malformed``, or ``too_large`` for more pages than the limits allow.
    """
    with _open(path) as document:
        if len(document) > limits.pages:
            raise FileFault("too_large", f"{len(document):,} pages; at most {limits.pages:,} are read")
        yield PdfFile(document)


def read_pages(path: Path) -> tuple[Page, ...]:
    """Every page of a PDF with its text, word boxes and headings.

    A page without a text layer has an empty text.

    Raises:
        FileFault: ``encrypted`` or ``malformed``.
    """
    with _open(path) as document:
        pages = [_read_lines(page) for page in _each_page(document)]
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
    with _open(path) as document:
        page = document[number - 1]
        width, height = page.get_size()
        scale = min(scale, (_MOST_PIXELS / (width * height)) ** 0.5)
        picture = page.render(scale=scale).to_pil().convert("RGB")
    if boxes:
        picture = _highlight(picture, boxes, scale)
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
def _open(path: Path) -> Iterator[pypdfium2.PdfDocument]:
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


def _each_page(document: pypdfium2.PdfDocument) -> Iterator[pypdfium2.PdfPage]:
    for number in range(len(document)):
        page = document[number]
        yield page
        page.close()


def _read_lines(page: pypdfium2.PdfPage) -> PageLines:
    textpage = page.get_textpage()
    lines = list(_lines(page, textpage))
    textpage.close()
    width, height = page.get_size()
    for line in lines:
        # What was cropped away is not on the page that a person sees.
        line.pieces = [piece for piece in line.pieces if _is_inside(piece.box, width, height)]
    return (width, height), [line for line in lines if line.pieces]


def _is_inside(box: Box, width: float, height: float) -> bool:
    return 0 <= (box.x0 + box.x1) / 2 <= width and 0 <= (box.y0 + box.y1) / 2 <= height


def _lines(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage) -> Iterator[Line]:
    line = Line()
    word: list[tuple[int, str]] = []
    for index, character in _characters(textpage):
        hyphen = character in _LINE_HYPHENS
        ends = hyphen or character.isspace()
        if word and (ends or _is_footnote_mark(textpage, word, index, character)):
            line.pieces.append(_piece(page, textpage, word))
            word = []
        if not ends:
            word.append((index, character))
        elif line.pieces and (hyphen or character == "\n"):
            # After a hyphen pdfium goes straight on with the next line.
            line.hyphenated = hyphen
            yield line
            line = Line()
    if word:
        line.pieces.append(_piece(page, textpage, word))
    if line.pieces:
        yield line


def _is_footnote_mark(textpage: pypdfium2.PdfTextPage, word: list[tuple[int, str]], index: int, character: str) -> bool:
    """Whether a digit is a raised one after a word, which belongs to neither the word nor its full stop.

    After one or two letters it is an exponent, as in m².
    """
    if not character.isdigit() or word[-1][1].isdigit() or len(word) < _MARKED_WORD:
        return False
    raised = _bottom(textpage, index) - _bottom(textpage, word[-1][0])
    return raised > _MARK_RAISED * _font_size(textpage, index)


def _bottom(textpage: pypdfium2.PdfTextPage, index: int) -> float:
    """The lowest ink of a character, in PDF coordinates."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
    return bottom.value


def _characters(textpage: pypdfium2.PdfTextPage) -> Iterator[tuple[int, str]]:
    """Each character with its index in pdfium, cleaned: no controls, no invisible ones, ligatures spelt out."""
    high = 0
    for index in range(textpage.count_chars()):
        code = pdfium.FPDFText_GetUnicode(textpage, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if 0xDC00 <= code < 0xE000:
            code, high = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else 0, 0
        if code in _LIGATURES:
            yield from ((index, letter) for letter in _LIGATURES[code])
            continue
        character = chr(code)
        if character == "\n" or character in _LINE_HYPHENS or is_visible(character):
            yield index, character


def _piece(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage, word: list[tuple[int, str]]) -> Piece:
    first, last = word[0][0], word[-1][0]
    left, bottom, right, top = _extent(textpage, first, last)
    size = _font_size(textpage, first) or top - bottom
    return Piece(
        text="".join(character for _, character in word),
        box=_to_display(page, left, bottom, right, top),
        size=round(size * 2) / 2,
        bold=pdfium.FPDFText_GetFontWeight(textpage, first) >= _BOLD or _named_bold(textpage, first),
    )


def _extent(textpage: pypdfium2.PdfTextPage, first: int, last: int) -> tuple[float, float, float, float]:
    """Left, bottom, right, top around the characters ``first`` to ``last``, in PDF coordinates."""
    rectangle = pdfium.FS_RECTF()
    sides = [
        (rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
        for index in range(first, last + 1)
        if pdfium.FPDFText_GetLooseCharBox(textpage, index, rectangle)
    ]
    if not sides:
        return (0.0, 0.0, 0.0, 0.0)
    lefts, bottoms, rights, tops = zip(*sides, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _font_size(textpage: pypdfium2.PdfTextPage, index: int) -> float:
    """In points as displayed: the nominal size times the scale of the text matrix."""
    matrix = pdfium.FS_MATRIX()
    size = float(pdfium.FPDFText_GetFontSize(textpage, index))
    if pdfium.FPDFText_GetMatrix(textpage, index, matrix):
        size *= float((matrix.c**2 + matrix.d**2) ** 0.5)
    return size


def _named_bold(textpage: pypdfium2.PdfTextPage, index: int) -> bool:
    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    length = pdfium.FPDFText_GetFontInfo(textpage, index, name, len(name), flags)
    return 0 < length <= len(name) and b"bold" in name.value.lower()


def _to_display(page: pypdfium2.PdfPage, left: float, bottom: float, right: float, top: float) -> Box:
    """From PDF coordinates to the page as displayed: cropped, rotated, origin top left."""
    width, height = (round(side * _DEVICE_SCALE) for side in page.get_size())
    x, y = ctypes.c_int(), ctypes.c_int()
    corners = []
    for corner in ((left, bottom), (right, top)):
        pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, *corner, x, y)
        corners.append((x.value / _DEVICE_SCALE, y.value / _DEVICE_SCALE))
    (ax, ay), (bx, by) = corners
    return Box(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
