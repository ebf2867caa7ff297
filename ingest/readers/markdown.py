"""Markdown reader: headings, text without markup, code and tables. The only home of markdown_it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingest.readers.blocks import Block, pages_of, table_text
from ingest.readers.properties import as_author, as_date
from ingest.readers.source import ReadingOptions, SourceText, blank_pages
from ingest.readers.text import decoded, read_bytes, text_blocks
from ingest.readers.titles import as_title, first_heading
from rag.errors import FileFault
from rag.text.characters import clean

if TYPE_CHECKING:
    from markdown_it.token import Token

# Longer ones are read as plain text: the parser takes 5 s for a megabyte, and a hundred times its memory.
_MOST_PARSED: Final = 2_000_000
_FRONT_MATTER: Final = re.compile(r"\A---[^\S\n]*\n(.*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", re.DOTALL)
_PROPERTY: Final = re.compile(r"^(title|author|date):(.*)$", re.MULTILINE)


def read_markdown(path: Path, options: ReadingOptions) -> SourceText:
    """Reads a Markdown file; the title is that of the front matter, else its first large heading.

    Raises:
        FileFault: ``malformed`` for a binary file, ``empty_text`` or ``too_large``.
    """
    text = clean(decoded(read_bytes(path, options.limits)).replace("\f", "\n"))
    properties: dict[str, str] = {}
    if front := _FRONT_MATTER.match(text):
        properties = {name: _unquoted(value) for name, value in reversed(_PROPERTY.findall(front.group(1)))}
        text = text[front.end() :]
    pages = pages_of(markdown_blocks(text), options.limits) if len(text) <= _MOST_PARSED else ()
    # The parser omits blocks that are nested too deeply.
    pages = pages or pages_of(text_blocks(text), options.limits)
    if not pages:
        raise FileFault("empty_text", "the file holds no text")
    title, author, created = (properties.get(name) for name in ("title", "author", "date"))
    return SourceText(
        as_title(title) or first_heading(pages),
        pages,
        blank_pages(pages),
        author=as_author(author),
        created=as_date(created),
    )


def _unquoted(value: str) -> str:
    """A scalar of YAML without its quotes, or a list of scalars with commas."""
    value = value.strip()
    if value.startswith("[") and value.endswith("]"):
        return ", ".join(part.strip(" '\"") for part in value[1:-1].split(","))
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def markdown_blocks(text: str) -> Iterator[Block]:
    """The blocks of a Markdown text, in order."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": 50}).enable(["table", "strikethrough"])
    yield from _TokenWalk(parser.parse(text)).blocks()


class _TokenWalk:
    """Walk over the parser's tokens, a flat list of opening and closing elements."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._lists: list[int | None] = []  # the next number of each open list; None for bullets
        self._marker = ""
        self._items: list[str] = []  # lines of the outermost list
        self._rows: list[list[str]] = []

    def blocks(self) -> Iterator[Block]:
        for position, token in enumerate(self._tokens):
            if token.type in ("bullet_list_open", "ordered_list_open"):
                self._lists.append(int(token.attrs.get("start", 1)) if token.type[0] == "o" else None)
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                self._lists.pop()
                if not self._lists:
                    yield Block("\n".join(self._items))
                    self._items = []
            elif token.type == "list_item_open":
                self._marker = self._next_marker()
            elif token.type in ("table_open", "tr_open", "table_close"):
                yield from self._table(token.type)
            elif token.type in ("inline", "fence", "code_block", "html_block"):
                yield from self._content(token, self._tokens[position - 1])

    def _next_marker(self) -> str:
        number = self._lists[-1]
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _table(self, event: str) -> Iterator[Block]:
        if event == "table_open":
            self._rows = []
        elif event == "tr_open":
            self._rows.append([])
        else:
            yield from self._placed(table_text(self._rows))

    def _content(self, token: Token, opened: Token) -> Iterator[Block]:
        if opened.type in ("th_open", "td_open"):
            self._rows[-1].append(inline_text(token))
        elif opened.type == "heading_open" and not self._lists:
            yield Block(" ".join(inline_text(token).split()), level=int(opened.tag[1:]))
        elif token.type == "html_block":
            from ingest.readers.html import html_blocks

            for block in html_blocks(token.content):
                yield from [block] if block.level and not self._lists else self._placed(block.text)
        else:
            yield from self._placed(inline_text(token) if token.type == "inline" else token.content)

    def _placed(self, text: str) -> Iterator[Block]:
        """Text within the open list, indented under its marker, or as a block of its own."""
        if not self._lists:
            yield Block(text)
            return
        indent = "  " * (len(self._lists) - 1)
        for line in text.strip("\n").split("\n"):
            self._items.append(f"{indent}{self._marker}{line}")
            self._marker = " " * len(self._marker)


def inline_text(token: Token) -> str:
    """Rendered text of an inline token: without emphasis marks and link addresses, images as their alt text."""
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline", "text_special"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak") or (
            child.type == "html_inline" and child.content.lower().startswith("<br")
        ):
            parts.append("\n")
        elif child.type == "image":
            parts.append(inline_text(child))
    return clean("".join(parts))
