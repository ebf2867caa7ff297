"""Row of the table that ``make soak`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What one programme has measured.

    Attributes:
        what: was done.
        measured: in words with numbers.
        faults: each in one line or a report; none where all was as it must be.
        seconds: that it took.
    """

    what: str
    measured: str
    faults: Sequence[str]
    seconds: float


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = [
        f"| {row.what} | {row.measured} | {len(row.faults) or 'none'} | {row.seconds:.0f} |".replace("\n", " ")
        for row in rows
    ]
    return "\n".join(["| what | measured | faults | s |", "| --- | --- | --- | --- |", *lines])
