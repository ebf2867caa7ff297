"""Markdown reader: headings, text without markup, code and tables. The only home of markdown_it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingest.markup.raised import CONTEXT, after_raised, raised
from ingest.readers.blocks import Block, paginated, table_text
from ingest.readers.properties import as_author, as_date
from ingest.readers.source import CROSSED_OUT, ReadingOptions, SourceText
from ingest.readers.text import decoded, read_bytes, text_blocks
from ingest.readers.titles import as_title, first_heading
from rag.errors import FileFault
from rag.text.characters import clean

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

# Longer ones are read as plain text: the parser takes 5 s for a megabyte, and a hundred times its memory.
_MOST_PARSED: Final = 2_000_000
_FRONT_MATTER: Final = re.compile(r"\A---[^\S\n]*\n(.*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", re.DOTALL)
# Crossed-out text between tags; a block may consist of one of them.
_CROSSING: Final = re.compile(r"<(/?)(del|s|strike)(?:\s[^<>]{0,200})?>", re.IGNORECASE)
_RAISING: Final = re.compile(r"<(/?)sup(?:\s[^<>]{0,200})?>", re.IGNORECASE)
_FOOTNOTE: Final = re.compile(r"\[\^([^\]\[\s]{1,40})\]")
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
    pages, remarks = paginated(markdown_blocks(text), options.limits) if len(text) <= _MOST_PARSED else ((), ())
    # The parser omits blocks that are nested too deeply.
    if not pages:
        pages, remarks = paginated(text_blocks(text), options.limits)
    if not pages:
        raise FileFault("empty_text", "the file holds no text")
    title, author, created = (properties.get(name) for name in ("title", "author", "date"))
    return SourceText(
        as_title(title) or first_heading(pages),
        pages,
        remarks,
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
    # A footnote is no address of a link, nor is its mark one: "27[^1]" would be read as a power.
    parser.inline.ruler.before("link", "footnote_mark", _footnote_mark)
    parser.block.ruler.before("reference", "footnote", _footnote)
    yield from _TokenWalk(parser.parse(text)).blocks()


def _footnote_mark(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - a rule of the parser
    match = _FOOTNOTE.match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        # Sets the mark apart from the word before it.
        state.pending += f" [{match[1]}]" if state.pending[-1:].strip() else f"[{match[1]}]"
    state.pos = match.end()
    return True


def _footnote(state: StateBlock, line: int, _end: int, silent: bool) -> bool:  # noqa: FBT001 - a rule of the parser
    """Takes the first line of a footnote for a paragraph, which the parser would take for the address of a link."""
    start, stop = state.bMarks[line] + state.tShift[line], state.eMarks[line]
    if not _FOOTNOTE.match(state.src, start, stop):
        return False
    return bool(silent) or _as_paragraph(state, line, state.src[start:stop])


def _as_paragraph(state: StateBlock, line: int, text: str) -> bool:
    state.line = line + 1
    state.push("paragraph_open", "p", 1)
    inline = state.push("inline", "", 0)
    inline.content, inline.children, inline.map = text, [], [line, line + 1]
    state.push("paragraph_close", "p", -1)
    return True


class _TokenWalk:
    """Walk over the parser's tokens, a flat list of opening and closing elements."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._lists: list[int | None] = []  # the next number of each open list; None for bullets
        self._marker = ""
        self._items: list[str] = []  # lines of the outermost list
        self._rows: list[list[str]] = []
        self._crossed_out = 0  # open blocks of crossed-out text
        self._left_out: dict[str, None] = {}
        self._figures: list[str] = []

    def blocks(self) -> Iterator[Block]:
        for position, token in enumerate(self._tokens):
            if token.type in ("bullet_list_open", "ordered_list_open"):
                self._lists.append(int(token.attrs.get("start", 1)) if token.type[0] == "o" else None)
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                self._lists.pop()
                if not self._lists:
                    yield self._block("\n".join(self._items))
                    self._items = []
            elif token.type == "list_item_open":
                self._marker = self._next_marker()
            elif token.type in ("table_open", "tr_open", "table_close"):
                yield from self._table(token.type)
            elif token.type in ("inline", "fence", "code_block", "html_block"):
                yield from self._content(token, self._tokens[position - 1])
        if self._left_out or self._figures:
            yield self._block("")

    def _block(self, text: str, level: int | None = None) -> Block:
        left_out, self._left_out = tuple(self._left_out), {}
        figures, self._figures = tuple(self._figures), []
        return Block(text, level, left_out=left_out, figures=figures)

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
        if token.type == "html_block":
            yield from self._html(token.content)
            return
        text = self._inline(token) if token.type == "inline" else token.content
        if self._crossed_out:
            self._left_out |= {CROSSED_OUT: None} if text.strip() else {}
        elif opened.type in ("th_open", "td_open"):
            self._rows[-1].append(text)
        elif opened.type == "heading_open" and not self._lists:
            yield self._block(" ".join(text.split()), level=int(opened.tag[1:]))
        else:
            yield from self._placed(text)

    def _inline(self, token: Token) -> str:
        text, crossed_out = inline_text(token)
        self._figures += ["" for child in token.children or () if child.type == "image" and not child.content.strip()]
        if crossed_out:
            self._left_out[CROSSED_OUT] = None
        return text

    def _html(self, html: str) -> Iterator[Block]:
        from ingest.readers.html import html_blocks

        if tag := _CROSSING.fullmatch(html.strip()):
            self._crossed_out = max(0, self._crossed_out + (-1 if tag.group(1) else 1))
            return
        for block in html_blocks(html):
            self._left_out |= dict.fromkeys(block.left_out)
            self._figures += block.figures
            if block.level and not self._lists:
                yield self._block(block.text, block.level)
            elif block.text:
                yield from self._placed(block.text)

    def _placed(self, text: str) -> Iterator[Block]:
        """Text within the open list, indented under its marker, or as a block of its own."""
        if not self._lists:
            yield self._block(text)
            return
        if not text.strip():
            return
        indent = "  " * (len(self._lists) - 1)
        for line in text.strip("\n").split("\n"):
            self._items.append(f"{indent}{self._marker}{line}")
            self._marker = " " * len(self._marker)


def inline_text(token: Token) -> tuple[str, bool]:
    """Rendered text of an inline token, and whether some of it is crossed out, which is left out.

    Emphasis marks and addresses of links are left out too; images have their alt text.
    """
    line = _InlineText()
    for child in token.children or ():
        line.read(child)
    line.lower()
    return clean("".join(line.parts)), line.left_out


@dataclass
class _InlineText:
    """Text of a paragraph that is being put together."""

    parts: list[str] = field(default_factory=list)
    raised: list[str] | None = None
    after_raised: bool = False
    crossed_out: int = 0
    left_out: bool = False
    skipped: bool = False

    def read(self, child: Token) -> None:
        if child.type in ("text", "code_inline", "text_special"):
            self.add(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            self.add("\n")
        elif child.type == "image":
            self.add(inline_text(child)[0])
        elif child.type in ("s_open", "s_close"):
            self.cross(child.type == "s_open")
        elif child.type == "html_inline":
            self.read_tag(child.content)

    def read_tag(self, tag: str) -> None:
        if tag.lower().startswith("<br"):
            self.add("\n")
        elif crossing := _CROSSING.fullmatch(tag):
            self.cross(not crossing.group(1))
        elif raising := _RAISING.fullmatch(tag):
            self.lower()
            self.raised = None if raising.group(1) else []

    def cross(self, begins: bool) -> None:  # noqa: FBT001 - a state
        self.crossed_out = max(0, self.crossed_out + (1 if begins else -1))

    def add(self, text: str) -> None:
        if self.crossed_out:
            self.left_out |= bool(text.strip())
            self.skipped = True
            return
        if self.skipped and self.parts and self.parts[-1].endswith(" "):
            text = text.removeprefix(" ")  # one of the spaces around what was left out
        self.skipped = self.skipped and not text
        if self.raised is not None:
            self.raised.append(text)
        elif text:
            self.parts.append(after_raised(self.parts[-1], text) if self.after_raised else text)
            self.after_raised = False

    def lower(self) -> None:
        """Ends a raised text."""
        if self.raised:
            before = "".join(part[-CONTEXT:] for part in self.parts[-CONTEXT:])
            self.parts.append(raised(before, "".join(self.raised)))
            self.after_raised = True
        self.raised = None
