"""Word reader (.docx): what Word shows of a document, in its order, with the page breaks of Word's last rendering.

Headers and footers are read once for each section, notes and comments after the paragraph that refers to them, endnotes
at the end; each says what it is. python-docx opens the package; the XML is walked by :mod:`ingest.markup.word_body`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from ingest.markup.numbering.word_lists import WordLists
from ingest.markup.word_attachments import embedded_files
from ingest.markup.word_body import BodyWalk
from ingest.markup.word_notes import NoteKind, Notes, running_parts
from ingest.markup.word_styles import Styles, W
from ingest.readers.blocks import Block, paginated
from ingest.readers.figures import with_captions
from ingest.readers.properties import as_author, as_date
from ingest.readers.source import ReadingOptions, SourceText
from ingest.readers.text import decoded
from ingest.readers.titles import as_title, first_heading
from rag.errors import FileFault

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.opc.part import Part
    from docx.oxml.xmlchemy import BaseOxmlElement

# Sizes after decompression. XML takes about ten times as much in memory; images are decompressed too, and not read.
_MOST_XML: Final = 60_000_000
_MOST_BYTES: Final = 300_000_000
_MOST_PARTS: Final = 20_000

_CREATED: Final = "{http://purl.org/dc/terms/}created"
_IMPORTED: Final = ("text/html", "application/xhtml+xml")
# Parts with lists, and with notes, by the last word of their relationship's type.
_NUMBERING: Final = "numbering"
_NOTES: Final[dict[str, NoteKind]] = {"footnotes": "footnote", "endnotes": "endnote", "comments": "comment"}


def read_docx(path: Path, options: ReadingOptions) -> SourceText:
    """Reads a Word document; the title is that of its properties, else its first large heading.

    Raises:
        FileFault: ``malformed``, ``encrypted``, ``empty_text`` or ``too_large``.
    """
    check_package(path)
    document = _opened(path)
    try:
        damaged: list[str] = []
        pages, remarks = paginated(with_captions(_blocks(document, damaged)), options.limits)
        title = as_title(document.core_properties.title)
        author, created = as_author(document.core_properties.author), as_date(_created(document))
        attachments = embedded_files(document, options.attached)
    except (KeyError, ValueError, AttributeError) as error:
        raise FileFault("malformed", f"a damaged Word document ({type(error).__name__})") from error
    if not pages:
        raise FileFault("empty_text", "the document holds no text")
    reason = f"not read: {', '.join(dict.fromkeys(damaged))}, in the document" if damaged else None
    return SourceText(title or first_heading(pages), pages, remarks, reason, author, created, attachments)


def _blocks(document: WordDocument, damaged: list[str]) -> Iterator[Block]:
    """The blocks of the document, those of headers and footers before the section that has them first.

    Args:
        document: opened.
        damaged: gets the names of parts that are not read.
    """
    body, parts = document.element.body, _parts(document, damaged)
    settings, styles = document.settings.element, Styles(document.styles.element)
    notes = Notes({kind: parts[name] for name, kind in _NOTES.items() if name in parts}, settings)
    rendered = next(body.iter(f"{W}lastRenderedPageBreak"), None) is not None
    seen: set[str] = set()

    def part(key: str) -> BaseOxmlElement | None:
        relation = document.part.rels.get(key)
        if relation is None or relation.is_external:
            return None
        try:
            return _element(relation.target_part)
        except (SyntaxError, ValueError):
            damaged.append(PurePosixPath(relation.target_part.partname).name)
            return None

    def running(section: list[tuple[str, BaseOxmlElement]]) -> Iterator[Block]:
        for label, content in section:
            for block in BodyWalk(styles, Notes({}, None), rendered=False, running=True).labelled(label, content):
                if block.text not in seen:
                    yield Block(block.text, left_out=block.left_out)
                seen.add(block.text)

    walk = BodyWalk(
        styles,
        notes,
        rendered,
        figure=part,
        imported=lambda key: _imported(document, key, damaged),
        lists=WordLists(parts.get(_NUMBERING), document.styles.element),
    )
    return walk.document(body, map(running, running_parts(body, settings, part)))


def _imported(document: WordDocument, key: str, damaged: list[str]) -> Iterator[Block]:
    """The blocks of a file that the document takes in as a whole; Word has not yet made paragraphs of it."""
    from ingest.readers.html import html_blocks

    relation = document.part.rels.get(key)
    if relation is None or relation.is_external:
        return
    part = relation.target_part
    if part.content_type in _IMPORTED:
        yield from html_blocks(decoded(part.blob))
    else:
        damaged.append(PurePosixPath(part.partname).name)


def _parts(document: WordDocument, damaged: list[str]) -> dict[str, BaseOxmlElement]:
    """The parts with notes and with lists that the document refers to, by the last word of the relationship's type."""
    found: dict[str, BaseOxmlElement] = {}
    for relation in document.part.rels.values():
        name = relation.reltype.rpartition("/")[2]
        if (name in _NOTES or name == _NUMBERING) and not relation.is_external:
            try:
                found[name] = _element(relation.target_part)
            except (SyntaxError, ValueError):
                damaged.append(name)
    return found


def _element(part: Part) -> BaseOxmlElement:
    """The XML of a part, which python-docx has parsed if it knows it; SyntaxError or ValueError if it is damaged."""
    from docx.opc.part import XmlPart
    from docx.oxml import parse_xml

    return part.element if isinstance(part, XmlPart) else parse_xml(part.blob)


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
