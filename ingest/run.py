"""State of an ingest run: its plan, what was found, and the rows and the report that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ingest.attachments import AttachedSource, with_attached
from ingest.plan import FileLimits, KnownFiles, PlannedFile, manifest_row
from ingest.reporting.report import Report
from rag.domain.file_status import FAILED, INDEXED, FileRow
from rag.index.docstore.writing import Entry
from rag.index.manifest import Manifest
from rag.index.writer import IndexWriter

# Most files with thumbnails in the report.
_MOST_WITH_THUMBNAILS: Final = 100


@dataclass
class IngestRun:
    """State of a run.

    Attributes:
        plan: of the documents, and after them of the files that are attached to them.
        known: files of the generation before.
        attached: files that are attached to documents, as far as they are known.
        added: when contents were first published, by SHA-256.
        found: the rows of the files that were read, by SHA-256.
    """

    plan: Sequence[PlannedFile]
    before: Manifest | None
    note: str | None
    seconds: dict[str, float]
    known: KnownFiles = field(default_factory=KnownFiles)
    attached: list[AttachedSource] = field(default_factory=list)
    added: Mapping[str, str] = field(default_factory=dict)
    found: dict[str, FileRow] = field(default_factory=dict)
    thumbnails: dict[str, Mapping[int, bytes]] = field(default_factory=dict)
    embedded: int = 0

    def attach(self, files: Iterable[AttachedSource], limits: FileLimits, writer: IndexWriter) -> None:
        """Adds files that are attached to documents of this run.

        Raises:
            OSError: the disk refused.
        """
        self.attached += files
        documents = [plan for plan in self.plan if not plan.file.inside]
        self.plan = with_attached(documents, self.attached, self.known, limits, writer)

    def to_read(self) -> list[PlannedFile]:
        """The files that are to be read, and are not read yet."""
        return [plan for plan in self.plan if plan.digest and plan.action == "read" and plan.digest not in self.found]

    def rows(self) -> list[FileRow]:
        """The row of each planned file."""
        return [self._row(plan) for plan in self.plan]

    def _row(self, plan: PlannedFile) -> FileRow:
        found = self.found.get(plan.digest or "")
        if not found:
            return plan.row
        if plan.action == "read" or found.status in FAILED:
            return replace(found, path=plan.file.name)
        return replace(plan.row, pages=found.pages)  # a duplicate of what was read

    def entries(self) -> list[Entry]:
        """The documents of the new generation, in the order of their names; duplicates add a name to the first."""
        names: dict[str, list[str]] = {}
        for plan, row in zip(self.plan, self.rows(), strict=True):
            if plan.digest and row.status in INDEXED:
                names.setdefault(plan.digest, []).append(row.path)
        return [Entry(digest, tuple(listed), digest in self.found) for digest, listed in names.items()]

    def sources(self) -> list[FileRow]:
        """The rows for the manifest."""
        return [manifest_row(plan, row, self.added) for plan, row in zip(self.plan, self.rows(), strict=True)]

    def is_mostly_new(self) -> bool:
        """True if most of the index is to be read, or was published without vectors: its text may be published first.

        Otherwise the documents of the index before would lose their vectors for the sake of a few.
        """
        if self.before is None or self.before.provisional:
            return True
        size = sum(plan.size for plan in self.to_read())
        return size > sum(plan.size for plan in self.plan if plan.action == "carry")

    def changes(self) -> bool:
        """True if the index would differ from the one before."""
        # A file of known content that was read again was read with another OCR, and may have another text.
        read = any(row.status in INDEXED for row in self.found.values())
        return self.before is None or read or state_of(self.sources()) != state_of(self.before.sources)

    def keep_thumbnails(self, name: str, thumbnails: Mapping[int, bytes]) -> None:
        """Keeps thumbnails for the report, of a limited number of files."""
        if thumbnails and len(self.thumbnails) < _MOST_WITH_THUMBNAILS:
            self.thumbnails[name] = thumbnails

    def report(self, generation: str, *, published: bool) -> Report:
        """The report so far; ``seconds`` is left at 0."""
        rows = self.rows()
        present = {row.path for row in rows}
        before = self.before.sources if self.before else ()
        removed = [FileRow(row.path, "removed") for row in before if row.status in INDEXED and row.path not in present]
        chunks = sum(row.chunks for row in rows if row.status in INDEXED)
        return Report(
            generation=generation,
            published=published,
            files=[*rows, *removed],
            chunks=chunks,
            embedded=self.embedded,
            reused=chunks - self.embedded,
            seconds=0.0,
            stages={stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            note=self.note,
            thumbnails=self.thumbnails,
        )


def state_of(sources: Sequence[FileRow]) -> set[tuple[str, str | None, str | None]]:
    """The names and contents that determine an index, and where they are: a folder that has moved is noted."""
    return {(row.path, row.sha256, row.file) for row in sources if row.status in INDEXED}
