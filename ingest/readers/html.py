"""HTML reader: the visible text of a web page, without scripts, styles, navigation and hidden elements.

The only home of selectolax, an HTML5 parser. Nothing is fetched or run, and HTML has no custom entities to expand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from ingest.readers.blocks import Block, pages_of, table_text
from ingest.readers.properties import as_author, as_date
from ingest.readers.source import ReadingOptions, SourceText, blank_pages
from ingest.readers.text import decoded, read_bytes
from ingest.readers.titles import as_title, first_heading
from rag.errors import FileFault
from rag.text.characters import clean

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

# The parse tree of so many bytes takes about 700 MB.
_MOST_BYTES: Final = 15_000_000
# Character encoding, in the first kilobyte as in browsers.
_DECLARED: Final = re.compile(rb"""(?:<meta[^>]+charset|<\?xml[^>]+encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_HEAD: Final = 1024
_UNREAD: Final = frozenset(
    "head script style template noscript nav iframe object embed svg canvas audio video button select datalist "
    "textarea input".split()
)
_BLOCKS: Final = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hgroup hr legend li main ol p pre section summary table caption tbody td tfoot th thead "
    "tr ul".split()
)
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_HIDING: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
# Metadata with the author and the date, by name, the first that is there.
_AUTHOR: Final = ("author", "dc.creator", "dcterms.creator", "citation_author", "article:author")
_CREATED: Final = (
    "dcterms.created", "dc.date.created", "dc.date", "dcterms.date", "date", "article:published_time",
    "citation_publication_date",
)  # fmt: skip
_MOST_METADATA: Final = 1000
_SPACES: Final = re.compile(r"[ \t\n\r\f]+")

_Step = tuple[Literal["open", "text", "close"], "LexborNode"]


def read_html(path: Path, options: ReadingOptions) -> SourceText:
    """Reads a web page; the title is ``<title>``, else its first large heading.

    Raises:
        FileFault: ``malformed`` for a binary file, ``empty_text`` or ``too_large``.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise FileFault("too_large", f"more than {_MOST_BYTES:,} bytes of HTML; split it")
    data = read_bytes(path, options.limits)
    declared = _DECLARED.search(data[:_HEAD])
    tree = _parsed(decoded(data, declared.group(1).decode() if declared else None))
    pages = pages_of(_TreeWalk(tree).blocks(), options.limits)
    if not pages:
        raise FileFault("empty_text", "the page holds no text; is it made by a script?")
    title, metadata = tree.css_first("title"), _metadata(tree)
    return SourceText(
        as_title(title.text() if title else None) or first_heading(pages),
        pages,
        blank_pages(pages),
        author=next(filter(None, (as_author(*metadata[name]) for name in _AUTHOR)), None),
        created=next(filter(None, (as_date(date) for name in _CREATED for date in metadata[name])), None),
    )


def _metadata(tree: LexborHTMLParser) -> Mapping[str, Sequence[str]]:
    """The values of the page's metadata, by name or property in lower case."""
    found: dict[str, list[str]] = defaultdict(list)
    for node in tree.css("meta[content]")[:_MOST_METADATA]:
        attributes = node.attributes
        found[(attributes.get("name") or attributes.get("property") or "").lower()].append(
            attributes.get("content") or ""
        )
    return found


def html_blocks(html: str) -> Iterator[Block]:
    """The blocks of HTML, in order."""
    yield from _TreeWalk(_parsed(html)).blocks()


def _parsed(html: str) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    try:
        # The parser refuses lone surrogates.
        return LexborHTMLParser(html.encode("utf-8", "replace").decode())
    except (SelectolaxError, ValueError) as error:
        raise FileFault("malformed", f"not readable as HTML ({error})") from error


class _TreeWalk:
    """Walk over the parse tree, in document order."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        self._layout: set[int] = set()  # tables around other tables are for layout: their rows are not read as such
        self._text: list[str] = []
        self._done: list[Block] = []
        self._pre = 0
        self._level: int | None = None
        self._lists: list[int | None] = []
        self._marker = ""
        self._items: list[str] = []
        self._rows: list[list[str]] | None = None
        self._cell: list[str] | None = None

    def blocks(self) -> Iterator[Block]:
        body = self._tree.body
        if body is None:
            return
        self._layout = _outer_tables(body)
        for event, node in _steps(body):
            if event == "text":
                self._add(node)
            elif event == "open":
                self._open(node)
            else:
                self._close(node)
            yield from self._done
            self._done = []
        self._flush()
        yield from self._done

    def _add(self, node: LexborNode) -> None:
        text = node.text_content or ""
        self._text.append(text if self._pre else _SPACES.sub(" ", text))

    def _open(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _BLOCKS:
            self._flush()
        if tag == "br":
            self._text.append("\n")
        elif tag == "img":
            self._text.append(f" {node.attributes.get('alt') or ''} ")
        elif tag == "pre":
            self._pre += 1
        elif tag in _HEADINGS:
            self._level, self._marker = _HEADINGS[tag], ""
        elif tag in ("ul", "ol", "menu"):
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            self._marker = self._next_marker()
        elif tag in ("table", "tr", "td", "th"):
            self._open_table(tag, node)

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
        if tag == "pre":
            self._pre -= 1
        elif tag in _HEADINGS:
            self._level = None
        elif tag in ("ul", "ol", "menu"):
            self._lists.pop()
            if not self._lists and self._items:
                self._done.append(Block("\n".join(self._items)))
                self._items, self._marker = [], ""
        elif tag in ("td", "th") and self._rows and self._cell is not None:
            self._rows[-1].append(" ".join(self._cell))
            self._cell = None
        elif tag == "table" and self._rows is not None:
            rows, self._rows = self._rows, None
            self._place(table_text(rows))

    def _next_marker(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _flush(self) -> None:
        """Ends the current paragraph."""
        text, self._text = clean("".join(self._text)), []
        if not self._pre:
            text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
        if not text.strip():
            return
        if self._cell is not None:
            self._cell.append(text)
        else:
            self._place(text)

    def _place(self, text: str) -> None:
        if not self._lists:
            text, self._marker = self._marker + text, ""
            self._done.append(Block(" ".join(text.split()) if self._level else text, self._level))
            return
        indent = "  " * (min(len(self._lists), 10) - 1)
        for line in text.split("\n"):
            self._items.append(f"{indent}{self._marker}{line}")
            self._marker = " " * len(self._marker)


def _outer_tables(body: LexborNode) -> set[int]:
    open_tables: list[int] = []
    outer: set[int] = set()
    for event, node in _steps(body):
        if node.tag == "table" and event == "open":
            outer.update(open_tables[-1:])
            open_tables.append(node.mem_id)
        elif node.tag == "table" and event == "close":
            open_tables.pop()
    return outer


def _steps(root: LexborNode) -> Iterator[_Step]:
    """Open and close events of every visible element, and text events. Not recursive: pages may nest deeply."""
    node = root.first_child
    while node is not None:
        if node.is_text_node:
            yield "text", node
        elif node.is_element_node and not _is_unread(node):
            yield "open", node
            if node.first_child is not None:
                node = node.first_child
                continue
            yield "close", node
        while node.next is None:
            parent = node.parent
            if parent is None or parent.mem_id == root.mem_id:
                return
            node = parent
            yield "close", node
        node = node.next


def _is_unread(node: LexborNode) -> bool:
    if node.tag in _UNREAD:
        return True
    attributes = node.attributes
    return bool(attributes) and (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") in ("navigation", "search")
        or bool(_HIDING.search(attributes.get("style") or ""))
    )
