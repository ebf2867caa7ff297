"""Lines of each page of a PDF: from its text layer, or by OCR where that is missing, garbled or only a stamp."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ingest.pdf.annotated import with_annotations
from ingest.pdf.page_text import Line, PageLines, Piece, compose_pages
from ingest.pdf.reading import PdfFile
from ingest.readers.garbled import FEWEST_LETTERS, UNMAPPED, garbled_reason, letters
from ingest.readers.ocr import DPI, LONGEST_SIDE, LanguageMissing, Pixels, Tesseract, ink_of
from ingest.readers.pdf_pages.annotations import ShownAnnotations
from ingest.readers.scans.orientation import turned_back, turned_size
from ingest.readers.source import (
    BLANK,
    COVERED,
    CROSSED_OUT,
    LAYER_OFF,
    NO_WORDS,
    OCR_FAILED,
    OCR_OFF,
    OCR_UNAVAILABLE,
    ReadingOptions,
    Remark,
)
from rag.domain.values import Box, Page
from rag.errors import FileFault

_log = logging.getLogger(__name__)

# OCR of a page with a garbled text layer must find at least this share of the layer's letters.
_LEAST_RECOGNIZED: Final = 0.5
# A text layer with fewer letters may be only a stamp on a scan: where the page has more ink than so many pixels for
# each letter plus a constant (at 72 dpi, where letters of 11 points have 15), and OCR finds so many times the letters.
_SPARSE: Final = 100
_INK_LIMITS: Final = (40, 3_000)
_STAMP_FACTOR: Final = 4
_POINTS_PER_INCH: Final = 72
# Details of remarks for the fields of LeftOut.
_LEFT_OUT: Final = ("", LAYER_OFF, COVERED, CROSSED_OUT)


@dataclass
class LineReader:
    """Reader of the lines of each page, from the text layer or OCR, and of what is told of it.

    Attributes:
        remarks: by page.
        left_out: remarks on words that are not seen.
        figures: boxes of pictures without words, by page.
        drawn: numbers of pages that show much more than their text.
        turned: by how many degrees pages were turned for OCR.
    """

    options: ReadingOptions
    tesseract: Tesseract | None
    annotations: ShownAnnotations
    pages: list[PageLines] = field(default_factory=list)
    remarks: dict[int, Remark] = field(default_factory=dict)
    left_out: list[Remark] = field(default_factory=list)
    figures: dict[int, Sequence[Box]] = field(default_factory=dict)
    drawn: set[int] = field(default_factory=set)
    turned: dict[int, int] = field(default_factory=dict)

    def composed(self) -> tuple[Page, ...]:
        """The pages, with words where they are on the page as displayed."""
        return tuple(turned_back(page, self.turned.get(page.number, 0)) for page in compose_pages(self.pages))

    def read(self, file: PdfFile) -> None:
        """Reads all pages of a file."""
        for number in range(1, len(file) + 1):
            size, lines = file.lines(number)
            self.left_out += [
                Remark(number, "hidden", detail)
                for detail, words in zip(_LEFT_OUT, file.left_out(number), strict=True)
                if words
            ]
            annotations, others_off = self.annotations.shown(number, file.annotations(number))
            layer_off = Remark(number, "hidden", LAYER_OFF)
            if others_off and layer_off not in self.left_out:
                self.left_out.append(layer_off)
            lines = with_annotations(lines, annotations)
            text = "\n".join(line.text for line in lines)
            best = self._best(file, number, size, lines, text)
            recognized = best is not lines
            if not recognized:
                self.figures[number] = file.figures(number)
            size = turned_size(size, self.turned.get(number, 0)) if recognized else size
            self.pages.append((size, with_annotations(best, annotations, drawn=False) if recognized else best))
            self.options.on_page(number, len(file), recognized)
        self._scale_recognized()

    def _scale_recognized(self) -> None:
        """Scales recognized text to the document's body size: else a scan in large print would be all headings."""
        if not any(map(self._is_recognized, range(1, len(self.pages) + 1))):
            return
        body = _usual_size(lines for number, (_, lines) in enumerate(self.pages, 1) if not self._is_recognized(number))
        body = body or _usual_size(lines for _, lines in self.pages)
        self.pages = [
            (size, _sized(lines, body) if self._is_recognized(number) else lines)
            for number, (size, lines) in enumerate(self.pages, 1)
        ]

    def _is_recognized(self, number: int) -> bool:
        return number in self.remarks and self.remarks[number].kind == "ocr"

    def _best(
        self, file: PdfFile, number: int, size: tuple[float, float], lines: Sequence[Line], text: str
    ) -> Sequence[Line]:
        garbled = self._garbled(file, number, text) if text else None
        # A page may take minutes to render: without OCR nothing is gained by it.
        is_sparse = self.tesseract is not None and 0 < letters(text) < _SPARSE
        stamped = is_sparse and _has_more_ink(file, number, text)
        if stamped and not garbled:
            self.drawn.add(number)
        if text and not (garbled or stamped) and self.options.ocr != "force":
            return lines
        if not text and (min(size) <= 1 or not _ink(file, number)):
            self.remarks[number] = Remark(number, "empty", BLANK)
            return lines
        fault, recognized = self._recognize(file, number, size)
        found = "\n".join(line.text for line in recognized)
        if found and not _is_worse(found, text, garbled=bool(garbled), forced=self.options.ocr == "force"):
            self.remarks[number] = Remark(number, "ocr", self.tesseract.name if self.tesseract else "")
            self.drawn.discard(number)
            return recognized
        if not text:
            self.remarks[number] = Remark(number, "empty", fault or NO_WORDS)
        elif garbled:
            self.remarks[number] = Remark(number, "suspect", fault or garbled)
        return lines

    def _garbled(self, file: PdfFile, number: int, text: str) -> str | None:
        if reason := garbled_reason(text, file.unmapped(number)):
            return reason
        # Too little text to tell by its letters: the fonts do.
        asks = 0 < letters(text) < FEWEST_LETTERS and not file.is_of_glyphs(number) and not file.annotations(number)
        return UNMAPPED if asks and self.annotations.fallback.has_only_glyph_numbers(number) else None

    def _recognize(self, file: PdfFile, number: int, size: tuple[float, float]) -> tuple[str | None, list[Line]]:
        """Runs OCR on a page; returns the detail of a remark where that was impossible, and the lines."""
        if self.options.ocr == "off":
            return OCR_OFF, []
        if self.tesseract is None:
            return OCR_UNAVAILABLE, []
        try:
            lines, self.turned[number] = self.tesseract.read(picture_of(file, number, size))
        except FileFault as fault:
            _log.warning("page %d: %s", number, fault.reason)
            return OCR_UNAVAILABLE if isinstance(fault, LanguageMissing) else OCR_FAILED, []
        return None, lines


def _usual_size(pages: Iterable[Sequence[Line]]) -> float:
    """Font size of most letters, in points; 0 without letters."""
    sizes: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            for piece in line.pieces:
                sizes[piece.size] += len(piece.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _sized(lines: Sequence[Line], body: float) -> list[Line]:
    """The lines with all font sizes scaled, so that most letters have the size ``body``."""
    factor = body / _usual_size([lines])
    return [
        Line(
            [Piece(piece.text, piece.box, round(piece.size * factor * 2) / 2, piece.bold) for piece in line.pieces],
            line.hyphenated,
        )
        for line in lines
    ]


def picture_of(file: PdfFile, number: int, size: tuple[float, float], *, dpi: int = DPI) -> Pixels:
    """Page image in grey for OCR.

    Args:
        file: the PDF.
        number: 1-based.
        size: of the page in points.
        dpi: of the image; less where it would be too large for Tesseract.
    """
    scale = min(dpi / _POINTS_PER_INCH, LONGEST_SIDE / max(*size, 1.0))
    picture = file.picture(number, scale=scale).convert("L")
    return Pixels(picture.tobytes(), *picture.size, scale=picture.width / max(size[0], 1.0))


def _ink(file: PdfFile, number: int) -> int:
    """Number of inked pixels of a page; 1 where it cannot be rendered."""
    try:
        return ink_of(file.picture(number, scale=1.0).convert("L").histogram())
    except FileFault as fault:
        _log.warning("page %d: %s", number, fault.reason)
        return 1


def _has_more_ink(file: PdfFile, number: int, text: str) -> bool:
    """True if a page has more ink than its text layer accounts for."""
    per_letter, constant = _INK_LIMITS
    return _ink(file, number) > per_letter * letters(text) + constant


def _is_worse(found: str, text: str, *, garbled: bool, forced: bool) -> bool:
    """True if the text of OCR is no better than the text layer."""
    if forced or not text:
        return False
    least = _LEAST_RECOGNIZED * letters(text) if garbled else max(2 * _SPARSE, _STAMP_FACTOR * letters(text))
    return garbled_reason(found) is not None or letters(found) < least
