"""Key file: access keys as JSON, with the SHA-256 of each secret. Made by ``python -m rag keys``, read by the service.

``{"format": 1, "keys": [{"id", "sha256", "scopes", "created", "expires", "requests_per_minute", "collections"}]}``,
with dates of ISO 8601; all but the first three may be null, and the last is left out then. See docs/operations.md.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.domain.collection_name import NAME_PATTERN
from rag.errors import KeyFileFault
from rag.service.access.access_key import SCOPES, AccessKey, KeyScope, digest_of

MAX_KEYS: Final = 1000
MAX_BYTES: Final = 512 * 1024
MAX_REQUESTS_PER_MINUTE: Final = 1_000_000
MAX_COLLECTIONS: Final = 100
ID_PATTERN: Final = r"[a-z0-9][a-z0-9._-]{0,63}"

_REPAIR: Final = "repair it, or move it away and make keys with `python -m rag keys new ID`"
# A request without a key has this digest.
_EMPTY: Final = digest_of(b"")


_Collection = Annotated[str, Field(pattern=f"^{NAME_PATTERN}$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", repr=False)]
    scopes: Annotated[tuple[KeyScope, ...], Field(min_length=1, max_length=len(SCOPES))]
    created: date | None
    expires: date | None
    requests_per_minute: Annotated[int, Field(ge=0, le=MAX_REQUESTS_PER_MINUTE)] | None = None
    # Left out where the key opens all: earlier versions read such files.
    collections: Annotated[
        Annotated[tuple[_Collection, ...], Field(min_length=1, max_length=MAX_COLLECTIONS)] | None,
        Field(exclude_if=lambda value: value is None),
    ] = None


class _KeyFileContents(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal[1]
    keys: Annotated[tuple[_Row, ...], Field(max_length=MAX_KEYS)]


@dataclass(frozen=True)
class FileVersion:
    """Version of a file, by which a change shows without reading it."""

    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileVersion:
        """The version that a status describes."""
        return cls(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def parse_keys(data: bytes, name: str) -> tuple[AccessKey, ...]:
    """The keys in the bytes of a key file.

    Args:
        data: the bytes; any are allowed.
        name: of the file, for messages.

    Raises:
        KeyFileFault: it is no key file. The message quotes nothing of it but ids of keys.
    """
    try:
        rows = _KeyFileContents.model_validate_json(data).keys
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise KeyFileFault(f"{name} is no key file: {_place(first['loc'])}{first['msg']}; {_REPAIR}") from None
    check_unique([row.id for row in rows], f"{name} has two keys with the id")
    check_unique([row.sha256 for row in rows], f"{name} has one secret under two ids, or twice", shown=False)
    for row in rows:
        if row.sha256 == _EMPTY:
            raise KeyFileFault(f"{name}: the secret of {row.id} is empty; {_REPAIR}")
    return tuple(map(_key, rows))


def _key(row: _Row) -> AccessKey:
    opens = None if row.collections is None else frozenset(row.collections)
    return AccessKey(
        row.id, row.sha256, frozenset(row.scopes), row.created, row.expires, row.requests_per_minute, opens
    )


def check_unique(values: Sequence[str], fault: str, *, shown: bool = True) -> None:
    """Refuses values that occur twice; KeyFileFault with ``fault`` and, where it may be shown, the value."""
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise KeyFileFault(f"{fault}{f' {twice[0]}' if shown else ''}; {_REPAIR}")


def _place(location: tuple[int | str, ...]) -> str:
    """Place of an error in the file: ``keys.0.scopes: ``. Names that the format does not have may be secrets."""
    known = {"format", "keys", *_Row.model_fields}
    parts = [str(part) if isinstance(part, int) or part in known else "(unknown member)" for part in location]
    return f"{'.'.join(parts)}: " if parts else ""


def serialized(keys: Sequence[AccessKey]) -> bytes:
    """The bytes of a key file, with the scopes of each key in their usual order."""
    rows = tuple(
        _Row(
            id=key.id,
            sha256=key.sha256,
            scopes=tuple(scope for scope in SCOPES if scope in key.scopes),
            created=key.created,
            expires=key.expires,
            requests_per_minute=key.requests_per_minute,
            collections=None if key.collections is None else tuple(sorted(key.collections)),
        )
        for key in keys
    )
    return _KeyFileContents(format=1, keys=rows).model_dump_json(indent=1).encode() + b"\n"


def read_keys(path: Path, elsewhere: Collection[str] = ()) -> tuple[tuple[AccessKey, ...], FileVersion]:
    """The keys of a file, and the version of it that was read.

    Args:
        path: the file.
        elsewhere: digests of secrets that are set elsewhere (``RAG_API_KEYS``, ``RAG_ADMIN_KEYS``), and so must not
            be in the file.

    Raises:
        KeyFileFault: the file is not there, cannot be read, is no key file, or everyone may write it.
    """
    try:
        # Not blocking: a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _check_kind(status, path)
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise KeyFileFault(
            f"there is no key file {path}; `python -m rag keys new ID` makes it, or set RAG_KEY_FILE"
        ) from None
    except OSError as error:
        raise KeyFileFault(
            f"the key file {path} cannot be read: {error.strerror}; give it to the user that runs this (uid "
            f"{os.geteuid()})"
        ) from None
    if len(data) > MAX_BYTES:
        raise KeyFileFault(f"{path} is no key file: it has more than {MAX_BYTES:,} bytes; {_REPAIR}")
    keys = parse_keys(data, str(path))
    for key in keys:
        if key.sha256 in elsewhere:
            raise KeyFileFault(
                f"{path}: the key {key.id} is in RAG_API_KEYS or RAG_ADMIN_KEYS, too, so it would have two sets of "
                "scopes: keep it in one place"
            )
    return keys, FileVersion.of(status)


def _check_kind(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileFault(f"{path} is no file, so no key file; set RAG_KEY_FILE to one")
    if status.st_mode & stat.S_IWOTH:
        raise KeyFileFault(f"every user of this machine may write keys into {path}; `chmod 600 {path}` mends that")
