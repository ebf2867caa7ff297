"""What the job shows to people: a bar while it is at work, then a row for each file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.progress import Progress
from ingest.report import FAILED, Report


@contextmanager
def progress() -> Iterator[Progress]:
    yield Progress()


def show(report: Report, console: Console) -> None:
    """Prints the report for people: a row for each file, what needs attention first."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading, justify in (("status", "left"), ("file", "left"), ("pages", "right"), ("chunks", "right")):
        table.add_column(heading, justify=justify, no_wrap=heading != "file", overflow="fold")  # type: ignore[arg-type]
    table.add_column("")
    for row in sorted(report.files, key=lambda row: (row.status not in FAILED, row.status == "unsupported", row.path)):
        table.add_row(
            Text(row.status, style=_style(row.status)),
            Text(printable(row.path)),
            str(row.pages) if row.pages else "",
            str(row.chunks) if row.chunks else "",
            Text(row.reason or "", style="dim"),
        )
    console.print(table)
    if report.note:
        console.print(Text(report.note, style="yellow"))
    console.print(_summary(report))


def printable(name: str) -> str:
    """A file's name without what a terminal would obey."""
    return "".join(character if character.isprintable() else "\ufffd" for character in name)


def _style(status: str) -> str:
    if status in FAILED:
        return "bold red"
    return {"ok": "green", "unchanged": "green", "partial": "yellow"}.get(status, "dim")


def _summary(report: Report) -> str:
    state = "Published" if report.published else "Nothing has changed; still"
    return (
        f"{state} generation {report.generation}: {report.pages} pages, {report.chunks} chunks "
        f"({report.embedded} embedded, {report.reused} reused) in {report.seconds:.1f} s."
    )
