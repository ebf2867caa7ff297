"""XMP metadata of a file (ISO 16684-1): properties and their values, as Dublin Core and others name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ingest.markup.xml_events import LONGEST_NAME, local_name, one_line, xml_events

# Elements of RDF around the values of a property.
_CONTAINERS: Final = frozenset(["li", "Alt", "Seq", "Bag"])
_MOST_PROPERTIES: Final = 1_000


def xmp_properties(packet: bytes) -> Mapping[str, list[str]]:
    """The values of XMP metadata (ISO 16684-1) by the names of their properties, in order: of a list, each item."""
    found: dict[str, list[str]] = {}
    path: list[str] = []
    for event, element in xml_events(packet):
        name = local_name(element.tag)
        if event == "start":
            path.append(name)
            for key, value in element.items():
                if name == "Description" and (text := one_line(value, LONGEST_NAME)):
                    found.setdefault(local_name(key), []).append(text)
            continue
        path.pop()
        owner = next((one for one in reversed([*path, name]) if one not in _CONTAINERS), "")
        if (text := one_line(element.text or "", LONGEST_NAME)) and len(found) < _MOST_PROPERTIES:
            found.setdefault(owner, []).append(text)
        element.clear()
    return found
