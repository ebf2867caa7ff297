"""Writing that can be trusted: synced, read back, and never half of anything under its final name."""

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


def make_folder(folder: Path) -> None:
    """Makes a folder, and those that it is in, so that a crash does not lose them with what is put there."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        files.sync(folder.parent)


def sync_files(folder: Path) -> None:
    """Asks the disk to keep every file of a folder, and then the folders themselves."""
    paths = sorted(folder.rglob("*"))
    for path in [path for path in paths if path.is_file()]:
        files.sync(path)
    for path in [path for path in paths if path.is_dir()]:
        files.sync(path)
    files.sync(folder)


def file_rows(folder: Path) -> Iterator[ManifestFile]:
    """Each file of a folder, as it is read back from the disk."""
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
    """Deletes a file or folder in two steps, so that a crash between them leaves nothing that is half there."""
    target = layout.trash / path.name
    path.rename(target)
    files.sync(path.parent)
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()


class CommitUnsure(OSError):
    """The disk failed at the commit, and again when that was to be taken back; the text says what is current now."""


def point_to(layout: IndexLayout, name: str, manifest_digest: str) -> None:
    """Makes a generation the current one: the commit.

    Raises:
        OSError: the disk refused; the one before is still the current one.
        CommitUnsure: after a crash it may be either.
    """
    draft, before = layout.work / "CURRENT", layout.work / "CURRENT.before"
    write_bytes(draft, json.dumps({"generation": name, "manifest_sha256": manifest_digest}).encode())
    files.sync(draft)
    replaced = layout.current.exists()
    if replaced:
        # Written now, because a disk that has just failed may not take it.
        write_bytes(before, layout.current.read_bytes())
        files.sync(before)
    files.sync(layout.work)
    draft.replace(layout.current)
    try:
        files.sync(layout.root)
    except OSError as error:
        # It may or may not survive a power failure, so nobody may be told that it is published.
        try:
            if replaced:
                before.replace(layout.current)
            else:
                layout.current.unlink()
        except OSError:
            raise CommitUnsure(error.errno, f"{error.strerror}, just when generation {name} became current") from error
        raise


def published_digest(layout: IndexLayout, name: str) -> str:
    """The digest that a generation's manifest had when it was published.

    Raises:
        IndexCorrupt: it is not there, or is no digest.
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
    """What the disk still takes, in bytes; the folder itself need not be there yet."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free
