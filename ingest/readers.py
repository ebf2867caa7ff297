"""From a file to pages of text. The only home of pypdf."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import pypdf

from rag.domain import Page
from rag.errors import FileFault
from rag.pages import read_pages

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

# Raise it when readers give other text for the same bytes: files are then read anew.
VERSION: Final = 2

_US_LETTER: Final = (612.0, 792.0)
_LONGEST_TITLE: Final = 200
_POOR_TITLE: Final = re.compile(
    r"(untitled|document)\s*\d*|microsoft word\b.*|\S*\.(docx?|pdf|indd|tex|rtf|xlsx?|pptx?)", re.IGNORECASE
)


@dataclass(frozen=True)
class SourceText:
    """What a reader got out of a file.

    Attributes:
        title: of the document, from its metadata or its first page; None where neither has one.
        reason: what is missing, in one line; None where nothing is.
    """

    title: str | None
    pages: Sequence[Page]
    reason: str | None = None


def read_pdf(path: Path) -> SourceText:
    """Text by pdfium; by pypdf for pages where pdfium finds none, and for files that pdfium cannot read.

    Raises:
        FileFault: ``malformed``, ``encrypted`` or ``empty_text``.
    """
    if path.stat().st_size == 0:
        raise FileFault("malformed", "the file is empty (0 bytes)")
    second = _SecondOpinion(path)
    try:
        pages = read_pages(path)
    except FileFault as fault:
        if fault.status == "encrypted" or not (pages := second.pages()):
            raise
    pages = tuple(page if page.text else second.page(page) for page in pages)
    if not any(page.text for page in pages):
        raise FileFault(
            "empty_text", f"no text on {_count(len(pages), 'page')}: a scan; make it searchable (OCR) first"
        )
    return SourceText(second.title() or _first_heading(pages), pages, missing_text(pages))


READERS: Final[Mapping[str, Callable[[Path], SourceText]]] = {".pdf": read_pdf}


def missing_text(pages: Sequence[Page]) -> str | None:
    """Which pages have no text, in one line; None where all have."""
    empty = [page.number for page in pages if not page.text]
    return f"no text on page{'s' * (len(empty) > 1)} {_ranges(empty)}: images?" if empty else None


class _SecondOpinion:
    """The same file through pypdf. It is asked for help only, so whatever goes wrong in it means: no help."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: pypdf.PdfReader | None = None

    def title(self) -> str | None:
        metadata = self._try(lambda reader: reader.metadata)
        title = " ".join(str(metadata.title or "").split()) if metadata else ""
        return (
            title
            if 3 < len(title) <= _LONGEST_TITLE and title.isprintable() and not _POOR_TITLE.fullmatch(title)
            else None
        )

    def page(self, page: Page) -> Page:
        text = self._try(lambda reader: reader.pages[page.number - 1].extract_text()) or ""
        return replace(page, text=_clean(text))

    def pages(self) -> tuple[Page, ...]:
        count = self._try(lambda reader: len(reader.pages)) or 0
        pages = [self.page(Page(number, "", *_US_LETTER)) for number in range(1, count + 1)]
        return tuple(pages) if any(page.text for page in pages) else ()

    def _try(self, ask: Callable[[pypdf.PdfReader], _T]) -> _T | None:
        try:
            if self._opened is None:
                self._opened = pypdf.PdfReader(self._path)
            return ask(self._opened)
        except Exception as error:  # noqa: BLE001 - pypdf raises bare ValueError, RecursionError and others on damaged files
            _log.info("pypdf on %s: %s: %s", self._path.name, type(error).__name__, error)
            return None


def _clean(text: str) -> str:
    """Without control characters and lone surrogates, which neither SQLite nor JSON would take."""
    visible = "".join(character if character.isprintable() or character == "\n" else " " for character in text)
    return "\n".join(" ".join(line.split()) for line in visible.splitlines()).strip()


def _first_heading(pages: Sequence[Page]) -> str | None:
    """The largest heading of the first page."""
    headings = sorted(pages[0].headings, key=lambda heading: heading.level)
    return " ".join(pages[0].text[headings[0].start : headings[0].end].split()) if headings else None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _ranges(numbers: Sequence[int]) -> str:
    """``[1, 2, 3, 7]`` as ``1-3, 7``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
