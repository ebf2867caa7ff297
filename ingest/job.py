"""The run: discover, read, cut, embed, publish. What is known by content is carried over, not done again."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain, count
from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import Final

import numpy as np

from ingest import readers
from ingest.chunking import Chunker
from ingest.report import INDEXED, FileRow, Report
from rag.domain import Chunk, Document, in_context
from rag.embedding import Encoder, FloatMatrix
from rag.errors import FileFault, IndexCorrupt, IndexForeign, IndexMissing, NothingToIngest
from rag.index import Contents, Generation, Publication, SourceRow, open_current, writing
from rag.index.publication import IndexWriter

# Chunks that are encoded between two steps of the progress bar; the more there are, the less is padded.
_SLAB: Final = 256

OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SourceFile:
    """A file to ingest; ``name`` is its path relative to the folder that was given."""

    path: Path
    name: str


def discover(paths: Sequence[Path]) -> list[SourceFile]:
    """Every file in the folders, by name; hidden ones are left out, as shells do.

    Raises:
        NothingToIngest: a path does not exist, or there is no file.
    """
    files: dict[str, SourceFile] = {}
    for root in paths:
        if not os.path.exists(root):  # noqa: PTH110 - Path.exists raises for a name that is too long
            raise NothingToIngest(f"{root} does not exist")
        for path in _walk(root):
            name = _free_name(path, root, files)
            files[name] = SourceFile(path, name)
    if not files:
        raise NothingToIngest(f"no file in {', '.join(map(str, paths))}; put PDFs there and run it again")
    return [files[name] for name in sorted(files)]


def _free_name(path: Path, root: Path, taken: Container[str]) -> str:
    """The path relative to ``root``, after the name of its folder where another root has the same."""
    name = path.relative_to(root).as_posix() if root.is_dir() else path.name
    # A name may be bytes that are no text; neither JSON nor SQLite takes those.
    name = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    folder = (root if root.is_dir() else root.parent).resolve().name
    others = (f"{folder} ({number})/{name}" for number in count(2))
    return next(free for free in chain([name, f"{folder}/{name}"], others) if free not in taken)


def _walk(root: Path) -> Iterator[Path]:
    """Every entry that is no folder, and links to folders, which are not followed; hidden ones are left out."""
    if not root.is_dir():
        yield root
        return
    for folder, folders, names in os.walk(root, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in sorted([*links, *names]) if not name.startswith("."))


def _refuse(error: OSError) -> None:
    """A folder that cannot be opened: its documents must not look as if they were deleted."""
    raise NothingToIngest(f"{error.filename} cannot be read: {error.strerror}; the index is as it was") from error


@dataclass
class _Run:
    """What the run knows so far. ``contents`` by document id, in the order of the index."""

    rows: list[FileRow] = field(default_factory=list)
    sources: list[SourceRow] = field(default_factory=list)
    contents: dict[str, Contents] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)

    def add(self, row: FileRow, digest: str | None) -> None:
        self.rows.append(row)
        self.sources.append(
            SourceRow(
                path=row.path,
                sha256=digest,
                status=row.status,
                pages=row.pages,
                pages_with_text=row.pages_with_text,
                chunks=row.chunks,
                reason=row.reason,
            )
        )


@dataclass(frozen=True)
class IngestJob:
    """Brings an index in line with files."""

    index: Path
    encoder: Encoder
    chunker: Chunker
    rebuild: bool = False
    on_progress: OnProgress = lambda _stage, _done, _total: None

    def run(self, files: Sequence[SourceFile]) -> Report:
        """Reads what is new, drops what is gone, publishes a generation if anything differs.

        Raises:
            NothingToIngest: no file could be read; the index is as it was.
            IndexBusy: another writer is at work.
            PublishFailed: the disk refused; the index is as it was.
        """
        start = perf_counter()
        with writing(self.index) as writer:
            parent, note = self._parent()
            run = self._read_all(files, writer, parent)
            if not run.contents:
                raise NothingToIngest(_why_nothing(run.rows), [asdict(row) for row in run.rows])
            published = parent is None or _state(run.sources) != _state(parent.manifest.sources)
            report = self._report(run, parent, published=published, note=note)
            if published:
                report = replace(report, seconds=perf_counter() - start)
                report = replace(report, generation=self._publish(run, writer, report))
        return replace(report, seconds=perf_counter() - start)

    @staticmethod
    def _report(run: _Run, parent: Generation | None, *, published: bool, note: str | None) -> Report:
        chunks = {digest: len(contents.chunks) for digest, contents in run.contents.items()}
        embedded = sum(count for digest, count in chunks.items() if digest in run.fresh)
        return Report(
            generation=parent.id if parent else "",
            published=published,
            files=[*run.rows, *_removed(run.rows, parent)],
            chunks=sum(chunks.values()),
            embedded=embedded,
            reused=sum(chunks.values()) - embedded,
            seconds=0.0,
            note=note,
        )

    @property
    def _identity(self) -> dict[str, int | str]:
        return {**self.chunker.identity, "reader": readers.VERSION}

    def _parent(self) -> tuple[Generation | None, str | None]:
        """The generation to carry over from, and a note where there is one that cannot be used."""
        if self.rebuild:
            return None, None
        try:
            parent = open_current(self.index, self.encoder.identity)
        except IndexMissing:
            return None, None
        except (IndexCorrupt, IndexForeign) as fault:
            return None, f"Everything was read anew, because the index before could not be used: {fault}"
        if parent.manifest.chunker != self._identity:
            return None, "Everything was read anew, because this version cuts documents otherwise."
        return parent, None

    def _read_all(self, files: Sequence[SourceFile], writer: IndexWriter, parent: Generation | None) -> _Run:
        run = _Run()
        known = {document.id for document in parent.documents} if parent else set()
        before = {row.path: row for row in parent.manifest.sources} if parent else {}
        for position, file in enumerate(files):
            self.on_progress("reading", position, len(files))
            self._read_one(file, run, writer, parent if parent else None, known, before)
        self.on_progress("reading", len(files), len(files))
        return run

    def _read_one(
        self,
        file: SourceFile,
        run: _Run,
        writer: IndexWriter,
        parent: Generation | None,
        known: set[str],
        before: Mapping[str, SourceRow],
    ) -> None:
        start = perf_counter()
        if not _is_regular(file.path):
            run.add(
                FileRow(file.name, "unsupported", reason="a link to a folder or to nothing, or no regular file"), None
            )
            return
        reader = readers.READERS.get(file.path.suffix.lower())
        if reader is None:
            run.add(FileRow(file.name, "unsupported", reason=f"no reader for {file.path.suffix or 'this type'}"), None)
            return
        try:
            digest, size = writer.store_source(file.path)
        except FileFault as fault:
            run.add(FileRow(file.name, fault.status, reason=fault.reason), None)
            return
        if digest in run.contents:
            run.add(self._duplicate(file, run, digest), digest)
        elif parent and digest in known:
            run.add(self._carry_over(file, run, parent.contents(digest), before), digest)
        else:
            row = self._read(file, run, reader, writer.source(digest), Document(digest, (file.name,), "", 0, size))
            run.add(replace(row, seconds=round(perf_counter() - start, 3)), digest)

    @staticmethod
    def _duplicate(file: SourceFile, run: _Run, digest: str) -> FileRow:
        held = run.contents[digest]
        first = held.document.name
        names = (*held.document.names, file.name)
        run.contents[digest] = replace(held, document=replace(held.document, names=names))
        return FileRow(file.name, "duplicate", held.document.pages, reason=f"same content as {first}")

    @staticmethod
    def _carry_over(file: SourceFile, run: _Run, contents: Contents, before: Mapping[str, SourceRow]) -> FileRow:
        document = contents.document
        # A title that was made of the name goes with the name.
        title = _title_of(file.name) if document.title == _title_of(document.name) else document.title
        run.contents[document.id] = replace(contents, document=replace(document, names=(file.name,), title=title))
        row = before.get(file.name)
        same = row is not None and row.sha256 == contents.document.id
        reason = readers.missing_text(contents.pages)
        return FileRow(
            file.name,
            "unchanged" if same else "partial" if reason else "ok",
            contents.document.pages,
            sum(1 for page in contents.pages if page.text),
            len(contents.chunks),
            reason,
        )

    def _read(
        self,
        file: SourceFile,
        run: _Run,
        reader: Callable[[Path], readers.SourceText],
        stored: Path,
        document: Document,
    ) -> FileRow:
        try:
            source = reader(stored)
        except FileFault as fault:
            return FileRow(file.name, fault.status, reason=fault.reason)
        chunks = list(self.chunker.chunks(source.pages, self.encoder.count_tokens))
        title = source.title or _title_of(file.name)
        document = replace(document, title=title, pages=len(source.pages))
        nothing_yet: FloatMatrix = np.empty((0, 0), dtype=np.float32)
        run.contents[document.id] = Contents(document, source.pages, chunks, nothing_yet)
        run.fresh.add(document.id)
        with_text = sum(1 for page in source.pages if page.text)
        status = "partial" if source.reason else "ok"
        return FileRow(file.name, status, len(source.pages), with_text, len(chunks), source.reason)

    def _publish(self, run: _Run, writer: IndexWriter, report: Report) -> str:
        contents = self._embedded(run)
        texts = [in_context(chunk.headings, chunk.text) for entry in contents for chunk in entry.chunks]
        about = Publication(self.encoder.identity, self._identity, run.sources)
        self.on_progress("publishing", 0, 1)
        generation = writer.publish(contents, texts, about, report.to_json())
        self.on_progress("publishing", 1, 1)
        return generation

    def _embedded(self, run: _Run) -> list[Contents]:
        """The contents in the order of the index, with vectors for the fresh ones."""
        fresh = [digest for digest in run.contents if digest in run.fresh]
        chunks = [chunk for digest in fresh for chunk in run.contents[digest].chunks]
        vectors = self._encode(chunks)
        start = 0
        embedded = dict(run.contents)
        for digest in fresh:
            entry = run.contents[digest]
            embedded[digest] = replace(entry, vectors=vectors[start : start + len(entry.chunks)])
            start += len(entry.chunks)
        return list(embedded.values())

    def _encode(self, chunks: Sequence[Chunk]) -> FloatMatrix:
        texts = [self._fitting(chunk) for chunk in chunks]
        # Slabs of similar length are padded little.
        order = sorted(range(len(texts)), key=lambda position: len(texts[position]))
        vectors = self.encoder.encode([])
        if texts:
            vectors = np.empty((len(texts), vectors.shape[1]), dtype=np.float32)
        for start in range(0, len(order), _SLAB):
            self.on_progress("embedding", start, len(order))
            slab = order[start : start + _SLAB]
            vectors[slab] = self.encoder.encode([texts[position] for position in slab])
        self.on_progress("embedding", len(order), len(order))
        return vectors

    def _fitting(self, chunk: Chunk) -> str:
        """The chunk under as many of its headings as the encoder takes; it would cut the chunk's end silently."""
        for dropped in range(len(chunk.headings)):
            text = in_context(chunk.headings[dropped:], chunk.text)
            if self.encoder.count_tokens(text) <= self.encoder.max_tokens:
                return text
        return chunk.text


def _is_regular(path: Path) -> bool:
    try:
        # What has gone meanwhile is not there at all: the reading will say so.
        return path.is_file() or not os.path.lexists(path)
    except OSError:  # a folder that may be listed, but not entered: the reading will say so
        return True


def _title_of(name: str) -> str:
    return PurePosixPath(name).stem.replace("_", " ")


def _why_nothing(rows: Sequence[FileRow]) -> str:
    reasons = "; ".join(f"{row.path}: {row.status} ({row.reason})" for row in rows[:3])
    more = f"; and {len(rows) - 3} more" if len(rows) > 3 else ""
    return f"no file could be read, and the index is as it was. {reasons}{more}"


def _removed(rows: Sequence[FileRow], parent: Generation | None) -> list[FileRow]:
    """A row for each file that the generation before held, and that is gone."""
    here = {row.path for row in rows}
    before = parent.manifest.sources if parent else ()
    return [FileRow(row.path, "removed") for row in before if row.status in INDEXED and row.path not in here]


def _state(sources: Sequence[SourceRow]) -> set[tuple[str, str | None]]:
    """What an index depends on: which content stands under which name."""
    return {(row.path, row.sha256) for row in sources if row.status in INDEXED}
