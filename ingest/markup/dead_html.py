"""Elements of a web page that are not read: without text, crossed out, hidden, or navigation; and raised ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ingest.markup.stylesheet import Element, Look, Stylesheet, look_of
from ingest.readers.source import CROSSED_OUT, DELETED, NAVIGATION, NOT_SHOWN

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

# Without text for a reader, with text that is none of the page's own, or read as a whole.
_WITHOUT_TEXT: Final = frozenset(
    "head script style template noscript iframe object embed canvas audio video button select datalist math "
    "title desc defs metadata symbol".split()  # the last ones of drawings (SVG)
)
_CROSSED_OUT: Final = ("s", "strike")
# What can bring hidden text to light: a script, or a style for another state.
_ALIVE: Final = re.compile(
    r"<script|\son[a-z]{3,20}\s*=|javascript:|:(?:checked|target|hover|focus|active|popover-open)", re.IGNORECASE
)
# Elements around one that are looked at.
_MOST_ANCESTORS: Final = 24


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
        look = self._look(node)
        if look.hidden:
            return NOT_SHOWN
        if tag == "del":
            return DELETED
        crossed_out = tag in _CROSSED_OUT if look.crossed_out is None else look.crossed_out
        return CROSSED_OUT if crossed_out else None

    def is_raised(self, node: LexborNode) -> bool:
        """True if the text of an element is raised: by its tag, or by a style."""
        if node.tag == "sup":
            return True
        style = node.attributes.get("style") or ""
        if not (self._sheet.raises or "vertical-align" in style or "relative" in style):
            return False
        return self._look(node).raised is True

    def _look(self, node: LexborNode) -> Look:
        attributes = node.attributes
        look = self._sheet.look(node.tag or "", attributes, lambda: _ancestors(node))
        if self._alive and look.hidden:
            look = Look(look.crossed_out, raised=look.raised)
        style = attributes.get("style")
        return look.under(look_of(style)) if style else look


def _ancestors(node: LexborNode) -> Iterator[Element]:
    """The elements around one, the nearest first."""
    above = node.parent
    for _ in range(_MOST_ANCESTORS):
        if above is None:
            return
        yield above.tag or "", above.attributes
        above = above.parent
