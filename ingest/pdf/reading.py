"""PDF text extraction with pdfium: the lines of each page, within size limits."""

from __future__ import annotations

import ctypes
from collections.abc import Container, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.pdf.characters import LeftOut, read_lines
from ingest.pdf.lines import PageLines
from ingest.pdf.page_labels import as_label
from ingest.readers.limits import ReadingLimits
from rag.domain.attached_file import AttachedFile
from rag.domain.stored import LARGEST_SIDE, LONGEST_LABEL
from rag.domain.values import Box
from rag.errors import FileFault
from rag.pdf.annotations import Annotation, read_annotations
from rag.pdf.attachments import EmbeddedFiles
from rag.pdf.document import PdfDocument, open_document

_LIMITS: Final = ReadingLimits()


class PdfFile(PdfDocument):
    """An open PDF whose text can be read. Valid only within :func:`open_pdf`."""

    def __init__(
        self,
        pdfium_document: pypdfium2.PdfDocument,
        limits: ReadingLimits = _LIMITS,
        *,
        layered: bool = True,
        embedded: Container[str] = (),
    ) -> None:
        super().__init__(pdfium_document)
        self._limits = limits
        self._characters: dict[int, int] = {}
        self._left_out: dict[int, LeftOut] = {}
        self._figures: dict[int, Sequence[Box]] = {}
        self._unmapped: dict[int, int] = {}
        self._of_glyphs: set[int] = set()
        self._annotations: dict[int, Sequence[Annotation]] = {}
        self._embedded = EmbeddedFiles(embedded)
        self._layered = layered

    def lines(self, number: int) -> PageLines:
        """The size of a page in points and its lines, in drawing order.

        Raises:
            FileFault: ``too_large``, or ``malformed``.
        """
        with closing(self.pdfium_document[number - 1]) as page, closing(page.get_textpage()) as textpage:
            annotations = self._annotations[number] = read_annotations(page)
            self._embedded.add_from_page(page)
            written = sum(len(annotation.text) for annotation in annotations)
            self._check_characters(number, textpage.count_chars() + written)
            reading = read_lines(page, textpage, layered=self._layered, annotations=annotations)
            (size, lines), left_out, self._figures[number], self._unmapped[number], of_glyphs = reading
            if of_glyphs:
                self._of_glyphs.add(number)
            not_shown = sum(len(one.text.split()) for one in annotations if one.kind == "hidden")
            self._left_out[number] = left_out._replace(invisible=left_out.invisible + not_shown)
            width, height = (min(max(side, 1.0), LARGEST_SIDE - 1) for side in size)
            return (width, height), lines

    def figures(self, number: int) -> Sequence[Box]:
        """Boxes of the pictures without words on a page whose lines were read."""
        return self._figures[number]

    def unmapped(self, number: int) -> int:
        """Number of glyphs without a character on a page whose lines were read; they are not in its lines."""
        return self._unmapped[number]

    def is_of_glyphs(self, number: int) -> bool:
        """True if letters were found for glyph numbers on a page whose lines were read."""
        return number in self._of_glyphs

    def annotations(self, number: int) -> Sequence[Annotation]:
        """The annotations of a page whose lines were read."""
        return self._annotations[number]

    def left_out(self, number: int) -> LeftOut:
        """Numbers of words that were left out of a page's lines."""
        return self._left_out[number]

    def embedded_files(self) -> list[AttachedFile]:
        """The files that are embedded in the document, and in annotations of the pages whose lines were read."""
        self._embedded.add_from_document(self.pdfium_document)
        return self._embedded.all()

    @property
    def is_placeholder(self) -> bool:
        """True if the pages only stand for those that a viewer makes of an XFA form."""
        return bool(self.pdfium_document.get_formtype() == pdfium.FORMTYPE_XFA_FULL)

    @property
    def has_xfa(self) -> bool:
        """True if the file has an XFA form, perhaps beside fields of its own."""
        return self.pdfium_document.get_formtype() in (pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND)

    def labels(self) -> list[str | None]:
        """The label that the file declares for each page; None where it declares none, or one that is too long."""
        return [self._label(place) for place in range(len(self))]

    def _label(self, place: int) -> str | None:
        # Of two bytes for each character, with a null character at the end.
        size = pdfium.FPDF_GetPageLabel(self.pdfium_document, place, None, 0)
        if not 2 < size <= 2 * (LONGEST_LABEL + 1):
            return None
        buffer = ctypes.create_string_buffer(size)
        pdfium.FPDF_GetPageLabel(self.pdfium_document, place, buffer, size)
        return as_label(buffer.raw[: size - 2].decode("utf-16-le", "replace"))

    def _check_characters(self, number: int, count: int) -> None:
        """Checks the limits before characters are extracted, so that a page of fifty million costs nothing."""
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
def open_pdf(
    path: Path, limits: ReadingLimits = _LIMITS, *, layered: bool = True, embedded: Container[str] = ()
) -> Iterator[PdfFile]:
    """Opens a PDF for text extraction. Other threads wait meanwhile: pdfium is not thread-safe.

    Args:
        path: the PDF.
        limits: above which it is refused.
        layered: whether it may have layers that are off; to look for them takes time.
        embedded: suffixes of the embedded files whose bytes are wanted.

    Raises:
        FileFault: ``encrypted``, ``malformed``, or ``too_large`` for more pages than the limits allow.
    """
    with open_document(path) as document:
        if len(document) > limits.pages:
            raise FileFault("too_large", f"{len(document):,} pages; at most {limits.pages:,} are read")
        yield PdfFile(document.pdfium_document, limits, layered=layered, embedded=embedded)
