"""Ingest job: plan, read, chunk, embed, publish. Files with known content are carried over."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import Any, Final

from ingest.attachments import AttachedSource, kept, stored
from ingest.computing import Publication, RunVectors, run_vectors
from ingest.discovery import SourceFile, beside
from ingest.other_folders import OtherDocuments, not_under, recorded, refusal, stored_files, would_be_lost
from ingest.plan import FileLimits, KnownFiles, make_plan
from ingest.reading import Readers, Reading, ReadRequest
from ingest.reporting.progress import Progress
from ingest.reporting.report import Report, row_of, row_to_json
from ingest.run import IngestRun
from rag.domain.file_status import FileRow
from rag.errors import IndexCorrupt, IndexFault, IndexForeign, IndexMissing, NothingToIngest
from rag.index.building import FreshVectors
from rag.index.docstore.writing import Entry, Staging
from rag.index.generation import Generation
from rag.index.layout import IndexLayout
from rag.index.maintenance import collect_garbage
from rag.index.manifest import Manifest
from rag.index.reading import inspect_current, open_current
from rag.index.writer import GenerationMetadata, IndexWriter, open_writer
from rag.models.embedding.interfaces import Encoder

_log = logging.getLogger(__name__)

# Encoding that a person need not wait for: less of it is not worth another generation.
_SLOW_SECONDS: Final = 10.0


@dataclass(frozen=True)
class IngestJob:
    """Updates an index to a set of files.

    Attributes:
        identity: of chunker and readers; where it changes, all files are read again.
        keep: number of generations that stay on the disk.
        slow_seconds: of encoding that is left when all is read; from so many on, text is published before its vectors.
        slab: texts that the encoder is given at a time; see :func:`ingest.embedding_thread.embedding_thread`.
    """

    index: Path
    encoder: Encoder
    readers: Readers
    identity: Mapping[str, Any]
    limits: FileLimits = field(default_factory=FileLimits)
    rebuild: bool = False
    keep: int = 3
    slow_seconds: float = _SLOW_SECONDS
    slab: int | None = None
    progress: Progress = field(default_factory=Progress)

    def run(
        self, files: Sequence[SourceFile], paths: Sequence[Path] = (), others: OtherDocuments = "replace"
    ) -> Report:
        """Reads new files, drops removed ones, and publishes a generation if anything differs.

        Args:
            files: of this run.
            paths: the folders and files under which they were found.
            others: what becomes of documents of the index that are not under these paths.

        Raises:
            NothingToIngest: no file could be read; the index is as it was.
            OtherFolders: ``others`` is "refuse", and there are some; the index is as it was.
            IndexBusy: another writer is at work.
            PublishFailed: the disk refused; the index is as it was.
        """
        start = perf_counter()
        with open_writer(self.index) as writer:
            run = self._planned(self._with_others(files, paths, others), writer)
            generation = self._update(run, writer, start)
            # In every run: one that was killed after it published has not done it.
            self._collect_garbage(writer)
            report = run.report(generation or _name(run.before), published=generation is not None)
        return replace(report, seconds=perf_counter() - start)

    def _with_others(
        self, files: Sequence[SourceFile], paths: Sequence[Path], others: OtherDocuments
    ) -> Sequence[SourceFile]:
        """The files, with those of other folders where these stay."""
        if others == "keep":
            return beside(files, stored_files(not_under(paths, recorded(self.index)), IndexLayout(self.index)))
        if others == "refuse" and (lost := would_be_lost(paths, _recorded(self.index), files)):
            raise refusal(lost)
        return files

    def _planned(self, files: Sequence[SourceFile], writer: IndexWriter) -> IngestRun:
        start = perf_counter()
        self.progress.checking(len(files))
        before, note = self._before()
        known = KnownFiles.of(before, self.identity) if before else KnownFiles()
        plan = make_plan(files, known, self.limits, writer)
        added = {row.sha256: row.added for row in _recorded(self.index) if row.sha256 and row.added}
        run = IngestRun(plan, before, note, {}, known, added=added)
        run.attach(kept(plan, known, writer), self.limits, writer)
        run.seconds["check"] = perf_counter() - start
        return run

    def _before(self) -> tuple[Manifest | None, str | None]:
        """The manifest to carry over from, and a note where the generation before cannot be used."""
        if self.rebuild:
            return None, None
        try:
            manifest = inspect_current(self.index, self.encoder.identity)
        except IndexMissing:
            return None, None
        except (IndexCorrupt, IndexForeign) as fault:
            return None, f"Everything was read again, because the index before could not be used: {fault}"
        # With another OCR only some files are read again: see ingest.plan.
        if {**manifest.chunker, "ocr": ""} != {**self.identity, "ocr": ""}:
            return None, "Everything was read again, because this version reads or chunks documents differently."
        return manifest, None

    def _update(self, run: IngestRun, writer: IndexWriter, start: float) -> str | None:
        """Publishes a generation and returns its name; None where nothing has changed."""
        unfinished = run.before is not None and run.before.provisional
        if not (run.changes() or unfinished or any(plan.action == "read" for plan in run.plan)):
            return None
        fresh = writer.staging()
        begun = perf_counter()

        def ready() -> None:
            run.seconds["read and embed"] = perf_counter() - begun
            run.seconds["encoder at work"] = work.seconds
            self.progress.publishing()

        when = Publication(
            text_may_go_first=run.is_mostly_new(),
            is_resumed=lambda: unfinished and not run.changes(),
            slow_seconds=self.slow_seconds,
            resumed=self.progress.encoded,
            ready=ready,
        )
        with (
            run_vectors(self.encoder, fresh[1], writer.layout, when, self.progress.encoded, self.slab) as work,
            ThreadPoolExecutor(1) as opener,
        ):
            # The generation before is needed at the end; it is opened while the first files are read.
            before = opener.submit(open_current, self.index, self.encoder.identity) if run.before else None
            self._read(run, writer, fresh[0], work)
            entries = run.entries()
            if not entries:
                rows = run.rows()
                raise NothingToIngest(_why_nothing(rows), [row_to_json(row) for row in rows])
            if not (run.changes() or unfinished):
                return None
            opened = before.result() if before else None
            with closing(opened) if opened else nullcontext():
                if opened and unfinished:
                    self._add_stored(run, entries, opened, work)
                generation = self._publish(run, writer, entries, opened, fresh, start, work)
            run.seconds["publish"] = perf_counter() - begun - run.seconds["read and embed"]
            return generation

    def _add_stored(self, run: IngestRun, entries: Sequence[Entry], before: Generation, work: RunVectors) -> None:
        """Queues the texts that an earlier run has published without their vectors."""
        for entry in entries:
            if not entry.fresh:
                chunks = before.chunks_of(entry.id)
                work.add_stored(entry.id, chunks)
                self.progress.stored(chunks)
        run.embedded = work.embedded

    def _read(self, run: IngestRun, writer: IndexWriter, staging: Staging, work: RunVectors) -> None:
        """Reads the new files, then those that are attached to them, whose attached files are only named."""
        start = perf_counter()
        files = run.to_read()
        self.progress.reading(len(files), sum(plan.size for plan in files))
        attached = self._read_files(run, writer, staging, work)
        while attached:
            run.attach(attached, self.limits, writer)
            if more := run.to_read():
                files += more
                self.progress.reading(len(files), sum(plan.size for plan in files))
            attached = self._read_files(run, writer, staging, work)
        run.seconds["read"] = perf_counter() - start

    def _read_files(
        self, run: IngestRun, writer: IndexWriter, staging: Staging, work: RunVectors
    ) -> list[AttachedSource]:
        """Reads files, stages their documents, and queues their texts; returns what is attached to them."""
        plans = {writer.sources.path(plan.digest): plan for plan in run.to_read() if plan.digest}
        requests = [ReadRequest(path, PurePosixPath(plan.file.name).suffix.lower()) for path, plan in plans.items()]
        attached: list[AttachedSource] = []
        if requests:
            work.prepare()
        for request, outcome in self.readers.read(requests):
            plan = plans[request.path]
            assert plan.digest  # noqa: S101 - see ``plans``
            if isinstance(outcome, Reading):
                staging.add(plan.digest, plan.size, outcome.record)
                work.add(plan.digest, outcome.texts)
                run.embedded = work.embedded
                run.keep_thumbnails(plan.file.name, outcome.thumbnails)
                attached += stored(plan, outcome.attached, writer)
            row = run.found[plan.digest] = row_of(plan.file.name, outcome)
            self.progress.file(request, plan.size, row.pages, row.chunks)
        return attached

    def _publish(
        self,
        run: IngestRun,
        writer: IndexWriter,
        entries: Sequence[Entry],
        before: Generation | None,
        fresh: tuple[Staging, FreshVectors],
        start: float,
        work: RunVectors,
    ) -> str:
        about = GenerationMetadata(self.encoder.identity, dict(self.identity), run.sources())

        def report() -> dict[str, Any]:
            return replace(run.report("", published=True), seconds=perf_counter() - start).to_json()

        return writer.publish(entries, before, fresh, about, report, work)

    def _collect_garbage(self, writer: IndexWriter) -> None:
        """Removes old generations; a failure does not undo what is published."""
        try:
            collect_garbage(writer.layout, self.keep)
        except (IndexFault, OSError) as error:
            _log.warning("old generations could not be removed (python -m rag index gc tries again): %s", error)


def _why_nothing(rows: Sequence[FileRow]) -> str:
    reasons = "; ".join(f"{row.path}: {row.status} ({row.reason})" for row in rows[:3])
    more = f"; and {len(rows) - 3} more" if len(rows) > 3 else ""
    return f"no file could be read, and the index is as it was. {reasons}{more}"


def _recorded(index: Path) -> Sequence[FileRow]:
    """The documents of an index; none where it is damaged, or of another format: everything is then read anew."""
    with suppress(IndexFault):
        return recorded(index)
    return ()


def _name(before: Manifest | None) -> str:
    return before.generation if before else ""
