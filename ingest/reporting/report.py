"""Ingest report: a row for each file, and the totals of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ingest.readers.source import BLANK, CROSSED_OUT, DELETED, NAVIGATION
from ingest.reading import Reading
from rag.domain.file_status import FAILED, INDEXED, FileRow
from rag.errors import FileFault

# The fields of a row in ``report.json`` and in ``--json``, in this order.
_REPORTED: Final = (
    *("path", "status", "pages", "pages_with_text", "chunks", "reason", "seconds"),
    *("characters", "indexed_characters", "remarks"),
)


def row_of(path: str, outcome: Reading | FileFault) -> FileRow:
    """The row of a file that was read, or could not be."""
    if isinstance(outcome, FileFault):
        return FileRow(path, outcome.status, reason=outcome.reason)
    return FileRow(
        path=path,
        status="partial" if outcome.reason else "ok",
        pages=len(outcome.record.pages),
        pages_with_text=outcome.pages_with_text,
        chunks=len(outcome.record.chunks),
        reason=outcome.reason,
        seconds=round(sum(outcome.seconds.values()), 3),
        characters=outcome.characters,
        indexed_characters=outcome.indexed_characters,
        remarks=outcome.remarks,
    )


# Remarks whose detail makes a kind of its own for people.
_KINDS: Final = {
    ("empty", BLANK): "blank",
    ("hidden", CROSSED_OUT): "crossed_out",
    ("hidden", DELETED): "deleted",
    ("hidden", NAVIGATION): "navigation",
}


def pages_by_kind(row: FileRow) -> dict[str, str]:
    """Pages by the kind of their remarks, as ``{"ocr": "3, 7-9"}``.

    Blank pages, and text that is crossed out, deleted or navigation, are kinds here; other details are left out.
    """
    pages: dict[str, str] = {}
    for remark, numbers in row.remarks.items():
        kind, _, detail = remark.partition(": ")
        kind = _KINDS.get((kind, detail), kind)
        pages[kind] = f"{pages[kind]}, {numbers}" if kind in pages else numbers
    return pages


def row_to_json(row: FileRow) -> dict[str, Any]:
    """A row as ``report.json`` and ``--json`` have it."""
    fields = {name: getattr(row, name) for name in _REPORTED}
    return {**fields, "remarks": dict(row.remarks)}


@dataclass(frozen=True)
class Report:
    """Outcome of an ingest run.

    Attributes:
        generation: the one that is current after the run.
        published: false where nothing had changed.
        embedded, reused: chunks that were encoded, and that were carried over from the generation before.
        stages: seconds of each stage; reading and embedding overlap.
        thumbnails: small pictures of the pages that a person should look at, by file and page.
    """

    generation: str
    published: bool
    files: Sequence[FileRow]
    chunks: int
    embedded: int
    reused: int
    seconds: float
    stages: Mapping[str, float] = field(default_factory=dict)
    note: str | None = None
    thumbnails: Mapping[str, Mapping[int, bytes]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Number of files by status."""
        return dict(sorted(Counter(row.status for row in self.files).items()))

    @property
    def failed(self) -> bool:
        """True if a file needs the user's attention."""
        return any(row.status in FAILED for row in self.files)

    @property
    def pages(self) -> int:
        """Pages in the index; those of duplicates once."""
        return sum(row.pages for row in self.files if row.status in INDEXED - {"duplicate"})

    def to_json(self) -> dict[str, Any]:
        """The report as ``--json`` prints it and ``report.json`` keeps it."""
        return {
            "generation": self.generation,
            "published": self.published,
            "files": [row_to_json(row) for row in self.files],
            "counts": self.counts,
            "pages": self.pages,
            "chunks": self.chunks,
            "embedded": self.embedded,
            "reused": self.reused,
            "characters": sum(row.characters for row in self.files if row.status in INDEXED),
            "indexed_characters": sum(row.indexed_characters for row in self.files if row.status in INDEXED),
            "seconds": round(self.seconds, 3),
            "stages": dict(self.stages),
            "pages_per_second": round(self.pages / self.seconds, 1) if self.seconds else 0.0,
            "note": self.note,
        }
