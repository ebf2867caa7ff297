"""PDF reader: text layer with pdfium, OCR for pages without or with garbled text, then pypdf as the fallback."""

from __future__ import annotations

import io
import logging
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ingest.pdf.annotated import with_annotations
from ingest.pdf.page_labels import declared_labels
from ingest.pdf.page_text import Line, PageLines, Piece, compose_pages
from ingest.pdf.portfolio import as_contents
from ingest.pdf.reading import PdfFile, open_pdf
from ingest.readers.figures import figure_remarks
from ingest.readers.garbled import garbled_reason, letters
from ingest.readers.ocr import AUTOMATIC, DPI, LONGEST_SIDE, LanguageMissing, Pixels, Tesseract, find_tesseract, ink_of
from ingest.readers.pypdf_fallback import PypdfFallback
from ingest.readers.scans.orientation import packages_for, turned_back, turned_size
from ingest.readers.source import (
    BLANK,
    COVERED,
    CROSSED_OUT,
    LAYER_OFF,
    NO_WORDS,
    OCR_FAILED,
    OCR_OFF,
    OCR_UNAVAILABLE,
    XFA_FORM,
    ReadingOptions,
    Remark,
    SourceText,
    check_page,
    check_size,
    missing_reason,
)
from ingest.readers.titles import first_heading
from ingest.readers.xfa import xfa_text
from rag.domain.values import Box, Page
from rag.errors import FileFault
from rag.pdf.annotations import Annotation, AnnotationKind

_log = logging.getLogger(__name__)

# OCR of a page with a garbled text layer must find at least this share of the layer's letters.
_LEAST_RECOGNIZED: Final = 0.5
# A text layer with fewer letters may be only a stamp on a scan: where the page has more ink than so many pixels for
# each letter plus a constant (at 72 dpi, where letters of 11 points have 15), and OCR finds so many times the letters.
_SPARSE: Final = 100
_INK_LIMITS: Final = (40, 3_000)
_STAMP_FACTOR: Final = 4
_POINTS_PER_INCH: Final = 72
# Letters of the page "Please wait…" of a form that only its own viewer shows.
_LONGEST_PLACEHOLDER: Final = 1_500
_WHOLE: Final = (0, sys.maxsize)
# What programs write on the page of an XFA form that has other fields, too.
_PLACEHOLDER: Final = re.compile(r"please wait|adobe (?:acrobat|reader)|pdf viewer|type of document", re.IGNORECASE)
# Most annotations of a file whose appearance is searched for text.
_MOST_APPEARANCES: Final = 500
# Details of remarks for the fields of LeftOut.
_LEFT_OUT: Final = ("", LAYER_OFF, COVERED, CROSSED_OUT)


def read_pdf(path: Path, options: ReadingOptions) -> SourceText:
    """Reads a PDF: text with word boxes, page by page.

    Raises:
        FileFault: ``malformed``, ``encrypted``, ``empty_text``, ``too_large``, or ``unreadable`` where OCR is forced
            and not installed.
    """
    if path.stat().st_size == 0:
        raise FileFault("malformed", "the file is empty (0 bytes)")
    fallback = PypdfFallback(path)
    layered = fallback.has_layers()
    layers = _Layers(options, _tesseract(options), _Appearances(fallback, layered))
    try:
        with open_pdf(path, options.limits, layered=layered, embedded=options.attached) as file:
            layers.read(file)
            pages = layers.composed()
            if file.is_placeholder or (file.has_xfa and pages and _PLACEHOLDER.search(pages[0].text)):
                pages = _with_form(fallback, pages, layers.remarks)
            labels, attachments = file.labels(), file.embedded_files()
    except FileFault as fault:
        if fault.status != "malformed" or not (pages := fallback.pages(options.limits.pages)):
            raise
        labels, attachments = fallback.labels(), []
        layers.remarks = {
            page.number: Remark(page.number, "second_opinion" if page.text else "empty") for page in pages
        }
    if any(declared := declared_labels(labels)):
        pages = tuple(replace(page, label=label) for page, label in zip(pages, declared, strict=False))
    # pypdf extracts hidden text too.
    hidden = {remark.page for remark in layers.left_out}
    pages = tuple(
        page
        if page.text or page.number in hidden or _is_form(page, layers.remarks)
        else _with_fallback(fallback, page, layers.remarks)
        for page in pages
    )
    for page in pages:
        if page.number in layers.remarks and layers.remarks[page.number].kind == "second_opinion":
            check_page(page.number, len(page.text), options.limits)
    check_size(sum(len(page.text) for page in pages), options.limits)
    remarks = [layers.remarks[number] for number in sorted(layers.remarks)]
    remarks += [*layers.left_out, *figure_remarks(layers.pages, layers.figures, layers.drawn)]
    if not any(page.text for page in pages):
        if not (attachments and pages):
            raise FileFault("empty_text", _empty_reason(len(pages), remarks))
        pages = (as_contents(pages[0], attachments), *pages[1:])
    title, author, created = fallback.properties()
    title = title or first_heading(pages)
    return SourceText(title, pages, remarks, missing_reason(remarks), author, created, attachments)


def thumbnails(path: Path, numbers: Sequence[int], *, width: int = 160) -> list[bytes]:
    """Thumbnails of pages of a PDF, as PNG, in the order of ``numbers``.

    Args:
        path: the PDF.
        numbers: 1-based.
        width: in pixels.

    Raises:
        FileFault: ``encrypted`` or ``malformed``.
    """
    pictures = []
    with open_pdf(path) as file:
        for number in numbers:
            (page_width, _), _ = file.lines(number)
            data = io.BytesIO()
            file.picture(number, scale=width / max(page_width, 1)).save(data, format="PNG", optimize=True)
            pictures.append(data.getvalue())
    return pictures


@dataclass
class _Appearances:
    """Annotations as they are shown: those in layers that are off are not, and some have their text only there.

    Attributes:
        left: number of appearances that are still looked at.
    """

    fallback: PypdfFallback
    layered: bool
    left: int = _MOST_APPEARANCES

    def shown(self, number: int, annotations: Sequence[Annotation]) -> tuple[list[Annotation], bool]:
        """The annotations of a page that are shown, with their texts; and whether others are in layers that are off."""
        off = self.fallback.annotations_off(number) if self.layered and annotations else frozenset()
        shown = []
        for one in annotations:
            if (one.kind == "drawn" or (one.kind == "value" and not one.text)) and self.left > 0:
                self.left -= 1
                kind: AnnotationKind = "value" if one.kind == "value" else "text"
                one = one._replace(kind=kind, text=self.fallback.appearance(number, one.position))
            if one.position not in off:
                shown.append(one)
        return shown, len(shown) < len(annotations)


@dataclass
class _Layers:
    """Lines of each page, from the text layer or OCR, and what is told of it.

    Attributes:
        remarks: by page.
        left_out: remarks on words that are not seen.
        figures: boxes of pictures without words, by page.
        drawn: numbers of pages that show much more than their text.
        turned: by how many degrees pages were turned for OCR.
    """

    options: ReadingOptions
    tesseract: Tesseract | None
    appearances: _Appearances
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
        for number in range(1, len(file) + 1):
            size, lines = file.lines(number)
            self.left_out += [
                Remark(number, "hidden", detail)
                for detail, words in zip(_LEFT_OUT, file.left_out(number), strict=True)
                if words
            ]
            annotations, others_off = self.appearances.shown(number, file.annotations(number))
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
        garbled = garbled_reason(text, file.unmapped(number)) if text else None
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


def _tesseract(options: ReadingOptions) -> Tesseract | None:
    tesseract = None if options.ocr == "off" else find_tesseract(options.ocr_languages)
    if options.ocr == "force" and tesseract is None:
        languages = ["osd"] if options.ocr_languages == AUTOMATIC else options.ocr_languages
        packages = packages_for(languages)
        raise FileFault("unreadable", f"OCR is forced and not installed; install tesseract-ocr and {packages}")
    return tesseract


def _with_fallback(fallback: PypdfFallback, page: Page, remarks: dict[int, Remark]) -> Page:
    """The page with pypdf's text, where pypdf finds any."""
    remark = remarks.get(page.number)
    if remark and remark.detail == BLANK:
        return page
    page = fallback.page(page)
    if page.text:
        remarks[page.number] = Remark(page.number, "second_opinion")
    return page


def _with_form(fallback: PypdfFallback, pages: tuple[Page, ...], remarks: dict[int, Remark]) -> tuple[Page, ...]:
    """The pages with the data of an XFA form instead of its placeholder, which is short."""
    first, *others = pages
    if len(others) > 1 or letters(first.text) > _LONGEST_PLACEHOLDER:
        return pages
    text = xfa_text(fallback.xfa())
    remarks[1] = Remark(1, "second_opinion" if text else "empty", XFA_FORM)
    return replace(first, text=text, words=(), headings=(), tables=(), body=_WHOLE), *others


def _is_form(page: Page, remarks: dict[int, Remark]) -> bool:
    return page.number in remarks and remarks[page.number].detail == XFA_FORM


def _empty_reason(pages: int, remarks: Sequence[Remark]) -> str:
    """Reason why a document has no text at all, and the remedy."""
    count = f"{pages} page{'s' * (pages != 1)}"
    missing = missing_reason(remarks)
    if missing is None:
        return f"no text on {count}: blank"
    return f"no text on {count}: {missing.partition(': ')[2] or 'images?'}"
