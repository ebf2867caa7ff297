"""What every reader takes and gives: options, pages of text, and remarks on pages that are not as they should be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from ingest.readers.limits import ReadingLimits
from rag.domain.values import Page
from rag.errors import FileFault

OcrMode: TypeAlias = Literal["auto", "off", "force"]
RemarkKind: TypeAlias = Literal["empty", "ocr", "suspect", "second_opinion", "hidden"]

# Details of remarks that others act on. The first three say that a later run may give more.
OCR_UNAVAILABLE: Final = "ocr unavailable"
OCR_OFF: Final = "ocr off"
OCR_FAILED: Final = "ocr failed"
BLANK: Final = "blank"
NO_WORDS: Final = "no words"

_INSTALL: Final = "install tesseract-ocr for OCR"
# What is missing, by kind and detail; an ``ocr`` remark and a blank page are nothing missing.
_SAID: Final = {
    ("empty", OCR_UNAVAILABLE): f"no text on {{pages}}: a scan; {_INSTALL}",
    ("empty", OCR_OFF): "no text on {pages}: a scan; OCR is off",
    ("empty", OCR_FAILED): "no text on {pages}: OCR failed or took too long",
    ("empty", NO_WORDS): "no text on {pages}: images without words",
    ("empty", ""): "no text on {pages}: images?",
    ("suspect", OCR_UNAVAILABLE): f"garbled text on {{pages}}; {_INSTALL}",
    ("suspect", OCR_OFF): "garbled text on {pages}; OCR is off",
    ("suspect", ""): "garbled text on {pages}",
    ("second_opinion", ""): "no highlights on {pages}",
}

OnPage: TypeAlias = Callable[[int, int, bool], object]


def _nobody(_page: int, _pages: int, _ocr: bool) -> None:  # noqa: FBT001 - the shape of OnPage
    """Nobody wants to know."""


@dataclass(frozen=True)
class ReadingOptions:
    """How files are read.

    Attributes:
        limits: what is too large.
        ocr: ``auto`` reads pages by OCR that have no text or a garbled one, ``force`` all pages of PDFs, ``off`` none.
        ocr_languages: as Tesseract names them; each needs its data installed.
        on_page: is told of each page that was read: its number, how many there are, and whether OCR read it.
    """

    limits: ReadingLimits
    ocr: OcrMode = "auto"
    ocr_languages: tuple[str, ...] = ("eng",)
    on_page: OnPage = _nobody


@dataclass(frozen=True)
class Remark:
    """Something to know of a page.

    Attributes:
        page: 1-based.
        kind: ``empty``: no text; ``ocr``: its text was recognised in its picture; ``suspect``: its text looks
            garbled, and is kept for want of a better one; ``second_opinion``: its text has no word boxes; ``hidden``:
            words that a person cannot see were left out.
        detail: why; for ``empty`` and ``suspect`` one of the constants of this module.
    """

    page: int
    kind: RemarkKind
    detail: str = ""


@dataclass(frozen=True)
class SourceText:
    """What a reader got out of a file.

    Attributes:
        title: of the document, from its metadata or its first page; None where neither has one.
        remarks: on pages, in their order.
        reason: what is missing, in one line; None where nothing is.
    """

    title: str | None
    pages: Sequence[Page]
    remarks: Sequence[Remark] = ()
    reason: str | None = None


Reader: TypeAlias = Callable[[Path, ReadingOptions], SourceText]


def what_is_missing(remarks: Iterable[Remark]) -> str | None:
    """The remarks in one line, as far as something is missing; None where nothing is."""
    pages: dict[str, list[int]] = {}
    for remark in remarks:
        said = _SAID.get((remark.kind, remark.detail)) or _SAID.get((remark.kind, ""))
        if said and (remark.kind, remark.detail) != ("empty", BLANK):
            pages.setdefault(said, []).append(remark.page)
    return "; ".join(said.format(pages=_pages(numbers)) for said, numbers in pages.items()) or None


def blank_pages(pages: Iterable[Page]) -> tuple[Remark, ...]:
    """Remarks on pages that have no text because nothing is on them."""
    return tuple(Remark(page.number, "empty", BLANK) for page in pages if not page.text)


def check_size(characters: int, limits: ReadingLimits) -> None:
    """Refuses a document with too much text.

    Raises:
        FileFault: ``too_large``.
    """
    if characters > limits.characters:
        raise FileFault("too_large", f"more than {limits.characters:,} characters of text; split it")


def check_pages(pages: int, limits: ReadingLimits) -> None:
    """Refuses a document with too many pages.

    Raises:
        FileFault: ``too_large``.
    """
    if pages > limits.pages:
        raise FileFault("too_large", f"{pages:,} pages; at most {limits.pages:,} are read")


def check_page(number: int, characters: int, limits: ReadingLimits) -> None:
    """Refuses a page with too much text.

    Raises:
        FileFault: ``too_large``.
    """
    if characters > limits.characters_per_page:
        raise FileFault("too_large", f"page {number} has more than {limits.characters_per_page:,} characters")


def _pages(numbers: Sequence[int]) -> str:
    """``[1, 2, 3, 7]`` as ``pages 1-3, 7``."""
    return f"page{'s' * (len(numbers) > 1)} {ranges(sorted(numbers))}"


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers, such as ``[1, 2, 3, 7]``, as ``1-3, 7``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
