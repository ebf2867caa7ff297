"""PDF fallback reader with pypdf: properties, and text of pages where pdfium finds none. The only home of pypdf."""

from __future__ import annotations

import logging
import re
import signal
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Final, TypeVar

from ingest.pdf.page_labels import as_label
from ingest.readers.properties import FileProperties, as_author, as_date
from ingest.readers.titles import as_title
from rag.domain.values import Page
from rag.text.characters import clean

if TYPE_CHECKING:
    import pypdf
    from pypdf.generic import PdfObject

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_US_LETTER: Final = (612.0, 792.0)
# CPU time, for one call and for one file.
_SECONDS: Final = 5.0
_SECONDS_PER_FILE: Final = 60.0
_LAYERS: Final = b"/OCProperties"
_OBJECT_STREAM: Final = re.compile(rb"/Type\s{0,4}/ObjStm")
# In bytes: longest rest of a stream's dictionary; largest object stream that is searched, before and after inflation.
_LONGEST_HEAD: Final = 1_000
_LARGEST_STREAM: Final = 1 << 18
_MOST_INFLATED: Final = 1 << 22
_MOST_STREAMS: Final = 5_000


class PypdfFallback:
    """A PDF opened with pypdf. Any error in it means no result, because it is only the fallback."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: pypdf.PdfReader | None = None
        self._until = process_time() + _SECONDS_PER_FILE

    def properties(self) -> FileProperties:
        """Title, author and date of the metadata."""
        return self._try(lambda reader: _properties(reader.metadata or {})) or FileProperties()

    def labels(self) -> list[str | None]:
        """The label that the file declares for each page."""
        return [as_label(label) for label in self._try(lambda reader: reader.page_labels) or ()]

    def has_layers(self) -> bool:
        """True if the file has layers that may be off, or that is unknown."""
        found = self._try(lambda reader: _has_layers(reader.root_object))
        return _may_have_layers(self._path) if found is None else found

    def xfa(self) -> Mapping[str, bytes]:
        """Parts of a form in XFA, by name; empty where there is none."""
        return self._try(lambda reader: {str(name): bytes(part) for name, part in (reader.xfa or {}).items()}) or {}

    def page(self, page: Page) -> Page:
        """The page with pypdf's text and no word boxes; empty where pypdf finds nothing."""
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
            with _at_most(min(_SECONDS, self._until - process_time())):
                if self._opened is None:
                    self._opened = pypdf.PdfReader(self._path)
                return ask(self._opened)
        except Exception as error:  # noqa: BLE001 - pypdf raises bare ValueError, RecursionError and others on damaged files
            _log.info("pypdf on %s: %s: %s", self._path.name, type(error).__name__, error)
            return None


def _properties(metadata: Mapping[str, PdfObject]) -> FileProperties:
    title, author, created = (_text_of(metadata.get(key)) for key in ("/Title", "/Author", "/CreationDate"))
    return FileProperties(as_title(title), as_author(author), as_date(created))


def _has_layers(catalog: pypdf.generic.DictionaryObject) -> bool:
    properties = _dictionary(catalog.get("/OCProperties"))
    configuration = _dictionary(properties.get("/D"))
    off = _resolved(configuration.get("/OFF"))
    return bool(properties) and (
        bool(off) or str(configuration.get("/BaseState")) == "/OFF" or "/AS" in configuration or not configuration
    )


def _may_have_layers(path: Path) -> bool:
    """True if a file that pypdf cannot read mentions layers, or has object streams that cannot be searched."""
    data = path.read_bytes()
    if _LAYERS in data:
        return True
    view = memoryview(data)
    for count, match in enumerate(_OBJECT_STREAM.finditer(data), start=1):
        begin = data.find(b"stream", match.end(), match.end() + _LONGEST_HEAD) + len(b"stream")
        begin += 2 if data[begin : begin + 2] == b"\r\n" else 1
        inflate = zlib.decompressobj()
        try:
            inflated = inflate.decompress(view[begin : begin + _LARGEST_STREAM], _MOST_INFLATED)
        except zlib.error:
            return True
        if count > _MOST_STREAMS or not inflate.eof or _LAYERS in inflated:
            return True
    return False


def _dictionary(value: PdfObject | None) -> Mapping[str, PdfObject]:
    found = _resolved(value)
    return found if isinstance(found, dict) else {}


def _resolved(value: PdfObject | None) -> PdfObject | None:
    return value.get_object() if value is not None else None


def _text_of(value: PdfObject | None) -> str:
    found = _resolved(value)
    return found if isinstance(found, str) else ""


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raises TimeoutError after so many seconds of CPU time; only in the main thread, which alone gets signals."""
    if seconds <= 0:
        raise TimeoutError
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)  # and again: pypdf may take the first for its own error
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _lines(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in clean(text).splitlines()).strip()
