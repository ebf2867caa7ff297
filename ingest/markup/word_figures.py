"""Figures of a Word document: words and numbers of charts and diagrams, which are in parts of their own; pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from ingest.readers.blocks import Block, table_text
from rag.text.characters import clean

if TYPE_CHECKING:
    from docx.oxml.xmlchemy import BaseOxmlElement

_A: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_C: Final = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_D: Final = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_R: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# Elements that stand for a figure, and the attribute with the id of its part.
FIGURES: Final = {f"{_C}chart": f"{_R}id", f"{_D}relIds": f"{_R}dm"}
_VML: Final = "{urn:schemas-microsoft-com:vml}"
_WP: Final = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
# Pictures, and words that are drawn as shapes.
PICTURES: Final = ("{http://schemas.openxmlformats.org/drawingml/2006/picture}pic", f"{_VML}imagedata")
WORD_ART: Final = f"{_VML}textpath"
# Smaller pictures are signs: a centimetre, in English Metric Units.
_SMALL: Final = 360_000
_MOST_POINTS: Final = 2_000
_MOST_SERIES: Final = 50
_DATE: Final = re.compile(r"(?:[dmy]+[-/. \\]?){2,}", re.IGNORECASE)
_FIRST_DAY: Final = date(1899, 12, 30)


def picture_description(picture: BaseOxmlElement) -> str | None:
    """The description of a picture, empty where it has none; None for a sign."""
    around = next(picture.iterancestors(f"{_WP}inline", f"{_WP}anchor"), None)
    if around is None:
        return ""
    extent, properties = around.find(f"{_WP}extent"), around.find(f"{_WP}docPr")
    sides = [extent.get(side, "") for side in ("cx", "cy")] if extent is not None else []
    if any(side.isdecimal() and len(side) < 10 and int(side) < _SMALL for side in sides):
        return None
    return " ".join(clean(properties.get("descr") or "").split()) if properties is not None else ""


def figure_blocks(root: BaseOxmlElement) -> Iterator[Block]:
    """Blocks of a chart or a diagram by the root of its part; none of one that has no text."""
    if root.tag == f"{_C}chartSpace":
        yield from _chart(root)
    else:
        lines = [line for point in root.iter(f"{_D}pt") if (line := _words(point))]
        if lines:
            yield Block("Diagram: " + "\n".join(lines))


def _chart(root: BaseOxmlElement) -> Iterator[Block]:
    """The title of a chart, and its data as a table: a row for each category, a column for each series."""
    title = root.find(f"{_C}chart/{_C}title")
    series = list(root.iter(f"{_C}ser"))[:_MOST_SERIES]
    names = [_name(one) for one in series]
    labels: dict[int, str] = {}
    columns: list[dict[int, str]] = []
    for one in series:
        labels = {**_points(one, "cat", "xVal"), **labels}
        columns.append(_points(one, "val", "yVal"))
    places = sorted({place for column in columns for place in column})[:_MOST_POINTS]
    rows = [[labels.get(place, ""), *(column.get(place, "") for column in columns)] for place in places]
    words = _words(title) if title is not None else ""
    if words or rows:
        yield Block(f"Chart: {words}" if words else "Chart")
    if rows:
        yield Block(table_text([["", *names], *rows]))


def _words(element: BaseOxmlElement) -> str:
    paragraphs = ("".join(text.text or "" for text in line.iter(f"{_A}t")) for line in element.iter(f"{_A}p"))
    return " ".join(clean(" ".join(paragraphs)).split())


def _name(series: BaseOxmlElement) -> str:
    name = series.find(f"{_C}tx")
    values = [value.text or "" for value in name.iter(f"{_C}v")] if name is not None else []
    return clean(" ".join(values))


def _points(series: BaseOxmlElement, *names: str) -> dict[int, str]:
    """The values of a series that the file has from its last calculation, by their place."""
    found: dict[int, str] = {}
    for data in series.iterchildren(*(f"{_C}{name}" for name in names)):
        form = next((code.text or "" for code in data.iter(f"{_C}formatCode")), "")
        for point in data.iter(f"{_C}pt"):
            value = point.find(f"{_C}v")
            place = point.get("idx") or ""
            if value is not None and place.isdecimal() and len(place) < 10 and len(found) < _MOST_POINTS:
                found[int(place)] = _shown(clean(value.text or ""), form)
    return found


def _shown(value: str, form: str) -> str:
    """A value as its format shows it, as far as that changes what it means: percent and dates."""
    try:
        number = float(value)
        if form.rstrip().endswith("%"):
            return f"{number * 100:.10g}%"
        if _DATE.search(form):
            return (_FIRST_DAY + timedelta(days=int(number))).isoformat()
    except (ValueError, OverflowError):
        return value
    return f"{number:.12g}" if "." in value else value
