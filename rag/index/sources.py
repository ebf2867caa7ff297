"""Source store of an index: the documents themselves, each once by the SHA-256 of its content."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Container, Iterator
from pathlib import Path

from rag.errors import FileFault
from rag.index import durable_files
from rag.index.layout import IndexLayout
from rag.runtime import files


class SourceStore:
    """The stored documents of an index that is open for writing. Every method but :meth:`path` may raise OSError."""

    def __init__(self, layout: IndexLayout) -> None:
        self._layout = layout

    def path(self, document_id: str) -> Path:
        """Path of a stored document."""
        return self._layout.source(document_id)

    def take(self, path: Path, sizes: Container[int], unread: Callable[[str], object]) -> tuple[str, int]:
        """Copies a file into the index unless it is there; returns its SHA-256 and its size in bytes.

        Args:
            path: the file.
            sizes: of the files that the index has; only a file of such a size is hashed before it is copied.
            unread: whether the content with this digest is known to be unreadable; no copy of it is stored.

        Raises:
            FileFault: ``unreadable``: the file cannot be read.
        """
        try:
            if path.stat().st_size in sizes:
                known, size = files.sha256_of_file(path), path.stat().st_size
                if unread(known) or self._holds(known, size):
                    return known, size
        except OSError as error:
            raise FileFault("unreadable", error.strerror or str(error)) from error
        return self.store(path)

    def store(self, path: Path) -> tuple[str, int]:
        """Copies a file into the store; returns its SHA-256 and its size in bytes.

        The copy is what is read later, so that an edit of the file meanwhile cannot mix two versions.

        Raises:
            FileFault: ``unreadable``: the file cannot be read.
        """
        work = self._draft()
        digest, size = hashlib.sha256(), 0
        with work.open("wb") as copy:
            for block in _blocks(path):
                digest.update(block)
                copy.write(block)
                size += len(block)
        if self._holds_whole(digest.hexdigest(), size):
            work.unlink()
        else:
            self._put(work, digest.hexdigest())
        return digest.hexdigest(), size

    def store_bytes(self, data: bytes) -> str:
        """Stores a document that is no file of its own, unless it is there; returns its SHA-256."""
        digest = hashlib.sha256(data).hexdigest()
        if not self._holds_whole(digest, len(data)):
            work = self._draft()
            work.write_bytes(data)
            self._put(work, digest)
        return digest

    def _holds(self, document_id: str, size: int) -> bool:
        stored = self.path(document_id)
        return stored.is_file() and stored.stat().st_size == size

    def _holds_whole(self, document_id: str, size: int) -> bool:
        return self._holds(document_id, size) and files.sha256_of_file(self.path(document_id)) == document_id

    def _draft(self) -> Path:
        return self._layout.work / f"source-{secrets.token_hex(8)}"

    def _put(self, work: Path, document_id: str) -> None:
        """Moves a document that is written into its place."""
        files.sync(work)
        work.replace(self.path(document_id))


def _blocks(path: Path) -> Iterator[bytes]:
    """Blocks of a file. Its read errors are kept apart from write errors of the index's disk."""
    try:
        yield from durable_files.blocks(path)
    except OSError as error:
        raise FileFault("unreadable", error.strerror or str(error)) from error
