"""A PDF through pypdf: its title, and the text of pages where pdfium finds none. The only home of pypdf."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from ingest.readers.titles import as_title
from rag.characters import clean
from rag.domain import Page

if TYPE_CHECKING:
    import pypdf

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_US_LETTER: Final = (612.0, 792.0)


class SecondOpinion:
    """A PDF through pypdf. It is asked for help only, so whatever goes wrong in it means: no help."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: pypdf.PdfReader | None = None

    def title(self) -> str | None:
        """From the metadata."""
        metadata = self._try(lambda reader: reader.metadata)
        return as_title(str(metadata.title or "")) if metadata else None

    def page(self, page: Page) -> Page:
        """The page with pypdf's text, and without boxes; an empty one where it finds nothing."""
        text = self._try(lambda reader: reader.pages[page.number - 1].extract_text()) or ""
        return replace(page, text=_lines(text), words=(), headings=())

    def pages(self, most: int) -> tuple[Page, ...]:
        """All pages; none where pypdf finds no text on any of them, or more than ``most``."""
        count = self._try(lambda reader: len(reader.pages)) or 0
        pages = [self.page(Page(number, "", *_US_LETTER)) for number in range(1, count + 1 if count <= most else 1)]
        return tuple(pages) if any(page.text for page in pages) else ()

    def _try(self, ask: Callable[[pypdf.PdfReader], _T]) -> _T | None:
        import pypdf

        try:
            if self._opened is None:
                self._opened = pypdf.PdfReader(self._path)
            return ask(self._opened)
        except Exception as error:  # noqa: BLE001 - pypdf raises bare ValueError, RecursionError and others on damaged files
            _log.info("pypdf on %s: %s: %s", self._path.name, type(error).__name__, error)
            return None


def _lines(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in clean(text).splitlines()).strip()
