"""Upload folder: stores uploaded documents atomically in the folder that the ingest job reads."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from rag.errors import DocumentUnknown, LastDocument, NameTaken, SettingsError, UploadNotStored, UploadTooLarge
from rag.runtime.files import sha256_of_file, sync
from rag.service.uploads.removed import has_others, is_document, keep_copy
from rag.service.uploads.validation import HEAD_BYTES, check_head, checked_name

# Hidden files are no documents for the ingest job.
_PREFIX: Final = ".pageproof-upload-"
# Temporary files that were not written to for so long are those of a service that was killed.
_STALE_SECONDS: Final = 3600.0
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class StoredUpload:
    """A document that was stored in the folder.

    Attributes:
        size: in bytes.
        new: False where the same document was there before.
        replaced: whether it replaced another document of the same name.
    """

    name: str
    size: int
    sha256: str
    new: bool
    replaced: bool


class UploadFolder:
    """A folder that documents are uploaded to. Thread-safe, within one process.

    What is replaced or removed is kept in a hidden folder of it: see :mod:`rag.service.uploads.removed`.
    """

    def __init__(self, root: Path, max_bytes: int) -> None:
        """Checks that the folder can be used.

        Args:
            root: the folder.
            max_bytes: size of the largest document that may be uploaded.

        Raises:
            SettingsError: the folder does not exist, or cannot be written.
        """
        if not root.is_dir() or not os.access(root, os.R_OK | os.W_OK | os.X_OK) or not _takes_files(root):
            raise SettingsError(
                f"RAG_DOCUMENTS={root} is no folder that can be written, and uploads are stored there; "
                "create it, and give the user that runs the service access to it, or unset RAG_DOCUMENTS"
            )
        self.root = root
        self.max_bytes = max_bytes
        self._lock = threading.Lock()

    def receive(self, name: str, expected: int | None, *, replace: bool) -> UploadInProgress:
        """Begins an upload, after the checks that need no content.

        Args:
            name: file name of the document.
            expected: size announced by the client, in bytes; None where it is unknown.
            replace: whether it may replace another document of this name.

        Raises:
            RequestFault: the name is not valid.
            NameTaken, UploadTooLarge, UploadNotStored: it cannot be added.
        """
        name = checked_name(name)
        self.check_size(expected or 0)
        self._remove_stale_uploads()
        with _storage_errors(self.root, name, expected or 0):
            target = self.root / name
            if not replace and _is_document(target) and expected not in (None, target.stat().st_size):
                raise _taken(name)
            if (expected or 0) > shutil.disk_usage(self.root).free:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return UploadInProgress(self, name, replace=replace)

    def check_size(self, size: int) -> None:
        """Raises UploadTooLarge if ``size`` is more than a document may have."""
        if size > self.max_bytes:
            raise UploadTooLarge(
                f"a document may have {self.max_bytes:,} bytes at most; split this one, or ask the operator"
            )

    def store(self, draft: Path, name: str, size: int, sha256: str, *, replace: bool) -> StoredUpload:
        """Renames a synced temporary file of the folder to its name.

        Raises:
            NameTaken: another document has this name, and may not be replaced; or a folder or a link has it.
            UploadNotStored: the disk refused.
        """
        target = self.root / name
        with _storage_errors(self.root, name, size), self._lock:
            there = os.path.lexists(target)
            if there:
                if not _is_document(target):
                    raise NameTaken(f"{name} is the name of a folder or a link; choose another name")
                if target.stat().st_size == size and sha256_of_file(target) == sha256:
                    return StoredUpload(name, size, sha256, new=False, replaced=False)
                if not replace:
                    raise _taken(name)
                keep_copy(self.root, name)
            draft.replace(target)
            sync(self.root)
        return StoredUpload(name, size, sha256, new=True, replaced=there)

    def remove(self, name: str) -> str:
        """Takes a document out of the folder; the file is kept, where the ingest job does not look.

        Args:
            name: of the document, relative to the folder.

        Returns:
            Where the file is now, relative to the folder.

        Raises:
            DocumentUnknown: the folder has no such document.
            LastDocument: it has no other one.
            UploadNotStored: the disk refused.
        """
        name = unicodedata.normalize("NFC", name)
        with self._lock:
            if not is_document(self.root, name):
                raise DocumentUnknown(
                    "the folder that documents are added to has no file of this name; it came from elsewhere, and is "
                    "removed there: python -m ingest"
                )
            if not has_others(self.root, name):
                raise LastDocument("this is the only document: add another one before it is removed")
            path = self.root / name
            with _storage_errors(self.root, name, path.stat().st_size):
                kept = keep_copy(self.root, name)
                path.unlink()
                sync(path.parent)
        return kept

    def _remove_stale_uploads(self) -> None:
        """Deletes temporary files that a killed service has left behind."""
        with suppress(OSError), os.scandir(self.root) as entries:
            for entry in [entry for entry in entries if entry.name.startswith(_PREFIX)]:
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _STALE_SECONDS:
                    Path(entry.path).unlink()


class UploadInProgress:
    """An upload in progress, in a hidden temporary file until it is stored. Thread-safe."""

    def __init__(self, folder: UploadFolder, name: str, *, replace: bool) -> None:
        self._folder = folder
        self._name = name
        self._replace = replace
        self._draft = folder.root / f"{_PREFIX}{secrets.token_hex(8)}"
        # A cancelled request must not close the file while another thread writes to it.
        self._lock = threading.Lock()
        self._size = 0
        self._sha256 = hashlib.sha256()
        self._head = b""
        self._file = os.fdopen(os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb")

    def write(self, data: bytes) -> None:
        """Writes the next bytes.

        Raises:
            UploadTooLarge: the document is too large.
            RequestFault: the content does not fit the suffix.
            UploadNotStored: the disk refused.
        """
        with self._lock, _storage_errors(self._folder.root, self._name, self._size + len(data)):
            self._size += len(data)
            self._folder.check_size(self._size)
            if len(self._head) < HEAD_BYTES:
                self._head += data[: HEAD_BYTES - len(self._head)]
                if len(self._head) == HEAD_BYTES:
                    check_head(self._name, self._head)
            self._sha256.update(data)
            self._file.write(data)

    def store(self) -> StoredUpload:
        """Stores the complete document; raises as :meth:`write` and :meth:`UploadFolder.store`."""
        with self._lock:
            check_head(self._name, self._head)
            with _storage_errors(self._folder.root, self._name, self._size):
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
            return self._folder.store(
                self._draft, self._name, self._size, self._sha256.hexdigest(), replace=self._replace
            )

    def discard(self) -> None:
        """Deletes the temporary file, if it was not stored."""
        with self._lock:
            with suppress(OSError):  # flushing the buffer fails on a full disk
                self._file.close()
            with suppress(OSError):
                self._draft.unlink(missing_ok=True)


@contextmanager
def _storage_errors(folder: Path, name: str, size: int) -> Iterator[None]:
    """Turns OSError into UploadNotStored; ``size`` is the number of bytes to be stored."""
    try:
        yield
    except OSError as error:
        message = f"{name} could not be stored: {error.strerror or error}"
        if error.errno not in _FULL:
            raise UploadNotStored(f"{message}; can the service write in RAG_DOCUMENTS?") from error
        free = shutil.disk_usage(folder).free
        raise UploadNotStored(
            f"{message} ({size:,} bytes needed, {free:,} free); make room, and send it again"
        ) from error


def _is_document(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _taken(name: str) -> NameTaken:
    return NameTaken(f"another document has the name {name}; choose another name, or send it with ?replace=true")


def _takes_files(folder: Path) -> bool:
    """True if a file can be made there: the permissions of /proc, or of a read-only disk, do not tell."""
    try:
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
