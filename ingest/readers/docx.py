"""Word reader (.docx): paragraphs and tables in document order, with the page breaks of Word's last rendering.

The only home of docx (python-docx), which opens the package. Its lists of paragraphs omit tracked insertions, content
controls and text boxes, so the XML is walked here.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingest.readers.blocks import Block, pages_of, table_text
from ingest.readers.properties import as_author, as_date
from ingest.readers.source import ReadingOptions, SourceText, blank_pages
from ingest.readers.titles import as_title, first_heading
from rag.errors import FileFault
from rag.text.characters import clean

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.oxml.xmlchemy import BaseOxmlElement

# Sizes after decompression. XML takes about ten times as much in memory; images are decompressed too, and not read.
_MOST_XML: Final = 60_000_000
_MOST_BYTES: Final = 300_000_000
_MOST_PARTS: Final = 20_000

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CREATED: Final = "{http://purl.org/dc/terms/}created"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Tracked deletions and moves, field codes, and formatting.
_UNREAD: Final = frozenset(
    {_FALLBACK, *(f"{_W}{name}" for name in "del moveFrom instrText rPr pPr sectPr tblPr".split())}
)
_CHARACTERS: Final = {f"{_W}tab": "\t", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-", f"{_W}softHyphen": ""}
_HEADING: Final = re.compile(r"heading (\d)", re.IGNORECASE)
_BREAK: Final = "\f"


def read_docx(path: Path, options: ReadingOptions) -> SourceText:
    """Reads a Word document; the title is that of its properties, else its first large heading.

    Raises:
        FileFault: ``malformed``, ``encrypted``, ``empty_text`` or ``too_large``.
    """
    check_package(path)
    document = _opened(path)
    try:
        walk = _BodyWalk.of(document)
        pages = pages_of(walk.blocks(document.element.body), options.limits)
        title = as_title(document.core_properties.title)
        author, created = as_author(document.core_properties.author), as_date(_created(document))
    except (KeyError, ValueError, AttributeError) as error:
        raise FileFault("malformed", f"a damaged Word document ({type(error).__name__})") from error
    if not pages:
        raise FileFault("empty_text", "the document holds no text")
    return SourceText(title or first_heading(pages), pages, blank_pages(pages), author=author, created=created)


def _created(document: WordDocument) -> str | None:
    """Date of the properties as it is written. python-docx would take a year alone for its first of January."""
    from docx.opc.parts.coreprops import CorePropertiesPart

    parts = document.part.package.iter_parts() if document.part.package else ()
    return next((part.element.findtext(_CREATED) for part in parts if isinstance(part, CorePropertiesPart)), None)


def check_package(path: Path) -> None:
    """Checks the ZIP package before decompression: a Word document, and within the size limits (ZIP bombs).

    Python reads no more of a part than its directory entry declares, so a false entry gains nothing.

    Raises:
        FileFault: ``malformed``, ``encrypted`` or ``too_large``.
    """
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        with path.open("rb") as file:
            if file.read(4) == b"\xd0\xcf\x11\xe0":  # OLE container: .doc, or a document with a password
                raise FileFault("encrypted", "needs a password, or is an old .doc; save a .docx without one") from error
        raise FileFault("malformed", "not a Word document (.docx)") from error
    xml = sum(part.file_size for part in parts if part.filename.lower().endswith((".xml", ".rels")))
    if len(parts) > _MOST_PARTS or xml > _MOST_XML or sum(part.file_size for part in parts) > _MOST_BYTES:
        raise FileFault("too_large", "unpacks to more than a Word document should; split it, or save it again")


def _opened(path: Path) -> WordDocument:
    from docx import Document

    try:
        with path.open("rb") as file:
            return Document(file)
    except MemoryError:
        raise
    except Exception as error:
        raise FileFault("malformed", f"not a readable Word document ({type(error).__name__})") from error


@dataclass
class _BodyWalk:
    """Walk over the document body, in order.

    Attributes:
        levels: of headings, by the id of their style.
        rendered: whether the file has the page breaks of Word's last rendering.
    """

    levels: dict[str, int]
    rendered: bool
    _boxed: list[BaseOxmlElement] = field(default_factory=list)
    _new_page: bool = False

    @classmethod
    def of(cls, document: WordDocument) -> _BodyWalk:
        body = document.element.body
        return cls(_heading_levels(document), next(body.iter(f"{_W}lastRenderedPageBreak"), None) is not None)

    def blocks(self, parent: BaseOxmlElement) -> Iterator[Block]:
        """Blocks of the body, or of a content control, a tracked change or a text box."""
        for element in parent:
            if element.tag == f"{_W}p":
                yield from self._paragraph(element)
            elif element.tag == f"{_W}tbl":
                yield from self._table(element)
            elif isinstance(element.tag, str) and element.tag not in _UNREAD:
                yield from self.blocks(element)

    def _paragraph(self, element: BaseOxmlElement) -> Iterator[Block]:
        text = self._text(element)
        if not self.rendered and element.find(f"{_W}pPr/{_W}pageBreakBefore") is not None:
            text = _BREAK + text
        level = self._level(element)
        marker = "- " if level is None and element.find(f"{_W}pPr/{_W}numPr") is not None else ""
        for position, part in enumerate(_joined_breaks(text).split(_BREAK)):
            self._new_page |= position > 0
            if part.strip():
                yield self._block(marker + part.strip() if position == 0 else part.strip(), level)
        boxed, self._boxed = self._boxed, []
        for box in boxed:
            yield from self.blocks(box)

    def _table(self, element: BaseOxmlElement) -> Iterator[Block]:
        """A table, a line for each row. A row across a page break is on the page where it begins."""
        rows: list[list[str]] = []
        for row in element.iter(f"{_W}tr"):
            if next(row.iterancestors(f"{_W}tbl")) is not element:
                continue
            cells = [self._cell(cell) for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(f"{_W}tr")) is row]
            if any(cell.startswith(_BREAK) for cell in cells):
                yield from self._rows(rows)
                rows, self._new_page = [], True
            rows.append([cell.replace(_BREAK, " ") for cell in cells])
            if any(_BREAK in cell.lstrip(_BREAK) for cell in cells):
                yield from self._rows(rows)
                rows, self._new_page = [], True
        yield from self._rows(rows)

    def _rows(self, rows: list[list[str]]) -> Iterator[Block]:
        if text := table_text(rows):
            yield self._block(text, None)

    def _cell(self, cell: BaseOxmlElement) -> str:
        return clean_breaks(" ".join(self._text(paragraph) for paragraph in cell.iter(f"{_W}p"))).strip(" \n")

    def _block(self, text: str, level: int | None) -> Block:
        new_page, self._new_page = self._new_page, False
        return Block(" ".join(text.split()) if level else text, level, new_page)

    def _text(self, element: BaseOxmlElement) -> str:
        """Text of a paragraph, with a form feed at each page break."""
        parts: list[str] = []
        stack = list(reversed(element))
        while stack:
            child = stack.pop()
            tag = child.tag
            if tag == f"{_W}t":
                parts.append(child.text or "")
            elif tag == f"{_W}br" or tag == f"{_W}lastRenderedPageBreak":
                parts.append(self._break(child))
            elif tag in _CHARACTERS:
                parts.append(_CHARACTERS[tag])
            elif tag == f"{_W}txbxContent":
                self._boxed.append(child)
            elif isinstance(tag, str) and tag not in _UNREAD:
                stack.extend(reversed(child))
        return clean_breaks("".join(parts))

    def _break(self, element: BaseOxmlElement) -> str:
        if element.tag == f"{_W}lastRenderedPageBreak":
            return _BREAK
        if element.get(f"{_W}type") == "page":
            return "" if self.rendered else _BREAK
        return "\n"

    def _level(self, element: BaseOxmlElement) -> int | None:
        outline = element.find(f"{_W}pPr/{_W}outlineLvl")
        if outline is not None and (value := outline.get(f"{_W}val", "")).isdigit():
            return int(value) + 1 if int(value) < 9 else None
        style = element.find(f"{_W}pPr/{_W}pStyle")
        return self.levels.get(style.get(f"{_W}val")) if style is not None else None


def clean_breaks(text: str) -> str:
    """Cleans text and keeps its page breaks."""
    return _BREAK.join(clean(part) for part in text.split(_BREAK))


def _joined_breaks(text: str) -> str:
    """Merges consecutive page breaks: an empty page has no text run in which Word could note its break."""
    return re.sub(r"\f\s*\f", _BREAK, text)


def _heading_levels(document: WordDocument) -> dict[str, int]:
    """Heading levels by style id, from the style's name (English in the file in any language) or its outline level."""
    levels: dict[str, int] = {}
    for style in document.styles.element.iter(f"{_W}style"):
        key, name = style.get(f"{_W}styleId"), style.find(f"{_W}name")
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        label = name.get(f"{_W}val", "") if name is not None else ""
        if match := _HEADING.fullmatch(label):
            levels[key] = int(match.group(1))
        elif label.lower() == "title":
            levels[key] = 1
        elif outline is not None and outline.get(f"{_W}val", "").isdigit() and int(outline.get(f"{_W}val")) < 9:
            levels[key] = int(outline.get(f"{_W}val")) + 1
    return levels
