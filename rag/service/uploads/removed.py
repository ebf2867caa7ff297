"""Removed documents: they leave the upload folder for a hidden folder in it, which the ingest job does not look into.

The page has a button for it, and the file may be the only one: nothing that a person clicks there deletes it.
"""

from __future__ import annotations

import errno
import os
import shutil
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Final

from rag.runtime.files import sync
from rag.service.media_types import SUFFIXES

FOLDER: Final = ".pageproof-removed"
# A file system that has no hard links.
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS)


def keep_copy(root: Path, name: str) -> str:
    """Keeps the file of a document under a second name, so that the first may be replaced or removed.

    Args:
        root: the upload folder.
        name: of the document in it; its folders are kept.

    Returns:
        The second name, relative to ``root``.

    Raises:
        OSError: the disk refused.
    """
    kept = root / FOLDER / name
    kept.parent.mkdir(parents=True, exist_ok=True)
    others = (kept.with_name(f"{kept.stem} ({number}){kept.suffix}") for number in count(2))
    free = next(path for path in chain([kept], others) if _is_linked(root / name, path))
    sync(free.parent)
    return free.relative_to(root).as_posix()


def _is_linked(source: Path, target: Path) -> bool:
    """Gives a file a second name; False if that is taken."""
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if target.exists():
            return False
        shutil.copy2(source, target)
    return True


def is_document(root: Path, name: str) -> bool:
    """True if a name, relative to the folder, is that of a visible file in it; no link is followed."""
    parts = PurePosixPath(name).parts
    if not parts or "\0" in name or any(part.startswith((".", "/")) for part in parts):
        return False
    path = root
    try:
        for part in parts:
            path = path / part
            if path.is_symlink():
                return False
        return path.is_file()
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return False


def has_others(root: Path, name: str) -> bool:
    """True if the folder has another document than this one."""
    for folder, folders, names in os.walk(root):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for each in names:
            if not each.startswith(".") and each.lower().endswith(SUFFIXES) and Path(folder, each) != root / name:
                return True
    return False
