"""Durable, atomic file writes: fsync of files and folders, and renames into place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from rag.errors import IndexCorrupt
from rag.index.layout import MANIFEST, MANIFEST_DIGEST, IndexLayout
from rag.index.manifest import ManifestFile
from rag.runtime import files

_BLOCK: Final = 1 << 20


def write(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Writes a new file; OSError where the disk refuses."""
    with path.open("wb") as file:
        fill(file)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a new file; OSError where the disk refuses."""
    write(path, lambda file: file.write(data))


def copy_folder(source: Path, target: Path) -> None:
    """Copies the files of a folder, and those below it, into a new one; OSError where the disk refuses."""
    target.mkdir()
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir()
        else:
            write(copy, lambda file, path=path: file.writelines(blocks(path)))  # type: ignore[misc]


def make_folder(folder: Path) -> None:
    """Creates a folder with its parents and syncs each parent, so that a crash does not lose them."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        files.sync(folder.parent)


def sync_files(folder: Path) -> None:
    """Syncs every file of a folder, then the folders themselves."""
    paths = sorted(folder.rglob("*"))
    for path in [path for path in paths if path.is_file()]:
        files.sync(path)
    for path in [path for path in paths if path.is_dir()]:
        files.sync(path)
    files.sync(folder)


def file_rows(folder: Path) -> Iterator[ManifestFile]:
    """Name, size and SHA-256 of each file of a folder, read back from the disk."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield ManifestFile(
            name=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=files.sha256_of_file(path)
        )


def blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, a megabyte at a time."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def move_away(path: Path, layout: IndexLayout) -> None:
    """Deletes a file or folder by way of the trash, so that a crash leaves no half-deleted folder in place."""
    target = layout.trash / path.name
    path.rename(target)
    files.sync(path.parent)
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()


class CommitUnsure(OSError):
    """The disk failed at the commit, and again when it was undone: either generation may be current after a crash."""


def point_to(layout: IndexLayout, name: str, manifest_digest: str) -> None:
    """Commit: makes a generation the current one.

    Raises:
        OSError: the disk refused; the one before is still the current one.
        CommitUnsure: the disk refused to undo it too; after a crash either may be current.
    """
    draft, before = layout.work / "CURRENT", layout.work / "CURRENT.before"
    write_bytes(draft, json.dumps({"generation": name, "manifest_sha256": manifest_digest}).encode())
    files.sync(draft)
    replaced = layout.current.exists()
    if replaced:
        # Written before the commit, because a disk that has just failed may not take it.
        write_bytes(before, layout.current.read_bytes())
        files.sync(before)
    files.sync(layout.work)
    draft.replace(layout.current)
    try:
        files.sync(layout.root)
    except OSError as error:
        # It may or may not survive a power failure, so it must not be reported as published.
        try:
            if replaced:
                before.replace(layout.current)
            else:
                layout.current.unlink()
        except OSError:
            raise CommitUnsure(error.errno, f"{error.strerror}, just when generation {name} became current") from error
        raise


def published_digest(layout: IndexLayout, name: str) -> str:
    """Digest of a generation's manifest as it was published.

    Raises:
        IndexCorrupt: it cannot be read.
    """
    path = layout.generation(name) / MANIFEST_DIGEST
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise IndexCorrupt(
            f"generation {name}: {MANIFEST_DIGEST} cannot be read, so {MANIFEST} proves nothing"
        ) from error
    return text


def free_bytes(folder: Path) -> int:
    """Free bytes on the disk of a folder, which need not exist yet."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free
