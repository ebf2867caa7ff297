"""Elements of a web page that are not read: without text, crossed out, hidden, or navigation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ingest.markup.stylesheet import Look, Stylesheet, look_of
from ingest.readers.source import CROSSED_OUT, DELETED, NAVIGATION, NOT_SHOWN

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

# Without text for a reader, or with text that is none of the page's own.
_WITHOUT_TEXT: Final = frozenset(
    "head script style template noscript iframe object embed svg canvas audio video button select datalist".split()
)
_CROSSED_OUT: Final = ("s", "strike")
# What can bring hidden text to light: a script, or a style for another state.
_ALIVE: Final = re.compile(
    r"<script|\son[a-z]{3,20}\s*=|javascript:|:(?:checked|target|hover|focus|active|popover-open)", re.IGNORECASE
)


class DeadText:
    """Tells the elements of a page that are not read.

    An element that only a style sheet hides is read if the page can show it: sections that open by a click are content.
    """

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._sheet = Stylesheet(style.text() for style in tree.css("style"))
        # Tags that matter by themselves; of other elements without attributes nothing is asked.
        self._telling = frozenset((*_CROSSED_OUT, "del", "nav", *self._sheet.tags))
        self._alive = self._sheet.hides and _ALIVE.search(tree.html or "") is not None

    def is_unread(self, node: LexborNode) -> bool:
        """True if the element and all in it is left out."""
        return node.tag in _WITHOUT_TEXT or self.detail(node) is not None

    def detail(self, node: LexborNode) -> str | None:
        """Detail of the ``hidden`` remark on an element that is left out though it has text; None for others."""
        tag, attributes = node.tag or "", node.attributes
        if (not attributes and tag not in self._telling) or tag in _WITHOUT_TEXT:
            return None
        if tag == "nav" or attributes.get("role") in ("navigation", "search"):
            return NAVIGATION
        if "hidden" in attributes or attributes.get("aria-hidden") == "true":
            return NOT_SHOWN
        look = self._look(tag, attributes)
        if look.hidden:
            return NOT_SHOWN
        if tag == "del":
            return DELETED
        crossed_out = tag in _CROSSED_OUT if look.crossed_out is None else look.crossed_out
        return CROSSED_OUT if crossed_out else None

    def _look(self, tag: str, attributes: dict[str, str | None]) -> Look:
        look = self._sheet.look(tag, attributes)
        if self._alive and look.hidden:
            look = Look(look.crossed_out)
        style = attributes.get("style")
        return look.under(look_of(style)) if style else look
