"""What an ingest run says about every file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

# Statuses after which the file's text is in the index.
INDEXED: Final = frozenset({"ok", "partial", "unchanged", "duplicate"})
# Statuses that the user should do something about. Files of other types are told, but no failure.
FAILED: Final = frozenset(
    {"empty_text", "encrypted", "malformed", "too_large", "timeout", "out_of_memory", "crashed", "unreadable"}
)


@dataclass(frozen=True)
class FileRow:
    """What happened to one file. ``seconds`` of reading and cutting it."""

    path: str
    status: str
    pages: int = 0
    pages_with_text: int = 0
    chunks: int = 0
    reason: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Report:
    """What happened in a run.

    Attributes:
        generation: the one that is current after the run.
        published: false where nothing had changed.
        embedded, reused: chunks that were encoded, and that were carried over from the generation before.
    """

    generation: str
    published: bool
    files: Sequence[FileRow]
    chunks: int
    embedded: int
    reused: int
    seconds: float
    note: str | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Files by status."""
        return dict(sorted(Counter(row.status for row in self.files).items()))

    @property
    def failed(self) -> bool:
        """Whether a file needs the user's attention."""
        return any(row.status in FAILED for row in self.files)

    @property
    def pages(self) -> int:
        """Pages in the index; those of duplicates once."""
        return sum(row.pages for row in self.files if row.status in INDEXED - {"duplicate"})

    def to_json(self) -> dict[str, Any]:
        """The shape that ``--json`` prints and that ``report.json`` holds."""
        return {
            "generation": self.generation,
            "published": self.published,
            "files": [asdict(row) for row in self.files],
            "counts": self.counts,
            "pages": self.pages,
            "chunks": self.chunks,
            "embedded": self.embedded,
            "reused": self.reused,
            "seconds": round(self.seconds, 3),
            "pages_per_second": round(self.pages / self.seconds, 1) if self.seconds else 0.0,
            "note": self.note,
        }


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
