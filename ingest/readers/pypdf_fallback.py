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

from ingest.markup.xmp import xmp_properties
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
_LONGEST_APPEARANCE: Final = 2_000
_MOST_ANNOTATIONS: Final = 5_000
_MOST_LAYERED_PAGES: Final = 500


class PypdfFallback:
    """A PDF opened with pypdf. Any error in it means no result, because it is only the fallback."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: pypdf.PdfReader | None = None
        self._until = process_time() + _SECONDS_PER_FILE

    def properties(self) -> FileProperties:
        """Title, author and date of the metadata."""
        return self._try(_properties) or FileProperties()

    def labels(self) -> list[str | None]:
        """The label that the file declares for each page."""
        return [as_label(label) for label in self._try(lambda reader: reader.page_labels) or ()]

    def has_layers(self) -> bool:
        """True if the file has layers that may be off, or that is unknown."""
        found = self._try(_has_layers)
        return _may_have_layers(self._path) if found is None else found

    def xfa(self) -> Mapping[str, bytes]:
        """Parts of a form in XFA, by name; empty where there is none."""
        return self._try(_xfa) or {}

    def appearance(self, number: int, position: int) -> str:
        """The text that an annotation shows without having it; empty where it shows none.

        Args:
            number: of the page, 1-based.
            position: of the annotation on it, 0-based.
        """
        return self._try(lambda reader: _appearance(reader.pages[number - 1], position)) or ""

    def annotations_off(self, number: int) -> frozenset[int]:
        """Positions of the annotations of a page that are in layers that are off."""
        return self._try(lambda reader: _annotations_off(reader, reader.pages[number - 1])) or frozenset()

    def has_only_glyph_numbers(self, number: int) -> bool:
        """True if no font of a page says which letters its glyphs are: its codes are numbers of glyphs.

        Args:
            number: of the page, 1-based.
        """
        return bool(self._try(lambda reader: _has_only_glyph_numbers(reader.pages[number - 1])))

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


def _properties(reader: pypdf.PdfReader) -> FileProperties:
    """Those of the information dictionary, and of XMP where that lacks them."""
    metadata: Mapping[str, PdfObject] = reader.metadata or {}
    title, author, created = (_text_of(metadata.get(key)) for key in ("/Title", "/Author", "/CreationDate"))
    found = FileProperties(as_title(title), as_author(author), as_date(created))
    stream = _stream(reader.root_object.get("/Metadata"))
    if all(found) or stream is None:
        return found
    xmp = xmp_properties(stream.get_data())
    titles, authors, dates = (xmp.get(name, []) for name in ("title", "creator", "CreateDate"))
    return FileProperties(
        found.title or next(filter(None, map(as_title, titles)), None),
        found.author or as_author(*authors),
        found.created or next(filter(None, map(as_date, dates)), None),
    )


def _xfa(reader: pypdf.PdfReader) -> Mapping[str, bytes]:
    whole = _stream(_dictionary(reader.root_object.get("/AcroForm")).get("/XFA"))
    if whole is not None:  # all parts in one stream
        data = whole.get_data()
        return {"template": data, "datasets": data}
    return {str(name): bytes(part) for name, part in (reader.xfa or {}).items()}


def _annotations(page: pypdf.PageObject) -> list[pypdf.generic.DictionaryObject]:
    found = _resolved(page.get("/Annots"))
    return [_dictionary(one) for one in found] if isinstance(found, list) else []


def _appearance(page: pypdf.PageObject, position: int) -> str:
    annotation = _annotations(page)[position]
    normal = _dictionary(annotation.get("/AP")).get("/N")
    form = _stream(normal) or _stream(_dictionary(normal).get(annotation.get("/AS")))  # one, or one for each state
    return _lines(page.extract_xform_text(form))[:_LONGEST_APPEARANCE] if form is not None else ""  # type: ignore[arg-type]


def _has_only_glyph_numbers(page: pypdf.PageObject) -> bool:
    resources = _dictionary(page.get("/Resources"))
    fonts, drawn = _dictionary(resources.get("/Font")), _dictionary(resources.get("/XObject"))
    # Forms have fonts of their own.
    return bool(fonts) and not any(map(_is_form, drawn.values())) and all(map(_numbers_glyphs, fonts.values()))


def _is_form(drawn: PdfObject) -> bool:
    return _dictionary(drawn).get("/Subtype") == "/Form"


def _numbers_glyphs(font: PdfObject) -> bool:
    """True if the codes of a font are numbers of glyphs, and no table of the file gives their letters."""
    whole = _dictionary(font)
    parts: object = _resolved(whole.get("/DescendantFonts"))
    if "/ToUnicode" in whole or not isinstance(parts, list) or not parts:
        return False
    order = _dictionary(_dictionary(parts[0]).get("/CIDSystemInfo")).get("/Ordering", "Identity")
    return str(_resolved(whole.get("/Encoding"))) in ("/Identity-H", "/Identity-V") and str(order) == "Identity"


def _annotations_off(reader: pypdf.PdfReader, page: pypdf.PageObject) -> frozenset[int]:
    configuration = _dictionary(_dictionary(reader.root_object.get("/OCProperties")).get("/D"))
    return frozenset(
        position
        for position, annotation in enumerate(_annotations(page)[:_MOST_ANNOTATIONS])
        if "/OC" in annotation and _is_off(annotation.raw_get("/OC"), configuration)
    )


def _is_off(content: PdfObject, configuration: pypdf.generic.DictionaryObject) -> bool:
    """True if optional content is off: a layer, or a membership without an expression. ISO 32000-2, 8.11."""
    membership = _dictionary(content)
    if membership.get("/Type") != "/OCMD":
        listed = _resolved(configuration.get("/ON" if configuration.get("/BaseState") == "/OFF" else "/OFF"))
        return (content in listed) == (configuration.get("/BaseState") != "/OFF") if isinstance(listed, list) else False
    layers = membership.raw_get("/OCGs") if "/OCGs" in membership else None
    of = _resolved(layers)
    off = [_is_off(one, configuration) for one in (of if isinstance(of, list) else [layers]) if one is not None]
    policy = membership.get("/P", "/AnyOn")
    if not off or "/VE" in membership:
        return False
    return {"/AllOn": any(off), "/AnyOff": not any(off), "/AllOff": not all(off)}.get(policy, all(off))


def _has_layers(reader: pypdf.PdfReader) -> bool:
    properties = _dictionary(reader.root_object.get("/OCProperties"))
    configuration = _dictionary(properties.get("/D"))
    off = _resolved(configuration.get("/OFF"))
    if not properties:
        return False
    if off or str(configuration.get("/BaseState")) == "/OFF" or "/AS" in configuration or not configuration:
        return True
    layers = _resolved(properties.get("/OCGs"))
    return any(map(_is_off_by_usage, layers if isinstance(layers, list) else ())) or any(
        map(_has_memberships, reader.pages[:_MOST_LAYERED_PAGES])
    )


def _is_off_by_usage(layer: PdfObject) -> bool:
    """True if the usage of a layer hides it on a screen."""
    usage = _dictionary(_dictionary(layer).get("/Usage"))
    return str(_dictionary(usage.get("/View")).get("/ViewState")) == "/OFF"


def _has_memberships(page: pypdf.PageObject) -> bool:
    """True if content of a page depends on several layers, or on one that has to be off."""
    properties = _dictionary(_dictionary(page.get("/Resources")).get("/Properties"))
    return any(_dictionary(one).get("/Type") == "/OCMD" for one in properties.values())


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


def _dictionary(value: PdfObject | None) -> pypdf.generic.DictionaryObject:
    from pypdf.generic import DictionaryObject

    found = _resolved(value)
    return found if isinstance(found, DictionaryObject) else DictionaryObject()


def _stream(value: PdfObject | None) -> pypdf.generic.StreamObject | None:
    from pypdf.generic import StreamObject

    found = _resolved(value)
    return found if isinstance(found, StreamObject) else None


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
