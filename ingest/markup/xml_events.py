"""XML that a PDF embeds, as events: without entities, up to its first fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from xml.etree import ElementTree

from rag.text.characters import clean

# Larger parts are not read; nor are those that define entities, which may grow without end.
_LARGEST: Final = 16 << 20
_ENTITIES: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
# An ampersand that begins no reference that XML itself defines; some programs do not escape it.
_BARE: Final = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")
LONGEST_NAME: Final = 200


def xml_events(xml: bytes) -> Iterator[tuple[str, ElementTree.Element]]:
    """Starts and ends of elements, up to a fault in the XML."""
    if not xml or len(xml) > _LARGEST or _ENTITIES.search(xml):
        return
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(("start", "end"))
    try:
        parser.feed(_BARE.sub(b"&amp;", xml))
        parser.close()
    except ElementTree.ParseError:
        pass
    try:
        yield from parser.read_events()  # type: ignore[misc]  # only the two kinds that were asked for
    except ElementTree.ParseError:
        return


def local_name(tag: str) -> str:
    """Name of an element without its namespace."""
    return tag.rpartition("}")[2][:LONGEST_NAME]


def one_line(text: str, longest: int) -> str:
    """The text in one line of at most so many characters, without invisible ones."""
    return " ".join(clean(text[: 2 * longest]).split())[:longest]
