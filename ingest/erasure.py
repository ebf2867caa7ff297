"""Erasure of documents from index and records, with a search of all files that proves it; ``--erase`` of the job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ingest.reporting.report import Report
from rag.domain.file_status import INDEXED, FileRow
from rag.index.erasure import ToErase, erase_documents, find_documents, still_in
from rag.index.layout import IndexLayout, own_files
from rag.index.reading import read_current
from rag.index.text_search import TextSearch
from rag.index.writer import open_writer
from rag.runtime.keyed_lines import KeyedLines
from rag.text.characters import printable


@dataclass(frozen=True)
class Erasure:
    """Outcome of an erasure.

    Attributes:
        names: every name that the documents had.
        contents: how many versions of them there were.
        generation: the one that is current now; None where no document is left.
        removed_generations, removed_records: what was removed because it held them.
        searched_files, searched_bytes: what was searched afterwards.
        pieces: how many pieces of their text, which no other document has, were searched for.
        found_in: files that have some of it all the same; none as a rule.
        documents: the documents themselves, where they still are: the next run would read them again.
    """

    names: Sequence[str]
    contents: int
    generation: str | None
    removed_generations: Sequence[str]
    removed_records: int
    searched_files: int
    searched_bytes: int
    pieces: int
    found_in: Sequence[str]
    documents: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """The outcome as ``--json`` prints it."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """The outcome for a person."""
        yield (
            f"Erased {', '.join(map(printable, self.names))} ({_count(self.contents, 'version')}), with "
            f"{_count(len(self.removed_generations), 'generation')} and {_count(self.removed_records, 'record')}."
        )
        if self.generation:
            yield f"Generation {self.generation} is current; a running service takes it within seconds."
        else:
            yield "No document is left in the index."
        found = f"found in {', '.join(map(printable, self.found_in))}" if self.found_in else "nothing is left"
        yield (
            f"Searched {_count(self.searched_files, 'file')} ({self.searched_bytes / 1e6:,.1f} MB) for "
            f"{_count(self.pieces, 'piece')} of text: {found}."
        )
        if self.documents:
            yield f"Remove the file too, or the next ingest reads it again: {', '.join(map(printable, self.documents))}"


def erase(index: Path, names: Sequence[str], records: Path | None) -> Erasure:
    """Erases documents from every generation, the sources and the records, and searches all files for their text.

    All of that is of one collection: another one may have the same documents, and keeps them.

    Args:
        index: directory of the index.
        names: of documents, as the index has them, in any Unicode form.
        records: folder of the answers' records; None where none are kept.

    Raises:
        IndexMissing, IndexCorrupt, IndexForeign: the index cannot be read.
        DocumentUnknown: a name is in no generation.
        IndexBusy: another writer is at work.
        PublishFailed: the disk refused; running it again goes on.
    """
    read_current(IndexLayout(index))  # raises where there is no index, so that none is created
    folders = [records] if records else []
    with open_writer(index) as writer:
        what = find_documents(writer.layout, names)
        # Before the generations, which tell what to look for, and again for what was recorded meanwhile.
        removed = _remove_records(folders, what)
        generation, gone = erase_documents(writer, what, _report)
        removed += _remove_records(folders, what)
        found, files, size = still_in(what, writer.layout, folders)
    return Erasure(
        names=sorted(what.names),
        contents=len(what.ids),
        generation=generation,
        removed_generations=gone,
        removed_records=removed,
        searched_files=files,
        searched_bytes=size,
        pieces=len(what.search),
        found_in=list(map(str, found)),
        documents=sorted(file for file in what.files if Path(file).exists()),
    )


def _remove_records(folders: Sequence[Path], what: ToErase) -> int:
    """Removes the records that have an id of the documents or some of their text; returns how many.

    Of what people have said of answers, only such lines go.
    """
    ids = TextSearch(what.ids)
    paths = [path for folder in folders if folder.is_dir() for path in own_files(folder)]
    lines = [path for path in paths if path.suffix == ".jsonl"]
    removed = sum(
        KeyedLines(path).drop(lambda line: ids.is_in_bytes(line) or what.search.is_in_bytes(line)) for path in lines
    )
    paths = [path for path in paths if path not in lines]
    gone = [path for path in paths if ids.is_in(path) or what.search.is_in(path)]
    for path in gone:
        path.unlink()
    return len(gone) + removed


def _report(rows: Sequence[FileRow]) -> dict[str, Any]:
    """The ingest report of the generation without the documents."""
    shown = [replace(row, status="unchanged") if row.status in ("ok", "partial") else row for row in rows]
    chunks = sum(row.chunks for row in rows if row.status in INDEXED)
    return Report("", published=True, files=shown, chunks=chunks, embedded=0, reused=chunks, seconds=0.0).to_json()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
