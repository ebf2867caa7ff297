"""Reader interface: options, pages of text, remarks on pages, and the size checks that readers share."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from ingest.readers.limits import ReadingLimits
from rag.domain.attached_file import AttachedFile
from rag.domain.values import Page
from rag.errors import FileFault

OcrMode: TypeAlias = Literal["auto", "off", "force"]
RemarkKind: TypeAlias = Literal["empty", "ocr", "suspect", "second_opinion", "hidden", "figure"]

# Details of remarks that other modules test for. With the first three a later run may find more text.
OCR_UNAVAILABLE: Final = "ocr unavailable"
OCR_OFF: Final = "ocr off"
OCR_FAILED: Final = "ocr failed"
BLANK: Final = "blank"
XFA_FORM: Final = "xfa form"
NO_WORDS: Final = "no words"

# Characters of a figure's caption that are its remark's detail, and most captions that are told of a document.
LONGEST_CAPTION: Final = 100
MOST_CAPTIONS: Final = 40

# Details of ``hidden`` remarks: text that is there, and not read because it does not hold or is not shown.
CROSSED_OUT: Final = "crossed out"
DELETED: Final = "deleted"
NOT_SHOWN: Final = "not shown"
NAVIGATION: Final = "navigation"
LAYER_OFF: Final = "layer switched off"
COVERED: Final = "covered"

_INSTALL: Final = "install tesseract-ocr for OCR"
# Reasons by kind and detail of a remark; ``ocr`` remarks and blank pages give none, because nothing is missing.
_REASONS: Final = {
    ("empty", OCR_UNAVAILABLE): f"no text on {{pages}}: a scan; {_INSTALL}",
    ("empty", OCR_OFF): "no text on {pages}: a scan; OCR is off",
    ("empty", OCR_FAILED): "no text on {pages}: OCR failed or took too long",
    ("empty", NO_WORDS): "no text on {pages}: images without words",
    ("empty", ""): "no text on {pages}: images?",
    ("empty", XFA_FORM): "no text on {pages}: a form (XFA) that only Adobe Reader shows; print it there to a new PDF",
    ("second_opinion", XFA_FORM): "the values of a form (XFA) without their places on {pages}",
    ("suspect", OCR_UNAVAILABLE): f"garbled text on {{pages}}; {_INSTALL}",
    ("suspect", OCR_OFF): "garbled text on {pages}; OCR is off",
    ("suspect", ""): "garbled text on {pages}",
    ("second_opinion", ""): "no highlights on {pages}",
}

OnPage: TypeAlias = Callable[[int, int, bool], object]


def _ignore(_page: int, _pages: int, _ocr: bool) -> None:  # noqa: FBT001 - the signature of OnPage
    """No progress is reported."""


@dataclass(frozen=True)
class ReadingOptions:
    """Options of all readers.

    Attributes:
        limits: sizes above which a file is refused.
        ocr: of PDFs. ``auto``: pages without text or with garbled text; ``force``: all pages; ``off``: none.
        ocr_languages: as Tesseract names them; each needs its data installed. ``auto`` alone: by each page's script.
        attached: suffixes of the attached files that are wanted.
        on_page: called for each page that was read, with its number, the number of pages, and whether OCR read it.
    """

    limits: ReadingLimits
    ocr: OcrMode = "auto"
    ocr_languages: tuple[str, ...] = ("eng",)
    attached: Container[str] = ()
    on_page: OnPage = _ignore


@dataclass(frozen=True)
class Remark:
    """A remark on a page whose text is missing, doubtful or recognized.

    Attributes:
        page: 1-based.
        kind: ``empty``: no text; ``ocr``: text from OCR; ``suspect``: the text looks garbled, and there is no better
            one; ``second_opinion``: text from pypdf, without word boxes; ``hidden``: invisible words were left out, or
            those that ``detail`` names; ``figure``: a picture or chart whose contents are not in the text, with its
            caption.
        detail: the cause; for ``empty`` and ``suspect`` often one of the constants of this module.
    """

    page: int
    kind: RemarkKind
    detail: str = ""


@dataclass(frozen=True)
class SourceText:
    """Text of a file, as its reader returns it.

    Attributes:
        title: of the document, from its metadata or its first page; None where neither has one.
        remarks: on pages, in their order.
        reason: what is missing, in one line; None where nothing is.
        author, created: of the file's metadata, as :mod:`ingest.readers.properties` gives them.
        attachments: files that are attached to it, which are not read with it.
    """

    title: str | None
    pages: Sequence[Page]
    remarks: Sequence[Remark] = ()
    reason: str | None = None
    author: str | None = None
    created: str | None = None
    attachments: Sequence[AttachedFile] = ()


Reader: TypeAlias = Callable[[Path, ReadingOptions], SourceText]


def missing_reason(remarks: Iterable[Remark]) -> str | None:
    """Reasons for missing or doubtful text, with their pages, in one line; None where the text is complete."""
    pages: dict[str, list[int]] = {}
    for remark in remarks:
        reason = _REASONS.get((remark.kind, remark.detail)) or _REASONS.get((remark.kind, ""))
        if reason and (remark.kind, remark.detail) != ("empty", BLANK):
            pages.setdefault(reason, []).append(remark.page)
    return "; ".join(reason.format(pages=_pages(numbers)) for reason, numbers in pages.items()) or None


def blank_pages(pages: Iterable[Page]) -> tuple[Remark, ...]:
    """Remarks on the blank pages of a document without scans."""
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
    """Page ranges: ascending numbers, such as ``[1, 2, 3, 7]``, as ``1-3, 7``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
