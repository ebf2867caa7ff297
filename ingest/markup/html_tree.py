"""Walk over the tree of a web page: blocks of visible text, in document order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, Literal

from ingest.markup.dead_html import DeadText
from ingest.markup.math_ml import formula_text
from ingest.markup.merged_cells import MergedCells, TableCell
from ingest.markup.numbering.html_lists import OrderedList, ordered_list
from ingest.markup.raised import CONTEXT, after_raised, raised
from ingest.readers.blocks import Block, table_text
from ingest.readers.source import CROSSED_OUT
from rag.text.characters import clean

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_BLOCKS: Final = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hgroup hr legend li main ol p pre section summary table caption tbody td tfoot th thead "
    "tr ul".split()
)
_IN_LINE: Final = frozenset("a br img input pre svg text tspan figcaption".split())
_ENDING: Final = frozenset("figure figcaption svg pre".split())
# Pictures and drawings, as far as they are not text; smaller ones, in pixels, are signs.
_PICTURES: Final = frozenset("canvas object embed video".split())
_SMALL: Final = 32
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
# Fields of a form that show what was put into them.
_TYPED: Final = frozenset(["", *"text number email tel url date time month week datetime-local".split()])
_MOST_DIGITS: Final = 4
_SPACES: Final = re.compile(r"[ \t\n\r\f]+")

_Step = tuple[Literal["open", "text", "close", "skip"], "LexborNode"]


class TreeWalk:
    """Walk over the parse tree, in document order."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._body = tree.body
        self._dead = DeadText(tree)
        self._layout: set[int] = set()  # tables around other tables are for layout: their rows are not read as such
        self._text: list[str] = []
        # Open superscripts: their element, where they begin, and whether a link is in them.
        self._raised: list[list[int]] = []
        # Number of texts when the last superscript ended.
        self._lowered = 0
        self._left_out: dict[str, None] = {}
        # Captions of pictures; of the open <figure> whether it has a picture, and its caption.
        self._figures: list[str] = []
        self._figure: list[str] | None = None
        self._pictured = self._in_caption = False
        self._done: list[Block] = []
        self._pre = 0
        self._level: int | None = None
        self._lists: list[OrderedList | None] = []  # None for one of bullets
        self._marker = ""
        self._items: list[str] = []
        self._rows: list[list[TableCell]] | None = None
        self._cell: list[str] | None = None

    def blocks(self) -> Iterator[Block]:
        """The blocks of the page, in order."""
        if self._body is None:
            return
        self._layout = _outer_tables(self._body)
        for event, node in _steps(self._body, self._dead):
            if event == "text":
                self._add(node)
            elif event == "open":
                self._open(node)
            elif event == "close":
                self._close(node)
            else:
                self._leave_out(node)
            yield from self._done
            self._done = []
        self._flush()
        if self._left_out or self._figures:
            self._emit("")
        yield from self._done

    def _emit(self, text: str, level: int | None = None) -> None:
        if not (self._left_out or self._figures):
            self._done.append(Block(text, level))
            return
        self._done.append(Block(text, level, left_out=tuple(self._left_out), figures=tuple(self._figures)))
        self._left_out, self._figures = {}, []

    def _leave_out(self, node: LexborNode) -> None:
        if node.tag == "math":
            self._text.append(formula_text(node))
        elif node.tag in _PICTURES:
            self._add_picture("")
        elif node.tag == "select":
            self._text += [f" {option.text(strip=True)} " for option in node.css("option[selected]")]
        elif (detail := self._dead.detail(node)) and node.text().strip():
            self._left_out[detail] = None
            if detail == CROSSED_OUT and node.tag in ("td", "th") and self._rows:
                self._rows[-1].append(TableCell("", _span(node, "colspan"), _span(node, "rowspan")))

    def _add(self, node: LexborNode) -> None:
        text = node.text_content or ""
        if self._text and self._lowered == len(self._text):
            text = after_raised(self._text[-1], text)
        self._text.append(text if self._pre else _SPACES.sub(" ", text))

    def _open(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _BLOCKS:
            self._flush()
        elif self._dead.is_raised(node):
            self._raised.append([node.mem_id, len(self._text), 0])
        if tag in _IN_LINE:
            self._open_in_line(tag, node)
        elif tag in _HEADINGS:
            self._level, self._marker = _HEADINGS[tag], ""
        elif tag in ("ul", "ol", "menu"):
            self._lists.append(ordered_list(node) if tag == "ol" else None)
        elif tag == "li":
            self._marker = self._next_marker(node)
        elif tag in ("table", "tr", "td", "th"):
            self._open_table(tag, node)
        elif tag == "figure":
            self._figure, self._pictured = [], False

    def _open_in_line(self, tag: str, node: LexborNode) -> None:
        if tag == "br":
            self._text.append("\n")
        elif tag == "img":
            alt = node.attributes.get("alt")
            self._text.append(f" {alt or ''} ")
            if not _is_small(node):
                self._add_picture(alt)
        elif tag in ("svg", "text", "tspan"):
            self._text.append(" ")
            self._pictured |= tag == "svg"
        elif tag == "input":
            self._text.append(_value(node))
        elif tag == "a" and self._raised:
            self._raised[-1][2] = 1
        elif tag == "figcaption":
            self._in_caption = self._figure is not None
        elif tag == "pre":
            self._pre += 1

    def _add_picture(self, alt: str | None) -> None:
        """Notes a picture: one of a <figure>, or one that nothing describes and that is not said to be an ornament."""
        if self._figure is not None:
            self._pictured = True
        elif alt is None:
            self._figures.append("")

    def _open_table(self, tag: str, node: LexborNode) -> None:
        if tag == "table":
            self._rows = None if node.mem_id in self._layout else []
            self._cell = None
        elif self._rows is not None and tag == "tr":
            self._rows.append([])
        elif self._rows:
            self._cell = []

    def _close(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _BLOCKS:
            self._flush()
        if self._raised and self._raised[-1][0] == node.mem_id:
            self._close_raised()
        if tag in _ENDING:
            self._close_in_line(tag)
        elif tag in _HEADINGS:
            self._level = None
        elif tag in ("ul", "ol", "menu"):
            self._lists.pop()
            if not self._lists and self._items:
                self._emit("\n".join(self._items))
                self._items, self._marker = [], ""
        elif tag in ("td", "th") and self._rows and self._cell is not None:
            self._rows[-1].append(TableCell(" ".join(self._cell), _span(node, "colspan"), _span(node, "rowspan")))
            self._cell = None
        elif tag == "table" and self._rows is not None:
            rows, self._rows = self._rows, None
            merged = MergedCells()
            self._place(table_text(merged.row(cells) for cells in rows))

    def _close_in_line(self, tag: str) -> None:
        if tag == "figure":
            if self._pictured and self._figure is not None:
                self._figures.append(" ".join(" ".join(self._figure).split()))
            self._figure = None
        elif tag == "figcaption":
            self._in_caption = False
        elif tag == "svg":
            self._text.append(" ")
        else:
            self._pre -= 1

    def _close_raised(self) -> None:
        _, start, note = self._raised.pop()
        before = "".join(text[-CONTEXT:] for text in self._text[max(0, start - CONTEXT) : start])
        self._text[start:] = [raised(before, "".join(self._text[start:]), note=bool(note))]
        self._lowered = len(self._text)

    def _next_marker(self, item: LexborNode) -> str:
        ordered = self._lists[-1] if self._lists else None
        return ordered.marker(item) if ordered else "- "

    def _flush(self) -> None:
        """Ends the current paragraph."""
        text, self._text, self._lowered = clean("".join(self._text)), [], 0
        if not self._pre:
            text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
        if not text.strip():
            return
        if self._in_caption and self._figure is not None:
            self._figure.append(text)
        if self._cell is not None:
            self._cell.append(text)
        else:
            self._place(text)

    def _place(self, text: str) -> None:
        if not self._lists:
            text, self._marker = self._marker + text, ""
            self._emit(" ".join(text.split()) if self._level else text, self._level)
            return
        indent = "  " * (min(len(self._lists), 10) - 1)
        for line in text.split("\n"):
            self._items.append(f"{indent}{self._marker}{line}")
            self._marker = " " * len(self._marker)


def _is_small(node: LexborNode) -> bool:
    """True if a side of a picture is given as that of a sign."""
    sides = (node.attributes.get(side) or "" for side in ("width", "height"))
    return any(side.isascii() and side.isdigit() and int(side[:_MOST_DIGITS]) <= _SMALL for side in sides)


def _span(node: LexborNode, name: str) -> int:
    value = (node.attributes.get(name) or "").strip()[:_MOST_DIGITS]
    return int(value) if value.isascii() and value.isdigit() else 1


def _outer_tables(body: LexborNode) -> set[int]:
    """The tables around other tables. Each element above a table is looked at once: pages may nest deeply."""
    around: dict[int, int | None] = {}  # of elements: the table that they are, or else that they are in
    for table in body.css("table"):
        climbed: list[LexborNode] = []
        node = table.parent
        while node is not None and node.mem_id not in around:
            climbed.append(node)
            node = node.parent
        found = around[node.mem_id] if node is not None else None
        for node in reversed(climbed):
            found = around[node.mem_id] = node.mem_id if node.tag == "table" else found
    return {outer for table in body.css("table") if (outer := _around(table, around)) is not None}


def _around(table: LexborNode, around: Mapping[int, int | None]) -> int | None:
    return around[table.parent.mem_id] if table.parent is not None else None


def _steps(root: LexborNode, dead: DeadText) -> Iterator[_Step]:
    """Open and close events of every visible element, text events, and skip events of the other elements.

    Not recursive: pages may nest deeply.
    """
    node = root.first_child
    while node is not None:
        if node.is_text_node:
            yield "text", node
        elif node.is_element_node and not dead.is_unread(node):
            yield "open", node
            if node.first_child is not None:
                node = node.first_child
                continue
            yield "close", node
        elif node.is_element_node:
            yield "skip", node
        while node.next is None:
            parent = node.parent
            if parent is None or parent.mem_id == root.mem_id:
                return
            node = parent
            yield "close", node
        node = node.next


def _value(node: LexborNode) -> str:
    """The value of a form field."""
    attributes = node.attributes
    kind = (attributes.get("type") or "").lower()
    if kind in ("checkbox", "radio"):
        return "☒ " if "checked" in attributes else "☐ "
    return f" {attributes.get('value') or ''} " if kind in _TYPED else ""
