"""Durable files: atomic replacement (write, fsync, rename, fsync of the folder), fsync, SHA-256 digests."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

# Of the final name, in that of the draft: with what is added, a name has at most 255 bytes.
_MOST_OF_NAME = 50


def write_atomically(
    path: Path,
    data: bytes | str,
    *,
    mode: int = 0o666,
    draft: Path | None = None,
    owner: tuple[int, int] | None = None,
) -> None:
    """Replaces a file by one with other contents: after a crash, or an error, it has either the old or the new ones.

    The order is that of LWN's "A way to do atomic writes" (https://lwn.net/Articles/789600): a draft in the same
    folder, write, fsync, rename, fsync of the folder.

    Args:
        path: the file; it need not be there yet, its folder must be.
        data: what it is to contain; text is encoded in UTF-8.
        mode: its permissions, less the umask.
        draft: name of the draft, in the same folder, for a caller that clears away what a crash has left; it must not
            be there yet. By default a name that no other process chooses.
        owner: its user and group, as numbers; by default those of this process.

    Raises:
        OSError: the disk refused, and the draft is removed. What was there stays, unless it was the last step, the
            fsync of the folder, that failed: then the new file is in place, and a power failure may take it back.
        UnicodeEncodeError: the text has lone surrogates.
    """
    data = data.encode() if isinstance(data, str) else data
    draft = draft or path.with_name(f".{path.name[:_MOST_OF_NAME]}.{secrets.token_hex(8)}.draft")
    # Exclusive: it must not follow a link that another user has put there.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if owner:
                os.fchown(descriptor, *owner)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Fsyncs a file or a folder.

    A failure is final: after it the kernel may take the pages for clean, and a second try would succeed without having
    written anything (https://www.usenix.org/conference/atc20/presentation/rebello).

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        # What is read back should come from the disk, not from memory; where it cannot be dropped, no harm is done.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's contents, in hex; OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
