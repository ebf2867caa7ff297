"""Page layouts for tests: prose, and PDFs that draw it in a chosen order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from ingest.pdf.lines import Line, Piece
from ingest.pdf.page_text import compose_pages
from ingest.pdf.reading import open_pdf
from ingest.readers.limits import ReadingLimits
from rag.domain.values import Box, Page

WIDTH, HEIGHT = A4
# A text at a place: x, y from the bottom, font size, text.
Drawn = tuple[float, float, float, str]

LEFT = """The pump stands on a plinth in the
yard and is looked after by the
keeper, who oils it every Monday and
writes down what it has done since.
Nobody else may open the lid, for
the spring under it is strong, and
the nearest doctor lives far away.""".splitlines()
RIGHT = """In winter the water is let out of
the pipe, since ice would burst the
joint below the valve. The lid is
then covered with a sack and tied
with a cord that must not be wet.
In spring all of this is undone by
whoever has lost the draw in March.""".splitlines()
THIRD = """The oldest pump of the harbour was
made of wood and bound with rope,
and it is said that it never leaked
until the day when it was painted.
It can be seen in the small museum
behind the church, where the guide
will tell you another story of it.""".splitlines()


def read_pages(path: Path, limits: ReadingLimits | None = None) -> tuple[Page, ...]:
    """Reads every page of a PDF from its text layer alone: no OCR, no fallback."""
    with open_pdf(path, limits or ReadingLimits()) as file:
        return compose_pages([file.lines(number) for number in range(1, len(file) + 1)])


def draw(path: Path, *pages: Iterable[Drawn], bold: Sequence[str] = ()) -> tuple[Page, ...]:
    """Draws the texts in their order and reads the PDF."""
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    for texts in pages:
        for x, y, size, text in texts:
            canvas.setFont("Helvetica-Bold" if text in bold else "Helvetica", size)
            canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()
    return read_pages(path)


def across(columns: Sequence[Sequence[str]], top: float = 700, *, width: float = 180, step: float = 13) -> list[Drawn]:
    """Columns drawn line by line."""
    return [
        (60 + width * place, top - step * row, 10, column[row])
        for row in range(max(map(len, columns)))
        for place, column in enumerate(columns)
        if row < len(column)
    ]


def line(*words: tuple[float, str], top: float = 100.0, size: float = 10.0, bold: bool = False) -> Line:
    """A line of texts at their x; a letter is half as wide as it is high."""
    pieces = []
    for x, text in words:
        for word in text.split():
            right = x + len(word) * size / 2
            pieces.append(Piece(word, Box(x, top, right, top + size), size, bold))
            x = right + size / 4
    return Line(pieces)


def text_of(lines: Sequence[Line]) -> list[str]:
    return [line.text for line in lines]
