"""Changes of a key file: new and revoked keys, one change at a time, and whole or not at all."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rag.errors import KeyFileFault
from rag.runtime.files import write_atomically
from rag.service.access.access_key import AccessKey
from rag.service.access.key_file import ID_PATTERN, MAX_BYTES, MAX_COLLECTIONS, MAX_KEYS, read_keys, serialized

_NEW_MODE: Final = 0o600
# Nobody but the owner may write; readers stay as they were.
_KEPT_MODE: Final = 0o644
_ID: Final = re.compile(ID_PATTERN)


def add_key(path: Path, key: AccessKey) -> None:
    """Adds a key to a file, which is made if it is not there.

    Raises:
        KeyFileFault: there is a key with this id, the id is none, or the file cannot be used or written.
    """
    if not _ID.fullmatch(key.id):
        raise KeyFileFault(
            f"{key.id[:80]!r} cannot name a key: an id has at most 64 of a-z, 0-9, dot, - and _, and begins with a "
            "letter or digit"
        )
    if len(key.collections or ()) > MAX_COLLECTIONS:
        raise KeyFileFault(f"a key opens at most {MAX_COLLECTIONS} collections, or, without any named, all of them")
    with _locked(path) as target:
        keys = read_keys(target)[0] if os.path.lexists(target) else ()
        if any(other.id == key.id for other in keys):
            raise KeyFileFault(
                f"{path} has a key {key.id} already; choose another id, or first `python -m rag keys revoke {key.id}`"
            )
        if len(keys) >= MAX_KEYS:
            raise KeyFileFault(f"{path} has {MAX_KEYS:,} keys, which is the most; revoke some")
        _write(target, (*keys, key))


def remove_key(path: Path, key_id: str) -> None:
    """Removes a key from a file.

    Raises:
        KeyFileFault: there is no such key, or the file cannot be used or written.
    """
    with _locked(path) as target:
        keys = read_keys(target)[0]
        left = tuple(key for key in keys if key.id != key_id)
        if len(left) == len(keys):
            known = ", ".join(key.id for key in keys[:20]) or "none"
            raise KeyFileFault(f"{path} has no key {key_id[:80]!r}; the keys are: {known}{', ...' * (len(keys) > 20)}")
        _write(target, left)


@contextmanager
def _locked(path: Path) -> Iterator[Path]:
    """Holds the lock of a key file, that of its folder; yields the file itself, where the path is a link to it."""
    target = path.resolve()
    try:
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise KeyFileFault(
            f"the folder {target.parent} of the key file cannot be used: {error.strerror}; make it, or set RAG_KEY_FILE"
        ) from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield target
    finally:
        os.close(folder)


def _write(path: Path, keys: tuple[AccessKey, ...]) -> None:
    """Replaces the file, with the owner and readers that it had: the service may run as another user than this."""
    data = serialized(keys)
    if len(data) > MAX_BYTES:
        raise KeyFileFault(f"{path} would have more than {MAX_BYTES:,} bytes, which is the most; revoke some keys")
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.unlink(missing_ok=True)  # of a run that was killed: this one holds the lock
        before = path.stat() if path.exists() else None
        mode = before.st_mode & _KEPT_MODE if before else _NEW_MODE
        owner = (before.st_uid, before.st_gid) if before else None
        write_atomically(path, data, mode=mode, draft=draft, owner=owner)
    except OSError as error:
        raise KeyFileFault(
            f"{path} cannot be written, and is as it was: {error.strerror}; run this as its owner, in a folder that "
            "may be written"
        ) from None
