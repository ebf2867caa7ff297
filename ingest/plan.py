"""Ingest plan: the action for each file. Files are identified by content, so a known hash is not read again."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal

from ingest.discovery import SourceFile, is_regular
from ingest.readers.registry import READERS
from ingest.readers.source import OCR_UNAVAILABLE, Remark
from ingest.readers.version import needs_rereading
from rag.domain.file_status import FAILED, INDEXED, FileRow, FileStatus
from rag.errors import FileFault
from rag.index.manifest import Manifest
from rag.index.writer import IndexWriter

# Faults of the content, which the same bytes will have again. The others may have another cause.
LASTING: Final = frozenset({"malformed", "encrypted", "empty_text", "too_large"})


@dataclass(frozen=True)
class FileLimits:
    """Limits above which a file is not opened.

    Attributes:
        bytes: of the largest file that is read.
    """

    bytes: int = 200_000_000


@dataclass(frozen=True)
class PlannedFile:
    """A file with its action.

    Attributes:
        action: ``read`` it; ``carry`` its document over from the generation before; or only ``report`` it.
        row: for the report; of a file to read it is provisional.
        digest: SHA-256 of its content; None where the file was not opened.
        size: in bytes.
    """

    file: SourceFile
    action: Literal["read", "carry", "report"]
    row: FileRow
    digest: str | None = None
    size: int = 0


@dataclass(frozen=True)
class KnownFiles:
    """Files of the generation before, by SHA-256; empty where there is none.

    Attributes:
        documents: rows of the documents in the index.
        failed: rows of files whose content cannot be read.
        paths: SHA-256 of each path in the index.
        sizes: of all these files, in bytes.
        attached: rows of the files that are attached to a document, by its SHA-256, whatever became of them.
    """

    documents: Mapping[str, FileRow] = field(default_factory=dict)
    failed: Mapping[str, FileRow] = field(default_factory=dict)
    paths: Mapping[str, str | None] = field(default_factory=dict)
    sizes: Container[int] = ()
    attached: Mapping[str, Sequence[FileRow]] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest, identity: Mapping[str, Any]) -> KnownFiles:
        """The files whose readings a run with this identity would repeat.

        A document is read again with any of its attached files: their bytes may be nowhere else.
        """
        others = [row for row in manifest.sources if row.sha256 and not _reads_alike(row, manifest.chunker, identity)]
        again = {digest for row in others for digest in (row.sha256, row.inside)}
        rows = [row for row in manifest.sources if row.sha256 and row.sha256 not in again]
        attached: dict[str, list[FileRow]] = {}
        for row in manifest.sources:
            if row.inside:
                attached.setdefault(row.inside, []).append(row)
        return cls(
            attached=attached,
            documents={row.sha256: row for row in reversed(rows) if row.sha256 and row.chunks},
            failed={row.sha256: row for row in rows if row.sha256 and row.status in LASTING},
            paths={row.path: row.sha256 for row in manifest.sources if row.status in INDEXED},
            sizes={row.size for row in rows},
        )

    def failure(self, digest: str, name: str) -> FileRow | None:
        """The row of a file with this content, if the reader for this name could not read it."""
        row = self.failed.get(digest)
        return row if row and _same_reader(row.path, name) else None


def _reads_alike(row: FileRow, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    remarks = [Remark(1, *key.split(": ", maxsplit=1)) for key in row.remarks]  # type: ignore[arg-type]
    if row.status == "empty_text":
        remarks = [Remark(1, "empty", OCR_UNAVAILABLE)]
    return not needs_rereading(remarks, before, now, pdf=PurePosixPath(row.path).suffix.lower() == ".pdf")


def make_plan(
    files: Sequence[SourceFile], known: KnownFiles, limits: FileLimits, writer: IndexWriter
) -> list[PlannedFile]:
    """Plans every file: hashes it, and copies those that are to be read into the index.

    Raises:
        OSError: the disk that they are copied to refused.
    """
    return without_duplicates([plan_file(file, known, limits, writer) for file in files])


def without_duplicates(plans: Iterable[PlannedFile]) -> list[PlannedFile]:
    """The plans, with those of later files of one content as its duplicates."""
    planned: list[PlannedFile] = []
    first: dict[str, PlannedFile] = {}
    for plan in plans:
        # A copy of a file that failed fails too; under another suffix another reader may succeed.
        if (same := first.get(plan.digest or "")) and same.action != "report":
            plan = _duplicate(plan, same)
        elif plan.digest:
            first[plan.digest] = plan
        planned.append(plan)
    return planned


def plan_file(file: SourceFile, known: KnownFiles, limits: FileLimits, writer: IndexWriter) -> PlannedFile:
    """Plans a file, as if there were no other one.

    Raises:
        OSError: the disk that it is copied to refused.
    """
    suffix = PurePosixPath(file.name).suffix
    if not is_regular(file.path):
        reason = "a link to a folder or to nothing, or no regular file"
        return PlannedFile(file, "report", FileRow(file.name, "unsupported", reason=reason))
    if suffix.lower() not in READERS:
        reason = f"no reader for {suffix or 'this type'}"
        return PlannedFile(file, "report", FileRow(file.name, "unsupported", reason=reason))
    if (fault := _too_large(file.path, limits)) is not None:
        return PlannedFile(file, "report", FileRow(file.name, "too_large", reason=fault))
    try:
        digest, size = _taken(file, known, writer)
    except FileFault as unreadable:
        return PlannedFile(file, "report", FileRow(file.name, unreadable.status, reason=unreadable.reason))
    if (row := known.documents.get(digest)) and _same_reader(row.path, file.name):
        same = known.paths.get(file.name) == digest
        status: FileStatus = "unchanged" if same else "partial" if row.reason else "ok"
        return PlannedFile(file, "carry", replace(row, path=file.name, status=status), digest, size)
    if failed := known.failure(digest, file.name):
        return PlannedFile(file, "report", replace(failed, path=file.name), digest, size)
    return PlannedFile(file, "read", FileRow(file.name, "ok"), digest, size)


def _taken(file: SourceFile, known: KnownFiles, writer: IndexWriter) -> tuple[str, int]:
    """SHA-256 and size of a file, which is in the index's store now."""
    if file.digest:
        return file.digest, file.size
    return writer.sources.take(file.path, known.sizes, lambda content: known.failure(content, file.name))


def _too_large(path: Path, limits: FileLimits) -> str | None:
    with suppress(OSError):  # reading it gives the reason
        size = path.stat().st_size
        if size > limits.bytes:
            return f"{size / 1e6:.0f} MB; RAG_FILE_MEGABYTES allows {limits.bytes / 1e6:.0f}"
    return None


def _same_reader(one: str, other: str) -> bool:
    readers = [READERS.get(PurePosixPath(name).suffix.lower()) for name in (one, other)]
    return readers[0] == readers[1]


def _duplicate(plan: PlannedFile, first: PlannedFile) -> PlannedFile:
    reason = f"same content as {first.file.name}"
    return replace(plan, action="report", row=FileRow(plan.file.name, "duplicate", first.row.pages, reason=reason))


def manifest_row(plan: PlannedFile, row: FileRow, added: Mapping[str, str]) -> FileRow:
    """The row of a file as the manifest keeps it: with path, digest and size, and when its content was added before."""
    digest = plan.digest if row.status in INDEXED | FAILED else None
    return replace(
        row,
        sha256=digest,
        size=plan.size,
        file=plan.file.file or None,
        added=added.get(digest or ""),
        inside=plan.file.inside,
    )
