"""Walk over the body of a Word document: blocks in order, notes at their places, dead text left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ingest.markup.merged_cells import MergedCells, TableCell
from ingest.markup.numbering.word_lists import BULLET, WordLists
from ingest.markup.word_figures import figure_blocks
from ingest.markup.word_notes import Note, Notes
from ingest.markup.word_styles import VALUE, Styles, W, outline_level
from ingest.markup.word_text import BREAK, DELETIONS, UNREAD, ParagraphReader, clean_breaks
from ingest.readers.blocks import Block, table_text
from ingest.readers.source import DELETED

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


_PROPERTIES, _CELL_PROPERTIES = f"{W}pPr", f"{W}tcPr"
_PARAGRAPH: Final = f"{W}p"
_FRAME: Final = f"{W}framePr"
_DELETED_CELL: Final = f"{W}cellDel"
_GRID_SPAN, _MERGED_DOWN = f"{W}gridSpan", f"{W}vMerge"
_MOST_DIGITS: Final = 4


@dataclass
class BodyWalk:
    """Walk over the document body, in order.

    Attributes:
        styles, notes: of the document.
        rendered: whether the file has the page breaks of Word's last rendering.
        running: whether it walks over a header or footer, whose page numbers are left out.
        figure: gives the part of a chart or diagram by the id of its relationship; None where it cannot be read.
        imported: gives the blocks of a file that the document takes in as a whole, by the id of its relationship.
        lists: of the document, which number its paragraphs; None where none are numbered.
    """

    styles: Styles
    notes: Notes
    rendered: bool
    running: bool = False
    figure: Callable[[str], BaseOxmlElement | None] = lambda _key: None
    imported: Callable[[str], Iterable[Block]] = lambda _key: ()
    lists: WordLists | None = None
    _at_end: list[Note] = field(default_factory=list)
    _new_page: bool = False
    _initial: str = ""

    def __post_init__(self) -> None:
        self._reader = ParagraphReader(self.styles, self.notes, self.rendered, self.running)

    def document(self, body: BaseOxmlElement, before_sections: Iterable[Iterable[Block]]) -> Iterator[Block]:
        """Blocks of a document.

        Args:
            body: of the document.
            before_sections: for each section, blocks to put before its first.
        """
        before = iter(before_sections)
        yield from next(before, ())
        several = next(body.iter(f"{W}sectPr"), None) is not body[-1] if len(body) else False
        for element in body:
            yield from self.blocks([element])
            if several and element.find(f"{W}pPr/{W}sectPr") is not None:
                yield from next(before, ())
        if self._initial:
            yield self._block(self._initial, None)
        while self._at_end:
            ended, self._at_end = self._at_end, []
            for note in ended:
                yield from self._note(note)

    def blocks(self, parent: Iterable[BaseOxmlElement]) -> Iterator[Block]:
        """Blocks of the body, or of a content control, a tracked change or a text box."""
        for element in parent:
            if element.tag == _PARAGRAPH:
                yield from self._paragraph(element)
            elif element.tag == f"{W}tbl":
                yield from self._table(element)
                yield from self._beside()
            elif element.tag == f"{W}altChunk":
                yield from self.imported(element.get(f"{_R}id") or "")
            elif element.tag in DELETIONS:
                self._reader.leave_out(DELETED, element)
            elif isinstance(element.tag, str) and element.tag not in UNREAD:
                yield from self.blocks(element)

    def labelled(self, label: str, parent: Iterable[BaseOxmlElement]) -> Iterator[Block]:
        """The text of a note, a header or a footer as one block under its label."""
        blocks = list(self.blocks(parent))
        left_out = tuple(dict.fromkeys(detail for block in blocks for detail in block.left_out))
        text = "\n".join(block.text for block in blocks if block.text)
        if text or left_out:
            yield Block(f"{label}: {text}" if text else "", None, any(block.new_page for block in blocks), left_out)

    def _note(self, note: Note) -> Iterator[Block]:
        for block in self.labelled(note.label, note.content):
            yield Block(block.text, None, left_out=block.left_out)

    def _paragraph(self, element: BaseOxmlElement) -> Iterator[Block]:
        text = self._reader.read(element)
        properties = {one.tag: one for one in next(element.iterchildren(_PROPERTIES), ())}
        if not self.rendered and f"{W}pageBreakBefore" in properties:
            text = BREAK + text
        if (frame := properties.get(_FRAME)) is not None and frame.get(f"{W}dropCap") in ("drop", "margin"):
            self._initial += text.strip()
            return
        text, self._initial = self._initial + text, ""
        level = self._level(element, properties) if properties else None
        marker = self._label(element)
        if level is not None and marker.startswith(BULLET):
            marker = ""
        if BREAK not in text:
            if text := text.strip():
                yield self._block(marker + text, level)
        else:
            for position, part in enumerate(_joined_breaks(text).split(BREAK)):
                self._new_page |= position > 0
                if part.strip():
                    yield self._block(marker + part.strip() if position == 0 else part.strip(), level)
        reader = self._reader
        if reader.left_out or reader.boxed or reader.noted or reader.drawn or reader.pictures:
            yield from self._beside()

    def _label(self, paragraph: BaseOxmlElement) -> str:
        """The bullet or number before a paragraph; it counts on with each call."""
        return self.lists.label(next(paragraph.iterchildren(_PROPERTIES), None)) if self.lists else ""

    def _beside(self) -> Iterator[Block]:
        """Text boxes, figures and notes of the paragraph or table before, and what was left out of it."""
        if self._reader.left_out or self._reader.pictures:
            yield self._block("", None)
        boxed, self._reader.boxed = self._reader.boxed, []
        for box in boxed:
            yield from self.blocks(box)
        drawn, self._reader.drawn = self._reader.drawn, []
        for key in dict.fromkeys(drawn):
            if (root := self.figure(key)) is not None:
                yield from figure_blocks(root)
        noted, self._reader.noted = self._reader.noted, []
        for note in noted:
            if note.at_end:
                self._at_end.append(note)
            else:
                yield from self._note(note)

    def _table(self, element: BaseOxmlElement) -> Iterator[Block]:
        """A table, a line for each row. A row across a page break is on the page where it begins."""
        rows: list[list[str]] = []
        merged = MergedCells()
        for row in element.iter(f"{W}tr"):
            if row.getparent() is not element and next(row.iterancestors(f"{W}tbl")) is not element:
                continue
            if row.find(f"{W}trPr/{W}del") is not None:
                self._reader.leave_out(DELETED, row)
                continue
            own = [
                cell
                for cell in row.iter(f"{W}tc")
                if cell.getparent() is row or next(cell.iterancestors(f"{W}tr")) is row
            ]
            cells = merged.row([self._merged(cell) for cell in own])
            if any(cell.startswith(BREAK) for cell in cells):
                yield from self._rows(rows)
                rows, self._new_page = [], True
            rows.append([cell.replace(BREAK, " ") for cell in cells])
            if any(BREAK in cell.lstrip(BREAK) for cell in cells):
                yield from self._rows(rows)
                rows, self._new_page = [], True
        yield from self._rows(rows)

    def _rows(self, rows: list[list[str]]) -> Iterator[Block]:
        if text := table_text(rows):
            yield self._block(text, None)

    def _merged(self, cell: BaseOxmlElement) -> TableCell:
        """A cell with the columns that it is merged over; Word repeats it in the rows that it is merged over, empty."""
        children = list(cell)
        properties: dict[object, BaseOxmlElement] = {}
        if children and children[0].tag == _CELL_PROPERTIES:
            properties = {one.tag: one for one in children.pop(0)}
        if _DELETED_CELL in properties:
            self._reader.leave_out(DELETED, cell)
            children = []
        span, merge = properties.get(_GRID_SPAN), properties.get(_MERGED_DOWN)
        columns = "" if span is None else span.get(VALUE, "")[:_MOST_DIGITS]
        return TableCell(
            self._cell(children),
            int(columns) if columns.isascii() and columns.isdigit() else 1,
            continues=merge is not None and merge.get(VALUE, "continue") == "continue",
        )

    def _cell(self, content: Sequence[BaseOxmlElement]) -> str:
        """Text of a cell's content, with that of tables and text boxes in it."""
        outer, self._reader.boxed = self._reader.boxed, []
        is_plain = all(child.tag == _PARAGRAPH for child in content)
        texts = [self._in_cell(paragraph) for paragraph in (content if is_plain else _paragraphs(content))]
        while self._reader.boxed:
            boxed, self._reader.boxed = self._reader.boxed, []
            texts += [self._in_cell(paragraph) for box in boxed for paragraph in _paragraphs(box)]
        self._reader.boxed = outer
        return (clean_breaks(" ".join(texts)) if len(texts) > 1 else "".join(texts)).strip(" \n")

    def _in_cell(self, paragraph: BaseOxmlElement) -> str:
        """A paragraph with its number; a bullet would be a dash in a line of words."""
        label, text = self._label(paragraph), self._reader.read(paragraph)
        return f"{label}{text}" if label and not label.startswith(BULLET) else text

    def _block(self, text: str, level: int | None) -> Block:
        new_page, self._new_page = self._new_page, False
        left_out = tuple(self._reader.left_out)
        self._reader.left_out.clear()
        figures, self._reader.pictures = tuple(self._reader.pictures), []
        return Block(" ".join(text.split()) if level else text, level, new_page, left_out, figures)

    def _level(self, element: BaseOxmlElement, properties: Mapping[str, BaseOxmlElement]) -> int | None:
        outline, style = properties.get(f"{W}outlineLvl"), properties.get(f"{W}pStyle")
        if outline is not None and (outline.get(VALUE) or "").isdecimal():
            return outline_level(element)
        return self.styles.level(style.get(VALUE)) if style is not None else None


def _paragraphs(parent: Iterable[BaseOxmlElement]) -> Iterator[BaseOxmlElement]:
    """The paragraphs of a cell or a text box, with those of tables and controls in it, without those of text boxes."""
    stack = list(parent)[::-1]
    while stack:
        element = stack.pop()
        if element.tag == _PARAGRAPH:
            yield element
        elif isinstance(element.tag, str) and element.tag not in UNREAD:
            stack.extend(reversed(element))


def _joined_breaks(text: str) -> str:
    """Merges consecutive page breaks: an empty page has no text run in which Word could note its break."""
    return re.sub(r"\f\s*\f", BREAK, text)
