"""Files that are attached to documents: documents of their own, named ``contract.pdf › annex.docx``.

Their bytes come from the process that read the document, and are stored beside those of the documents. A document that
is not read again keeps its attached files, as the manifest tells them. Files that are attached to attached files are
only named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from ingest.discovery import SourceFile
from ingest.plan import LASTING, FileLimits, KnownFiles, PlannedFile, plan_file, without_duplicates
from ingest.readers.registry import READERS
from rag.domain.attached_file import ATTACHED_TO, AttachedFile
from rag.domain.file_status import INDEXED, FileRow
from rag.index.writer import IndexWriter

_NESTED = "attached to an attached file; only those of documents are read"


@dataclass(frozen=True)
class AttachedSource:
    """A file that is attached to a document; ``row`` says why it is not read, where it is not."""

    file: SourceFile
    row: FileRow | None = None


def kept(plans: Iterable[PlannedFile], known: KnownFiles, writer: IndexWriter) -> list[AttachedSource]:
    """The files that are attached to documents which are not read again, by the manifest before."""
    holders = [plan for plan in plans if plan.action != "read" and plan.digest and plan.row.status != "duplicate"]
    return [one for holder in holders for one in _kept(holder.file, holder.digest or "", known, writer)]


def _kept(holder: SourceFile, digest: str, known: KnownFiles, writer: IndexWriter) -> Iterator[AttachedSource]:
    for row in known.attached.get(digest, ()):
        file = _file(holder, digest, row.path.rpartition(ATTACHED_TO)[2], writer, row.sha256, row.size)
        is_read = row.sha256 and row.status in INDEXED | LASTING
        yield AttachedSource(file, None if is_read else replace(row, path=file.name))
        if row.sha256 and not holder.inside:
            yield from _kept(file, row.sha256, known, writer)


def stored(holder: PlannedFile, files: Sequence[AttachedFile], writer: IndexWriter) -> list[AttachedSource]:
    """The files that are attached to a document which was read, with their bytes stored.

    Raises:
        OSError: the disk refused.
    """
    return [_stored(holder.file, holder.digest or "", file, writer) for file in files]


def _stored(holder: SourceFile, digest: str, file: AttachedFile, writer: IndexWriter) -> AttachedSource:
    source = _file(holder, digest, file.name, writer)
    if holder.inside:
        return AttachedSource(source, FileRow(source.name, "unsupported", reason=_NESTED))
    if file.fault:
        return AttachedSource(source, FileRow(source.name, file.fault, reason=file.reason))
    if file.data is None or file.suffix not in READERS:
        suffix = PurePosixPath(file.name).suffix or "this type"
        return AttachedSource(source, FileRow(source.name, "unsupported", reason=f"no reader for {suffix}"))
    own = writer.sources.store_bytes(file.data)
    return AttachedSource(_file(holder, digest, file.name, writer, own, len(file.data)))


def _file(
    holder: SourceFile, inside: str, name: str, writer: IndexWriter, digest: str | None = None, size: int = 0
) -> SourceFile:
    return SourceFile(
        path=writer.sources.path(digest) if digest else holder.path,
        name=f"{holder.name}{ATTACHED_TO}{name}",
        file=holder.file,
        digest=digest,
        size=size,
        inside=inside,
    )


def with_attached(
    plans: Sequence[PlannedFile],
    attached: Iterable[AttachedSource],
    known: KnownFiles,
    limits: FileLimits,
    writer: IndexWriter,
) -> list[PlannedFile]:
    """The plans of documents, and after them those of the files that are attached to them, by name."""
    return without_duplicates(
        [*plans, *(_plan(one, known, limits, writer) for one in sorted(attached, key=lambda one: one.file.name))]
    )


def _plan(one: AttachedSource, known: KnownFiles, limits: FileLimits, writer: IndexWriter) -> PlannedFile:
    if one.row:
        return PlannedFile(one.file, "report", one.row, one.file.digest, one.file.size)
    return plan_file(one.file, known, limits, writer)
