"""Index writer: writes a generation and publishes it atomically.

Order: write, fsync, read back and hash, fsync the folder, open it as a reader would, rename it into place, fsync its
parent, replace CURRENT, fsync. Before the replace the old generation is current, after it the new one; there is no
state between.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rag.domain.file_status import INDEXED, FileRow
from rag.errors import IndexBusy, IndexFault, PublishFailed
from rag.index import durable_files
from rag.index.building import FreshVectors, counts_of, write_bm25, write_vectors
from rag.index.docstore.writing import Entry, Staging, write_docstore
from rag.index.generation import Generation
from rag.index.layout import DOCSTORE, MANIFEST, MANIFEST_DIGEST, REPORT, IndexLayout
from rag.index.manifest import Manifest
from rag.index.reading import GENERATION_NAME, open_generation, read_current, read_manifest
from rag.index.search.approximate import ApproximateSearch
from rag.index.sources import SourceStore
from rag.runtime import files

# Size of a generation as a multiple of its vectors and docstore: BM25, manifest and report come on top.
_OVERHEAD: Final = 1.5
# A disk with fewer free bytes than this counts as full.
_LITTLE: Final = 1 << 16


@dataclass(frozen=True)
class GenerationMetadata:
    """Identities and sources for the manifest of a new generation."""

    encoder: Mapping[str, Any]
    chunker: Mapping[str, Any]
    sources: Sequence[FileRow]


class Computing:
    """Vectors that are computed while a generation is published; to be overridden."""

    def is_slow(self) -> bool:
        """True where the text is to be published first, for the vectors will take long."""
        return False

    def finish(self, text: Path) -> None:
        """Returns when all vectors are there.

        Args:
            text: folder of the docstore, with all documents.
        """


@contextmanager
def open_writer(root: Path) -> Iterator[IndexWriter]:
    """Opens the index for writing, under a lock that one process at a time holds.

    Raises:
        IndexBusy: another process holds the lock.
        PublishFailed: the directory cannot be written, or the disk refused while writing.
    """
    layout = IndexLayout(root)
    writer = IndexWriter(layout)
    try:
        durable_files.make_folder(layout.root)
        with layout.lock.open("a+") as lock:
            _lock(lock.fileno(), root)
            # Only under the lock: its holder may just be emptying one of these folders.
            for folder in (layout.generations, layout.sources, layout.work, layout.trash):
                durable_files.make_folder(folder)
            _empty(layout)
            try:
                yield writer
            except OSError:
                writer.note_free_space()  # before the work folder is emptied
                raise
            finally:
                writer.close()
                with suppress(OSError):  # the next writer empties them
                    _empty(layout)
    except OSError as error:
        raise PublishFailed(writer.explain(error)) from error


def _lock(descriptor: int, root: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise IndexBusy(f"another ingest is at work in {root}; try again when it has ended") from error


def _empty(layout: IndexLayout) -> None:
    """Removes the leftovers of earlier writers, killed ones included."""
    for folder in (layout.work, layout.trash):
        shutil.rmtree(folder)
        folder.mkdir()


class IndexWriter:
    """Writes one generation, and the sources of its documents. Made by :func:`open_writer`."""

    def __init__(self, layout: IndexLayout) -> None:
        self._layout = layout
        self.sources = SourceStore(layout)
        self._stores = ExitStack()
        self._needed = 0
        self._full = False

    @property
    def layout(self) -> IndexLayout:
        """The paths of the index."""
        return self._layout

    def staging(self) -> tuple[Staging, FreshVectors]:
        """Stores for the documents and vectors of this run; they are closed with the writer."""
        staging = self._stores.enter_context(closing(Staging(self._layout.work / "staging.sqlite")))
        return staging, self._stores.enter_context(closing(FreshVectors(self._layout.work / "vectors.f32")))

    def close(self) -> None:
        """Closes the stores; called by :func:`open_writer`."""
        with suppress(OSError):  # what a full disk did not take is thrown away anyway
            self._stores.close()

    def require(self, size: int) -> None:
        """Checks the free space before writing begins.

        Args:
            size: bytes that will be needed.

        Raises:
            OSError: the disk has less.
        """
        self._needed = size
        if durable_files.free_bytes(self._layout.root) < size:
            raise OSError(errno.ENOSPC, "No space left on device")

    def publish(
        self,
        entries: Sequence[Entry],
        before: Generation | None,
        fresh: tuple[Staging, FreshVectors],
        about: GenerationMetadata,
        report: Callable[[], Mapping[str, Any]],
        computing: Computing | None = None,
    ) -> str:
        """Writes a generation and makes it the current one.

        Args:
            entries: its documents in the order of their rows; at least one chunk in all.
            before: the generation with the entries that are not fresh, and with the vectors that ``fresh`` has not.
                Where that is provisional, so is the new one, unless ``fresh`` has the vectors of all.
            fresh: stores with the fresh entries; the staging file is committed and closed here.
            about: identities and sources, for the manifest.
            report: called when all else is written; gives ``report.json``, to which the generation's name is added.
            computing: of the fresh vectors; None where they are there. Where it is slow, a provisional generation is
                published first, which has the text and BM25.

        Returns:
            The name of the generation.

        Raises:
            OSError: the disk refused; the generation before is still the current one.
        """
        staging, vectors = fresh
        staging.finish()
        computing = computing or Computing()
        folder = self._layout.work / "generation"
        folder.mkdir()
        dimension = int(about.encoder["dimension"])
        self.require(self._size(staging.path, vectors.size(dimension), before))
        write_docstore(
            folder / DOCSTORE, entries, staging=staging.path, before=before.folder / DOCSTORE if before else None
        )
        write_bm25(folder, entries, before)
        if before and before.manifest.provisional and not all(entry.id in vectors for entry in entries):
            return self._finish(folder, about, report(), provisional=True)
        if computing.is_slow():
            text = self._layout.work / "text"
            durable_files.copy_folder(folder, text)
            self._finish(text, about, report(), provisional=True)
        computing.finish(folder)
        search = write_vectors(folder, entries, before, vectors, dimension)
        return self._finish(folder, about, report(), search)

    def publish_copy(self, folder: Path, manifest: bytes) -> None:
        """Makes a generation of another index the current one.

        Args:
            folder: in the work folder, named as the generation, with every file that the manifest names, verified; the
                sources are in their place. A generation of this name that the index has is damaged, and replaced.
            manifest: as it was published there.

        Raises:
            OSError: as :meth:`publish`.
        """
        durable_files.sync_files(folder)
        if self._layout.generation(folder.name).exists():
            durable_files.move_away(self._layout.generation(folder.name), self._layout)
        self._commit(folder, manifest, Manifest.from_bytes(manifest, folder.name).encoder)

    def _finish(
        self,
        folder: Path,
        about: GenerationMetadata,
        report: Mapping[str, Any],
        search: ApproximateSearch | None = None,
        *,
        provisional: bool = False,
    ) -> str:
        """Adds report and manifest to a generation whose other files are written, and makes it the current one."""
        parent = self._parent()
        name = f"{_number(self._layout) + 1:06d}-{secrets.token_hex(4)}"
        folder = folder.rename(folder.with_name(name))
        durable_files.write_bytes(folder / REPORT, _to_json({**report, "generation": name}))
        durable_files.sync_files(folder)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(
            generation=name,
            parent=parent,
            created=created,
            files=tuple(durable_files.file_rows(folder)),
            encoder=dict(about.encoder),
            chunker=dict(about.chunker),
            counts=counts_of(folder),
            provisional=provisional,
            vector_search=search,
            sources=tuple(_dated(row, created) for row in about.sources),
        ).to_bytes()
        self._commit(folder, manifest, about.encoder)
        return name

    def _commit(self, folder: Path, manifest: bytes, encoder: Mapping[str, Any]) -> None:
        digest = hashlib.sha256(manifest).hexdigest()
        durable_files.write_bytes(folder / MANIFEST, manifest)
        durable_files.write_bytes(folder / MANIFEST_DIGEST, digest.encode())
        for path in (folder / MANIFEST, folder / MANIFEST_DIGEST, folder, self._layout.sources):
            files.sync(path)
        _check_readable(folder, digest, encoder, self._layout)
        published = self._layout.generation(folder.name)
        folder.rename(published)
        try:
            files.sync(self._layout.generations)
            durable_files.point_to(self._layout, folder.name, digest)
        except durable_files.CommitUnsure:
            raise
        except OSError:
            # Not current: left in place, it would look like a generation that once was.
            with suppress(OSError):
                durable_files.move_away(published, self._layout)
            raise

    def _parent(self) -> str | None:
        """The current generation; where that is provisional, the one before it, for it will be removed."""
        with suppress(IndexFault):
            name, digest = read_current(self._layout)
            manifest = read_manifest(self._layout.generation(name), digest)
            return manifest.parent if manifest.provisional else name
        return None

    @staticmethod
    def _size(staging: Path, vectors: int, before: Generation | None) -> int:
        """Estimated size of the new generation, in bytes."""
        held = sum(row.size for row in before.manifest.files) if before else 0
        return held + int((staging.stat().st_size + vectors) * _OVERHEAD)

    def note_free_space(self) -> None:
        """Notes whether the disk is full: SQLite and numpy do not always give that as the reason."""
        self._full = durable_files.free_bytes(self._layout.root) < _LITTLE

    def explain(self, error: OSError) -> str:
        """Message for the user about a failed write."""
        message = f"the index in {self._layout.root} cannot be written: {error.strerror or error}"
        free = durable_files.free_bytes(self._layout.root)
        if self._full or error.errno in (errno.ENOSPC, errno.EDQUOT) or "full" in str(error) or free < self._needed:
            needed = f"about {_megabytes(self._needed)} needed" if self._needed else "more is needed"
            message += f" ({needed}, {_megabytes(free)} free)"
        if isinstance(error, durable_files.CommitUnsure):
            return f"{message}, and that could not be taken back; mend the disk and run this again"
        return f"{message}; nothing was published, the index is as it was"


def _dated(row: FileRow, created: str) -> FileRow:
    """The row of a file; one whose content is new in the index is added now."""
    return replace(row, added=row.added or created) if row.status in INDEXED else row


def _number(layout: IndexLayout) -> int:
    """The highest generation number so far."""
    names = (folder.name for folder in layout.generations.iterdir())
    return max((int(name[:6]) for name in names if GENERATION_NAME.fullmatch(name)), default=0)


def _check_readable(folder: Path, digest: str, encoder: Mapping[str, Any], layout: IndexLayout) -> None:
    """Opens the generation as a reader does, before it is published."""
    try:
        generation = open_generation(folder, digest, encoder, layout)
    except IndexFault as fault:
        raise OSError(errno.EIO, f"what was written cannot be read back ({fault})") from fault
    generation.close()


def _to_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
