"""File discovery: the files to ingest, and their names."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from rag.errors import NothingToIngest
from rag.text.characters import readable


@dataclass(frozen=True)
class SourceFile:
    """A file to ingest.

    Attributes:
        path: of the bytes to read.
        name: path relative to the given folder, in Unicode's form NFC: macOS writes other bytes for the same name.
        folder: the given folder, absolute, or that of the given file; empty where it does not matter.
        file: absolute path of the document, without links in the folder's; empty where it does not matter.
        digest: SHA-256 of a document that the index has; None for a file that is to be hashed.
        size: of such a document, in bytes.
        inside: SHA-256 of the document that it is attached to; None for a file of its own.
    """

    path: Path
    name: str
    folder: str = ""
    file: str = ""
    digest: str | None = None
    size: int = 0
    inside: str | None = None


def discover(paths: Sequence[Path]) -> list[SourceFile]:
    """Finds every file in the folders, sorted by name, without hidden ones.

    Raises:
        NothingToIngest: a path does not exist, or there is no file.
    """
    files: dict[str, SourceFile] = {}
    for root in paths:
        if not os.path.exists(root):  # noqa: PTH110 - Path.exists raises for a name that is too long
            raise NothingToIngest(f"{root} does not exist")
        folder = (root if root.is_dir() else root.parent).resolve()
        for path in _walk(root):
            relative = path.relative_to(root) if root.is_dir() else Path(path.name)
            file = SourceFile(path, _name(relative), str(folder), readable(str(folder / relative)))
            file = _renamed(file, files)
            files[file.name] = file
    if not files:
        raise NothingToIngest(f"no file in {', '.join(map(str, paths))}; put PDFs there and run it again")
    return [files[name] for name in sorted(files)]


def beside(files: Sequence[SourceFile], others: Sequence[SourceFile]) -> list[SourceFile]:
    """Files together with others, which keep their names, sorted by name."""
    named = {file.name: file for file in others}
    for file in files:
        file = _renamed(file, named)
        named[file.name] = file
    return [named[name] for name in sorted(named)]


def _renamed(file: SourceFile, taken: Container[str]) -> SourceFile:
    """The file under its name, or with the folder's name before it where another one has that name."""
    folder = readable(Path(file.folder).name)
    others = (f"{folder} ({number})/{file.name}" for number in count(2))
    name = next(free for free in chain([file.name, f"{folder}/{file.name}"], others) if free not in taken)
    return replace(file, name=name)


def _name(relative: Path) -> str:
    # A file name may be invalid UTF-8, which neither JSON nor SQLite takes.
    return unicodedata.normalize("NFC", readable(relative.as_posix()))


def _walk(root: Path) -> Iterator[Path]:
    """Every visible entry that is not a folder, links to folders included, which are not followed."""
    if not root.is_dir():
        yield root
        return
    for folder, folders, names in os.walk(root, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in sorted([*links, *names]) if not name.startswith("."))


def _refuse(error: OSError) -> None:
    """Fails for a folder that cannot be opened: its documents must not count as deleted."""
    raise NothingToIngest(f"{error.filename} cannot be read: {error.strerror}; the index is as it was") from error


def is_under(file: str, path: Path) -> bool:
    """True if a document's absolute path is that of a given file, or in a given folder, by their names alone."""
    root = path.resolve() if path.is_dir() else path.parent.resolve() / path.name
    return Path(file).is_relative_to(readable(str(root)))


def is_regular(path: Path) -> bool:
    """True if a path is a regular file; True too where that cannot be found out: reading gives the reason."""
    try:
        # A file that is gone meanwhile does not exist at all: reading it gives the reason.
        return path.is_file() or not os.path.lexists(path)
    except OSError:  # a folder that may be listed, but not entered
        return True
