"""Writing a generation and publishing it in one step.

Order: write, fsync, re-read and hash, fsync the folder, rename it into place, fsync its parent, replace CURRENT, fsync.
Before the replace the old generation is current, after it the new one; there is no time between.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rag.domain import Document
from rag.errors import FileFault, IndexBusy, IndexFault, PublishFailed
from rag.index.docstore import write_docstore
from rag.index.generation import Contents
from rag.index.layout import DOCSTORE, LEXICAL, MANIFEST, REPORT, VECTORS, IndexLayout
from rag.index.lexical import LexicalIndex
from rag.index.manifest import Counts, FileRow, Manifest, SourceRow
from rag.index.reading import GENERATION_NAME, read_current
from rag.index.vectors import VectorIndex

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Publication:
    """What a generation will say about itself, beside its contents."""

    encoder: Mapping[str, Any]
    chunker: Mapping[str, Any]
    sources: Sequence[SourceRow]


@contextmanager
def writing(root: Path) -> Iterator[IndexWriter]:
    """The right to write in an index directory, for one process at a time.

    Raises:
        IndexBusy: another process has it.
        PublishFailed: the directory cannot be written, or the disk refused while writing.
    """
    layout = IndexLayout(root)
    try:
        for folder in (layout.root, layout.generations, layout.sources, layout.work):
            folder.mkdir(parents=True, exist_ok=True)
        with layout.lock.open("a+") as lock:
            _lock(lock.fileno(), root)
            shutil.rmtree(layout.work)  # what a killed writer left
            layout.work.mkdir()
            yield IndexWriter(layout)
    except OSError as error:
        raise PublishFailed(
            f"the index in {root} cannot be written: {error.strerror or error}; "
            "nothing was published, the index is as it was"
        ) from error


def _lock(descriptor: int, root: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise IndexBusy(f"another ingest is at work in {root}; try again when it has ended") from error


class IndexWriter:
    """Writes sources and one generation. Made by :func:`writing`."""

    def __init__(self, layout: IndexLayout) -> None:
        self._layout = layout

    def store_source(self, path: Path) -> tuple[str, int]:
        """Copies a file into the index by content, unless it is there; returns its SHA-256 and its size in bytes.

        What is read later is the copy, so that a file that is edited meanwhile cannot be half of each.

        Raises:
            FileFault: ``unreadable``: the file cannot be read.
        """
        work = self._layout.work / f"source-{secrets.token_hex(8)}"
        digest, size = hashlib.sha256(), 0
        with work.open("wb") as copy:
            for block in _blocks(path):
                digest.update(block)
                copy.write(block)
                size += len(block)
        target = self._layout.source(digest.hexdigest())
        if target.exists() and _digest(target) == digest.hexdigest():
            work.unlink()
        else:
            _sync(work)
            work.replace(target)
        return digest.hexdigest(), size

    def source(self, document_id: str) -> Path:
        """Where a stored source is."""
        return self._layout.source(document_id)

    def publish(
        self, contents: Sequence[Contents], texts: Sequence[str], about: Publication, report: Mapping[str, Any]
    ) -> str:
        """Writes a generation and makes it the current one.

        Args:
            contents: documents in the order of their rows; at least one chunk in all.
            texts: what BM25 indexes for each row.
            about: identities and sources, for the manifest.
            report: for ``report.json``; the name of the generation is added.

        Returns:
            The name of the generation.
        """
        parent = self._parent()
        name = f"{int(parent[:6]) + 1 if parent else 1:06d}-{secrets.token_hex(4)}"
        folder = self._layout.work / name
        folder.mkdir()
        self._write_parts(folder, contents, texts)
        _write(folder / REPORT, json.dumps({**report, "generation": name}, indent=1, ensure_ascii=False).encode())
        manifest = Manifest(
            generation=name,
            parent=parent,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            files=tuple(_file_rows(folder)),
            encoder=dict(about.encoder),
            chunker=dict(about.chunker),
            counts=_count([entry.document for entry in contents], len(texts)),
            sources=tuple(about.sources),
        ).to_bytes()
        _write(folder / MANIFEST, manifest)
        self._commit(folder, hashlib.sha256(manifest).hexdigest())
        return name

    def _parent(self) -> str | None:
        with suppress(IndexFault):
            return read_current(self._layout)[0]
        # CURRENT is missing or damaged: go on after whatever is there.
        names = (folder.name for folder in self._layout.generations.iterdir())
        return max(filter(GENERATION_NAME.fullmatch, names), default=None)

    @staticmethod
    def _write_parts(folder: Path, contents: Sequence[Contents], texts: Sequence[str]) -> None:
        _write(folder / VECTORS, VectorIndex.build(np.vstack([entry.vectors for entry in contents])).to_bytes())
        LexicalIndex.build(texts).save(folder / LEXICAL)
        write_docstore(folder / DOCSTORE, ((entry.document, entry.pages, entry.chunks) for entry in contents))

    def _commit(self, folder: Path, manifest_digest: str) -> None:
        for path in [*folder.rglob("*"), folder]:
            _sync(path)
        _sync(self._layout.sources)
        target = self._layout.generation(folder.name)
        folder.rename(target)
        _sync(self._layout.generations)
        current = {"generation": folder.name, "manifest_sha256": manifest_digest}
        draft = self._layout.work / "CURRENT"
        _write(draft, json.dumps(current).encode())
        _sync(draft)
        draft.replace(self._layout.current)
        _sync(self._layout.root)


def _blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a source. Its faults are told apart from those of the disk that it is copied to."""
    try:
        with path.open("rb") as source:
            while block := source.read(_BLOCK):
                yield block
    except OSError as error:
        raise FileFault("unreadable", error.strerror or str(error)) from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _count(documents: Sequence[Document], chunks: int) -> Counts:
    return Counts(documents=len(documents), pages=sum(document.pages for document in documents), chunks=chunks)


def _file_rows(folder: Path) -> Iterator[FileRow]:
    """Each file as a new reader finds it: synced, then read back."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        _sync(path)
        data = path.read_bytes()
        yield FileRow(name=path.relative_to(folder).as_posix(), size=len(data), sha256=hashlib.sha256(data).hexdigest())


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)


def _sync(path: Path) -> None:
    """Asks the disk to keep a file or a folder. A failure is not tried again: the pages may be marked clean."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
