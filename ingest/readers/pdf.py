"""PDF reader: text layer with pdfium, OCR for pages without or with garbled text, then pypdf as the fallback."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ingest.pdf.page_labels import declared_labels
from ingest.pdf.portfolio import as_contents
from ingest.pdf.reading import open_pdf
from ingest.readers.figures import figure_remarks
from ingest.readers.garbled import letters
from ingest.readers.ocr import AUTOMATIC, Tesseract, find_tesseract
from ingest.readers.pdf_pages.annotations import ShownAnnotations
from ingest.readers.pdf_pages.line_reader import LineReader
from ingest.readers.pypdf_fallback import PypdfFallback
from ingest.readers.scans.orientation import packages_for
from ingest.readers.source import (
    BLANK,
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
from rag.domain.values import Page
from rag.errors import FileFault

# Letters of the page "Please wait…" of a form that only its own viewer shows.
_LONGEST_PLACEHOLDER: Final = 1_500
_WHOLE: Final = (0, sys.maxsize)
# What programs write on the page of an XFA form that has other fields, too.
_PLACEHOLDER: Final = re.compile(r"please wait|adobe (?:acrobat|reader)|pdf viewer|type of document", re.IGNORECASE)


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
    reader = LineReader(options, _tesseract(options), ShownAnnotations(fallback, layered))
    try:
        with open_pdf(path, options.limits, layered=layered, embedded=options.attached) as file:
            reader.read(file)
            pages = reader.composed()
            if file.is_placeholder or (file.has_xfa and pages and _PLACEHOLDER.search(pages[0].text)):
                pages = _with_form(fallback, pages, reader.remarks)
            labels, attachments = file.labels(), file.embedded_files()
    except FileFault as fault:
        if fault.status != "malformed" or not (pages := fallback.pages(options.limits.pages)):
            raise
        labels, attachments = fallback.labels(), []
        reader.remarks = {
            page.number: Remark(page.number, "second_opinion" if page.text else "empty") for page in pages
        }
    if any(declared := declared_labels(labels)):
        pages = tuple(replace(page, label=label) for page, label in zip(pages, declared, strict=False))
    # pypdf extracts hidden text too.
    hidden = {remark.page for remark in reader.left_out}
    pages = tuple(
        page
        if page.text or page.number in hidden or _is_form(page, reader.remarks)
        else _with_fallback(fallback, page, reader.remarks)
        for page in pages
    )
    for page in pages:
        if page.number in reader.remarks and reader.remarks[page.number].kind == "second_opinion":
            check_page(page.number, len(page.text), options.limits)
    check_size(sum(len(page.text) for page in pages), options.limits)
    remarks = [reader.remarks[number] for number in sorted(reader.remarks)]
    remarks += [*reader.left_out, *figure_remarks(reader.pages, reader.figures, reader.drawn)]
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
