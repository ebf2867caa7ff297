"""What an ingest run says about every file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from ingest.readers.source import BLANK
from ingest.reading import Reading
from rag.errors import FileFault
from rag.index.manifest import SourceRow

# Statuses after which the file's text is in the index.
INDEXED: Final = frozenset({"ok", "partial", "unchanged", "duplicate"})
# Statuses that the user should do something about. Files of other types are told, but no failure.
FAILED: Final = frozenset(
    {"empty_text", "encrypted", "malformed", "too_large", "timeout", "out_of_memory", "crashed", "unreadable"}
)


@dataclass(frozen=True)
class FileRow:
    """What happened to one file.

    Attributes:
        characters: of all pages, without white space.
        indexed_characters: those of them that are in chunks; the others are running headers and footers.
        remarks: pages of which something is to be known, by kind and detail, as ``{"empty: ocr off": "3, 7-9"}``.
        seconds: of reading and cutting it.
    """

    path: str
    status: str
    pages: int = 0
    pages_with_text: int = 0
    chunks: int = 0
    reason: str | None = None
    seconds: float = 0.0
    characters: int = 0
    indexed_characters: int = 0
    remarks: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def found(cls, path: str, outcome: Reading | FileFault) -> FileRow:
        """What reading has found out."""
        if isinstance(outcome, FileFault):
            return cls(path, outcome.status, reason=outcome.reason)
        return cls(
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

    @classmethod
    def of(cls, row: SourceRow, path: str, status: str) -> FileRow:
        """What an earlier run has found out about the same content."""
        return cls(
            path=path,
            status=status,
            pages=row.pages,
            pages_with_text=row.pages_with_text,
            chunks=row.chunks,
            reason=row.reason,
            characters=row.characters,
            indexed_characters=row.indexed_characters,
            remarks=row.remarks,
        )

    @property
    def marked(self) -> dict[str, str]:
        """Pages by the kind of their remarks, without details, as ``{"ocr": "3, 7-9"}``; ``blank`` is a kind here."""
        pages: dict[str, str] = {}
        for remark, numbers in self.remarks.items():
            kind, _, detail = remark.partition(": ")
            kind = "blank" if (kind, detail) == ("empty", BLANK) else kind
            pages[kind] = f"{pages[kind]}, {numbers}" if kind in pages else numbers
        return pages

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {**asdict(self), "remarks": dict(self.remarks)}


@dataclass(frozen=True)
class Report:
    """What happened in a run.

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
            "files": [row.to_json() for row in self.files],
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
