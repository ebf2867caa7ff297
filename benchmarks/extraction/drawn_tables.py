"""Tables of many kinds, drawn into PDFs, with the cells that a reader should find in them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

KINDS: Final = ("ruled", "unruled", "head rules", "merged heads", "groups", "wrapped", "two pages", "words")
_NAMES: Final = (
    "Alder Bittern Cormorant Dunlin Eider Fulmar Gannet Heron Iceland Jackdaw Kestrel Lapwing Merlin Noddy Osprey "
    "Plover Quail Redshank Skua Tern Umber Vireo Wigeon Yarrow Zander"
).split()
_THINGS: Final = ("Pump", "Valve", "Station", "Signal", "Crane", "Boiler", "Ferry", "Lathe")
_PROPERTIES: Final = (
    "Weight (kg)", "Price (€)", "Length", "Built", "Output 2023", "Output 2024", "Share", "Power (kW)", "Staff",
    "Depth (m)",
)  # fmt: skip
_PLACES: Final = "Bergen Cork Dover Esbjerg Furnas Gdansk Hull Izola Jaffa Kiel Lome Malmo Narvik Oban".split()
_PHRASES: Final = (
    "replaced after the flood of 2019", "waits for a new licence", "in use all year", "closed from May to August",
    "under repair by the yard in Hull", "needs two people", "shared with the neighbours", "tested each spring",
)  # fmt: skip


@dataclass(frozen=True)
class DrawnTable:
    """A table as drawn.

    Attributes:
        kind: one of :data:`KINDS`.
        path: of a PDF with the table between two paragraphs.
        readings: the rows of cells that are right, the first with the heads: cells that are merged repeated, or not.
    """

    kind: str
    path: Path
    readings: Sequence[Sequence[Sequence[str]]]


def draw_tables(folder: Path, count: int, seed: int = 1) -> list[DrawnTable]:
    """Draws so many tables of each kind into a folder."""
    source = random.Random(seed)  # noqa: S311 - no secret
    return [
        _draw(folder / f"{kind.replace(' ', '_')}_{number}.pdf", kind, source)
        for kind in KINDS
        for number in range(1, count + 1)
    ]


def _draw(path: Path, kind: str, source: random.Random) -> DrawnTable:
    columns = source.randint(3, 6)
    rows = source.randint(45, 60) if kind == "two pages" else source.randint(3, 12)
    heads = [source.choice(_THINGS), *source.sample(_PROPERTIES, columns - 1)]
    names = _labels(rows, source)
    body = [[name, *(_value(kind, head, source) for head in heads[1:])] for name in names]
    if kind != "wrapped":
        heads, *body = _fitting([heads, *body])
    cells: list[list[Any]] = [heads, *body]
    readings: list[list[list[str]]] = [[heads, *body]]
    style: list[tuple[Any, ...]] = [("VALIGN", (0, 0), (-1, -1), source.choice(["TOP", "MIDDLE"]))]
    style += [("ALIGN", (1, 0), (-1, -1), source.choice(["LEFT", "RIGHT", "CENTER"]))]
    head_rows = 1
    if kind == "merged heads":
        cells, readings, spans = _merged(heads, body, source)
        style, head_rows = style + spans, 2
    elif kind == "groups":
        cells, readings = _grouped(heads, body, source)
    style += _rules(kind, head_rows)
    if source.random() < 0.5:
        style.append(("FONTNAME", (0, 0), (-1, head_rows - 1), "Helvetica-Bold"))
    _write(path, cells, style, kind, head_rows)
    return DrawnTable(kind, path, readings)


def _fitting(rows: list[list[str]]) -> list[list[str]]:
    """The rows without the last columns that would stand beyond the edge of the page, where nobody sees them."""
    while len(rows[0]) > 2 and sum(_width(column) for column in zip(*rows, strict=True)) > A4[0]:
        rows = [row[:-1] for row in rows]
    return rows


def _width(column: Sequence[str]) -> float:
    """Points that a column takes, with what reportlab leaves free at its sides."""
    return max(float(stringWidth(cell, "Helvetica-Bold", 10)) for cell in column) + 12


def _labels(count: int, source: random.Random) -> list[str]:
    many = [f"{name} {number}" for number in range(2, 6) for name in _NAMES]
    return source.sample(_NAMES, count) if count <= len(_NAMES) else source.sample(many, count)


def _value(kind: str, head: str, source: random.Random) -> str:
    if kind == "words":
        return source.choice(_PLACES) if source.random() < 0.6 else source.choice(_PHRASES[:4])
    if kind == "wrapped" and head.startswith(("L", "S", "D")):
        return f"{source.choice(_PHRASES)} and {source.choice(_PHRASES)}"
    if head == "Built":
        return str(source.randint(1890, 2025))
    if head == "Share":
        return f"{source.uniform(0, 100):.1f} %"
    return source.choice(["–", "n/a"]) if source.random() < 0.05 else f"{source.randint(1, 99_999):,}"


def _merged(
    heads: list[str], body: list[list[str]], source: random.Random
) -> tuple[list[list[Any]], list[list[list[str]]], list[tuple[Any, ...]]]:
    """A first row of heads over several columns each."""
    middle = source.randint(2, len(heads) - 1) if len(heads) > 3 else len(heads)
    groups = [(1, middle), (middle, len(heads))]
    upper, spans = [""] * len(heads), list[tuple[Any, ...]]()
    repeated = list(upper)
    for (start, end), name in zip(groups, source.sample(_PLACES, 2), strict=True):
        if start < end:
            upper[start] = name
            repeated[start:end] = [name] * (end - start)
            spans += [("SPAN", (start, 0), (end - 1, 0)), ("ALIGN", (start, 0), (end - 1, 0), "CENTER")]
    joined = [f"{over} {head}".strip() for over, head in zip(repeated, heads, strict=True)]
    return [upper, heads, *body], [[joined, *body], [repeated, heads, *body], [upper, heads, *body]], spans


def _grouped(
    heads: list[str], body: list[list[str]], source: random.Random
) -> tuple[list[list[Any]], list[list[list[str]]]]:
    """Rows with a label and nothing else before others."""
    middle = len(body) // 2
    first, second = source.sample(_PLACES, 2)
    width = len(heads) - 1
    drawn = [heads, [first, *[""] * width], *body[:middle], [second, *[""] * width], *body[middle:]]
    return drawn, [drawn, [row if any(row[1:]) else row[:1] for row in drawn]]


def _rules(kind: str, heads: int) -> list[tuple[Any, ...]]:
    if kind in ("unruled", "words"):
        return []
    if kind in ("head rules", "two pages"):
        return [
            ("LINEABOVE", (0, 0), (-1, 0), 1, colors.black),
            ("LINEBELOW", (0, heads - 1), (-1, heads - 1), 0.5, colors.black),
        ]
    return [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]


def _write(path: Path, cells: list[list[Any]], style: list[tuple[Any, ...]], kind: str, heads: int) -> None:
    normal = getSampleStyleSheet()["BodyText"]
    widths = None
    if kind == "wrapped":
        cells = [
            cells[0],
            *([Paragraph(cell, normal) if len(cell) > 20 else cell for cell in row] for row in cells[1:]),
        ]
        widths = [480 / len(cells[0])] * len(cells[0])
    text = "The stations of the coast are described below. All of them were visited by two people in the same week."
    story: list[Flowable] = [
        Paragraph(text, normal), Spacer(1, 10), Table(cells, widths, style=TableStyle(style), repeatRows=heads),
        Spacer(1, 10), Paragraph(f"{text} {text}", normal),
    ]  # fmt: skip
    SimpleDocTemplate(str(path), pagesize=A4, invariant=True).build(story)
