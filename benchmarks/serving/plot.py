"""Bar charts as SVG: answers per second and seconds to the first token, of each system in each cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.bootstrap import Estimate
from benchmarks.serving.measuring import Measured
from benchmarks.serving.results import Column, cells, first_tokens, throughput
from benchmarks.serving.schedule import Cell
from rag.runtime.files import write_atomically
from rag.text.templates import fill

_TEMPLATE: Final = Path(__file__).with_name("plot.svg")
_COLOURS: Final = ("#1f4e82", "#d9a441", "#b3672e", "#9ab58c", "#5f8a5a", "#3d6b52", "#8a939b")
HEIGHT: Final = 180.0


@dataclass(frozen=True)
class Bar:
    """A system in a cell; heights are parts of a panel's, 0..1."""

    value: float
    low: float
    high: float
    colour: str
    label: str


@dataclass(frozen=True)
class Panel:
    """Bars of one measure: those of a cell stand together."""

    title: str
    top: float
    groups: Sequence[tuple[str, Sequence[Bar]]]


def write_plot(path: Path, note: str, measured: Sequence[Measured]) -> None:
    """Writes both panels, one below the other; OSError where it cannot be written."""
    by_cell = cells(measured)
    systems = list(dict.fromkeys(system for columns in by_cell.values() for system in columns))
    colours = {system: _COLOURS[row % len(_COLOURS)] for row, system in enumerate(systems)}
    panels = [
        panel("answers per second", by_cell, colours, lambda column: column.estimated(throughput)),
        panel("seconds to the first token, median", by_cell, colours, lambda column: column.estimated(first_tokens)),
    ]
    write_atomically(path, fill(_TEMPLATE, {"note": note, "panels": panels, "colours": colours}))


def panel(
    title: str,
    by_cell: Mapping[Cell, Mapping[str, Column]],
    colours: Mapping[str, str],
    of: Callable[[Column], Estimate | None],
) -> Panel:
    """The bars of one measure, as parts of the highest end of an interval."""
    made = {
        cell: {system: found for system, column in columns.items() if (found := of(column))}
        for cell, columns in by_cell.items()
    }
    top = max((found.high for each in made.values() for found in each.values()), default=1.0) or 1.0
    groups = [
        (
            f"{cell.workload}, {cell.clients} client{'s' * (cell.clients > 1)}",
            [
                Bar(found.value / top, found.low / top, found.high / top, colours[system], f"{found.value:.2f}")
                for system, found in each.items()
            ],
        )
        for cell, each in made.items()
    ]
    return Panel(title, top, groups)
