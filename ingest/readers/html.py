"""HTML reader: the visible text of a web page, without scripts, navigation, and what is crossed out or hidden.

selectolax, an HTML5 parser, makes the tree; :mod:`ingest.markup.html_tree` walks over it. Nothing is fetched or run,
and HTML has no custom entities to expand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingest.markup.html_tree import TreeWalk
from ingest.readers.blocks import Block, paginated
from ingest.readers.properties import as_author, as_date
from ingest.readers.source import ReadingOptions, SourceText
from ingest.readers.text import decoded, read_bytes
from ingest.readers.titles import as_title, first_heading
from rag.errors import FileFault

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

# The parse tree of so many bytes takes about 700 MB.
_MOST_BYTES: Final = 15_000_000
# Character encoding, in the first kilobyte as in browsers.
_DECLARED: Final = re.compile(rb"""(?:<meta[^<>]+charset|<\?xml[^<>]+encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_HEAD: Final = 1024
# Metadata with the author and the date, by name, the first that is there.
_AUTHOR: Final = ("author", "dc.creator", "dcterms.creator", "citation_author", "article:author")
_CREATED: Final = (
    "dcterms.created", "dc.date.created", "dc.date", "dcterms.date", "date", "article:published_time",
    "citation_publication_date",
)  # fmt: skip
_MOST_METADATA: Final = 1000


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
    pages, remarks = paginated(TreeWalk(tree).blocks(), options.limits)
    if not pages:
        raise FileFault("empty_text", "the page holds no text; is it made by a script?")
    title, metadata = tree.css_first("title"), _metadata(tree)
    return SourceText(
        as_title(title.text() if title else None) or first_heading(pages),
        pages,
        remarks,
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
    yield from TreeWalk(_parsed(html)).blocks()


def _parsed(html: str) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    try:
        # The parser refuses lone surrogates.
        return LexborHTMLParser(html.encode("utf-8", "replace").decode())
    except (SelectolaxError, ValueError) as error:
        raise FileFault("malformed", f"not readable as HTML ({error})") from error
