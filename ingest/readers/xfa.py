"""Data of XFA forms, whose pages a PDF does not hold: a viewer that knows XFA makes them, others show a placeholder.

The values come from the form's data, their names from the captions of its template. The layout is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree import ElementTree

from ingest.markup.xml_events import local_name, one_line, xml_events

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
    for event, element in xml_events(template):
        tag = local_name(element.tag)
        if event == "start":
            if tag == "field":
                names.append(element.get("name", ""))
        elif tag == "caption" and names:
            if text := one_line("".join(element.itertext()), _LONGEST_NAME):
                yield names[-1], text
        elif tag == "field" and names:
            names.pop()
            element.clear()


def _values(datasets: bytes) -> Iterator[tuple[str, str]]:
    """Name and value of each element of the data that has no elements in it."""
    within = 0
    leaf: ElementTree.Element | None = None
    for event, element in xml_events(datasets):
        data = element.tag.endswith("}data")
        if event == "start":
            within += data
            leaf = element
            continue
        within -= data
        if within and leaf is element and (value := one_line(element.text or "", _LONGEST_VALUE)):
            yield local_name(element.tag), value
        element.clear()
