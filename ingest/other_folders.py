"""Documents of other folders: those of the index that are not under the paths of this run.

An index mirrors the paths that are given. A document that has gone from them leaves the index; one that was never
under them would leave it by a slip, so that needs a word.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, TypeAlias

from ingest.discovery import SourceFile, is_under
from rag.domain.file_status import INDEXED, FileRow
from rag.errors import IndexFault, IndexMissing, NothingToIngest, OtherFolders
from rag.index.layout import IndexLayout
from rag.index.reading import read_current, read_manifest
from rag.runtime.files import sha256_of_file
from rag.text.characters import printable

# With documents of other folders: leave the index as it is, keep them, or let them go.
OtherDocuments: TypeAlias = Literal["refuse", "keep", "replace"]

_NAMED: Final = 2
_ANSWERS: Final[Mapping[str, OtherDocuments]] = {"a": "keep", "add": "keep", "r": "replace", "replace": "replace"}


def recorded(index: Path) -> Sequence[FileRow]:
    """The documents of the current generation, whatever encoder it was made with; none where there is no index.

    Raises:
        IndexCorrupt, IndexForeign: it cannot be read.
    """
    layout = IndexLayout(index)
    try:
        name, digest = read_current(layout)
    except IndexMissing:
        return ()
    return [row for row in read_manifest(layout.generation(name), digest).sources if row.status in INDEXED]


def not_under(paths: Sequence[Path], rows: Sequence[FileRow]) -> list[FileRow]:
    """The documents that are not under these paths, as far as the index knows where they were.

    Files that are attached to a document go where it goes.
    """
    return [row for row in rows if row.file and not row.inside and not any(is_under(row.file, path) for path in paths)]


def would_be_lost(paths: Sequence[Path], rows: Sequence[FileRow], files: Sequence[SourceFile]) -> list[FileRow]:
    """The documents of other folders whose content is not among these files, either: a folder may have been moved.

    An index of before 0.3 does not tell where its documents were: they count as those of another folder if fewer than
    half of them are here, by name or by content.

    Args:
        paths: that are given.
        rows: documents of the index.
        files: found under the paths.
    """
    elsewhere = not_under(paths, rows)
    unknown = [row for row in rows if not row.file]
    held = set(_digests(files, {row.size for row in [*elsewhere, *unknown]}))
    names = {file.name for file in files}
    gone = [row for row in unknown if row.path not in names and row.sha256 not in held]
    lost = [row for row in elsewhere if row.sha256 not in held]
    return [*lost, *(gone if 2 * len(gone) > len(unknown) else ())]


def _digests(files: Sequence[SourceFile], sizes: set[int]) -> Iterator[str]:
    """Digests of the files that have one of these sizes."""
    for file in files if sizes else ():
        with suppress(OSError):  # it is not among those that can be read
            if file.path.is_file() and file.path.stat().st_size in sizes:
                yield sha256_of_file(file.path)


def stored_files(rows: Sequence[FileRow], layout: IndexLayout) -> list[SourceFile]:
    """Documents of the index as files to ingest; their bytes are those that the index has stored."""
    return [
        SourceFile(layout.source(row.sha256), row.path, file=row.file or "", digest=row.sha256, size=row.size)
        for row in rows
        if row.sha256
    ]


def documents_in(index: Path) -> list[SourceFile]:
    """The documents of an index as files to ingest, from the copies that it has.

    Raises:
        IndexCorrupt, IndexForeign: it cannot be read.
        NothingToIngest: there is no index.
    """
    rows = [row for row in recorded(index) if not row.inside]
    if not rows:
        raise NothingToIngest(f"no index in {index} to rebuild; make one: python -m ingest PATH")
    return sorted(stored_files(rows, IndexLayout(index)), key=lambda file: file.name)


def described(rows: Sequence[FileRow]) -> str:
    """Summary of some documents for people: their number, and the first names."""
    named = ", ".join(printable(row.file or row.path) for row in rows[:_NAMED])
    more = ", …" if len(rows) > _NAMED else ""
    return f"{len(rows):,} document{'s' * (len(rows) != 1)} from elsewhere ({named}{more})"


def ask_about_others(paths: Sequence[Path], index: Path, files: Sequence[SourceFile]) -> OtherDocuments:
    """Asks on a terminal what becomes of documents that would be lost; "refuse" elsewhere, and where none would be.

    Raises:
        OtherFolders: the person wants neither.
    """
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return "refuse"
    rows: Sequence[FileRow] = ()
    with suppress(IndexFault):  # the job tells it
        rows = recorded(index)
    if not (lost := would_be_lost(paths, rows, files)):
        return "refuse"
    sys.stderr.write(f"The index has {described(lost)}.\n[a]dd to them, [r]eplace them, or stop? ")
    sys.stderr.flush()
    answer = _ANSWERS.get(sys.stdin.readline().strip().lower())
    if answer is None:
        raise refusal(lost)
    return answer


def refusal(rows: Sequence[FileRow]) -> OtherFolders:
    """The fault of a run that would let these documents go."""
    return OtherFolders(
        f"the index has {described(rows)}, and is as it was: with --add they stay beside what is given, "
        "with --replace they leave the index; or give all folders in one run"
    )
