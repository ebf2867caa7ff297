"""Numbers that a browser puts before the items of an ordered list. HTML standard, 4.4.5 and 4.4.8."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ingest.markup.numbering.numerals import HTML_NUMERALS

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_INTEGER: Final = re.compile(r"\s*(-?\d{1,6})")
# The type by a style, which goes before the attribute.
_STYLED: Final = re.compile(
    r"list-style(?:-type)?\s{0,9}:\s{0,9}((?:lower|upper)-(?:alpha|latin|roman)|none)\b", re.IGNORECASE
)
_TYPES: Final = {
    "lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A", "lower-roman": "i",
    "upper-roman": "I",
}  # fmt: skip


@dataclass
class OrderedList:
    """An ordered list of which items are read.

    Attributes:
        number: of the next item, unless it has its own.
        step: to the next number.
        numeral: writes a number; None where the list shows none.
    """

    number: int
    step: int
    numeral: Callable[[int], str] | None

    def marker(self, item: LexborNode) -> str:
        """The number before an item; it counts on with each call."""
        own = _integer(item, "value")
        number = self.number if own is None else own
        self.number = number + self.step
        numeral = HTML_NUMERALS.get((item.attributes.get("type") or "").strip(), self.numeral)
        return f"{numeral(number)}. " if numeral else ""


def ordered_list(node: LexborNode) -> OrderedList:
    """The list that an element ``<ol>`` begins."""
    start, backwards = _integer(node, "start"), "reversed" in node.attributes
    if start is None:
        start = sum(child.tag == "li" for child in node.iter()) if backwards else 1
    return OrderedList(start, -1 if backwards else 1, _numeral(node))


def _numeral(node: LexborNode) -> Callable[[int], str] | None:
    styled = _STYLED.search(node.attributes.get("style") or "")
    if styled and styled[1].lower() == "none":
        return None
    kind = _TYPES[styled[1].lower()] if styled else (node.attributes.get("type") or "").strip()
    return HTML_NUMERALS.get(kind, str)


def _integer(node: LexborNode, name: str) -> int | None:
    found = _INTEGER.match(node.attributes.get(name) or "")
    return int(found[1]) if found else None
