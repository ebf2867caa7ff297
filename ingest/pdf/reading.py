"""PDF text extraction: the lines of each page with pdfium, within limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pypdfium2

from ingest.pdf.characters import read_lines
from ingest.pdf.lines import PageLines
from ingest.readers.limits import ReadingLimits
from rag.domain.stored import LARGEST_SIDE
from rag.errors import FileFault
from rag.pdf.document import PdfDocument, open_document

_LIMITS: Final = ReadingLimits()


class PdfFile(PdfDocument):
    """An open PDF whose text can be read. Valid only within :func:`open_pdf`."""

    def __init__(self, pdfium_document: pypdfium2.PdfDocument, limits: ReadingLimits = _LIMITS) -> None:
        super().__init__(pdfium_document)
        self._limits = limits
        self._characters: dict[int, int] = {}
        self._hidden: dict[int, int] = {}

    def lines(self, number: int) -> PageLines:
        """The size of a page in points and its lines, in the order of the file.

        Raises:
            FileFault: ``too_large``, or ``malformed``.
        """
        with closing(self.pdfium_document[number - 1]) as page, closing(page.get_textpage()) as textpage:
            self._check_characters(number, textpage.count_chars())
            (size, lines), self._hidden[number] = read_lines(page, textpage)
            width, height = (min(max(side, 1.0), LARGEST_SIDE - 1) for side in size)
            return (width, height), lines

    def hidden(self, number: int) -> int:
        """How many words of a page whose lines were read are not among them, because a person cannot see them."""
        return self._hidden[number]

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
    """Opens a PDF for reading. No other thread can read or draw one meanwhile: pdfium is not thread-safe.

    Raises:
        FileFault: ``encrypted``, ``malformed``, or ``too_large`` for more pages than the limits allow.
    """
    with open_document(path) as document:
        if len(document) > limits.pages:
            raise FileFault("too_large", f"{len(document):,} pages; at most {limits.pages:,} are read")
        yield PdfFile(document.pdfium_document, limits)
