"""Data of XFA forms, whose pages a PDF does not hold: a viewer that knows XFA makes them, others show a placeholder.

The values come from the form's data, their names from the captions of its template. The layout is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.etree import ElementTree

from rag.text.characters import clean

# Larger parts are not read; nor are those that define entities, which may grow without end.
_LARGEST: Final = 16 << 20
_ENTITIES: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
# An ampersand that begins no reference that XML itself defines; some programs do not escape it.
_BARE: Final = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")
_LONGEST_NAME: Final = 200
_LONGEST_VALUE: Final = 20_000
_MOST_VALUES: Final = 10_000
# Joins of words in names: fundingSum, funding_sum.
_JOINT: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-]+")


def xfa_text(parts: Mapping[str, bytes]) -> str:
    """The values of a form, each in a line behind its caption or name; empty where it has none.

    Args:
        parts: of the form, by name: ``datasets`` and ``template`` are looked at.
    """
    captions = dict(_captions(parts.get("template", b"")))
    lines: list[str] = []
    for name, value in _values(parts.get("datasets", b"")):
        caption = captions.get(name) or _JOINT.sub(" ", name).strip()
        lines.append(f"{caption.rstrip(' :')}: {value}" if caption else value)
        if len(lines) == _MOST_VALUES:
            break
    return "\n".join(lines)


def _captions(template: bytes) -> Iterator[tuple[str, str]]:
    """Name and caption of each field."""
    names: list[str] = []
    for event, element in _events(template):
        tag = _local(element.tag)
        if event == "start":
            if tag == "field":
                names.append(element.get("name", ""))
        elif tag == "caption" and names:
            if text := _line("".join(element.itertext()), _LONGEST_NAME):
                yield names[-1], text
        elif tag == "field" and names:
            names.pop()
            element.clear()


def _values(datasets: bytes) -> Iterator[tuple[str, str]]:
    """Name and value of each element of the data that has no elements in it."""
    within = 0
    leaf: ElementTree.Element | None = None
    for event, element in _events(datasets):
        data = element.tag.endswith("}data")
        if event == "start":
            within += data
            leaf = element
            continue
        within -= data
        if within and leaf is element and (value := _line(element.text or "", _LONGEST_VALUE)):
            yield _local(element.tag), value
        element.clear()


def _events(xml: bytes) -> Iterator[tuple[str, ElementTree.Element]]:
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


def _local(tag: str) -> str:
    return tag.rpartition("}")[2][:_LONGEST_NAME]


def _line(text: str, longest: int) -> str:
    return " ".join(clean(text[: 2 * longest]).split())[:longest]
