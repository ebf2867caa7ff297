"""File discovery: the files to ingest, and their names."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from rag.errors import NothingToIngest


@dataclass(frozen=True)
class SourceFile:
    """A file to ingest; ``name`` is its path relative to the given folder."""

    path: Path
    name: str


def discover(paths: Sequence[Path]) -> list[SourceFile]:
    """Finds every file in the folders, sorted by name, without hidden ones.

    Raises:
        NothingToIngest: a path does not exist, or there is no file.
    """
    files: dict[str, SourceFile] = {}
    for root in paths:
        if not os.path.exists(root):  # noqa: PTH110 - Path.exists raises for a name that is too long
            raise NothingToIngest(f"{root} does not exist")
        for path in _walk(root):
            name = _free_name(path, root, files)
            files[name] = SourceFile(path, name)
    if not files:
        raise NothingToIngest(f"no file in {', '.join(map(str, paths))}; put PDFs there and run it again")
    return [files[name] for name in sorted(files)]


def _free_name(path: Path, root: Path, taken: Container[str]) -> str:
    """The path relative to ``root``, with the root's name before it where another root has the same path."""
    name = path.relative_to(root).as_posix() if root.is_dir() else path.name
    # A file name may be invalid UTF-8, which neither JSON nor SQLite takes.
    name = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    folder = (root if root.is_dir() else root.parent).resolve().name
    others = (f"{folder} ({number})/{name}" for number in count(2))
    return next(free for free in chain([name, f"{folder}/{name}"], others) if free not in taken)


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


def is_regular(path: Path) -> bool:
    """True if a path is a regular file; True too where that cannot be found out: reading gives the reason."""
    try:
        # A file that is gone meanwhile does not exist at all: reading it gives the reason.
        return path.is_file() or not os.path.lexists(path)
    except OSError:  # a folder that may be listed, but not entered
        return True
