"""Erasure of documents: out of every generation and of the stored sources, at once.

A generation without them is published; then their sources go, and every generation that names them. The names are
looked up in the generations, so these go last: an erasure that was killed is finished by running it again.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.domain.attached_file import ATTACHED_TO
from rag.domain.file_status import INDEXED, FileRow
from rag.errors import DocumentUnknown, IndexFault
from rag.index import durable_files
from rag.index.docstore.docstore import Docstore
from rag.index.docstore.writing import Entry
from rag.index.layout import DOCSTORE, REPORT, IndexLayout, own_files
from rag.index.manifest import Manifest
from rag.index.pending_vectors import remove_pending
from rag.index.reading import generation_names, open_generation, read_current, read_manifest, verify_file
from rag.index.text_search import TextSearch
from rag.index.writer import GenerationMetadata, IndexWriter
from rag.runtime import files

ReportOf = Callable[[Sequence[FileRow]], Mapping[str, Any]]


@dataclass(frozen=True)
class ToErase:
    """Documents to erase.

    Attributes:
        names: every name that one of them has or had.
        ids: SHA-256 of their contents, each version that is there.
        files: where they were read, as far as the index knows.
        search: pieces of their text that no other document has.
    """

    names: frozenset[str]
    ids: frozenset[str]
    files: frozenset[str]
    search: TextSearch = field(default_factory=lambda: TextSearch(()))

    def names_row(self, row: FileRow) -> bool:
        """True if a row is of one of the documents."""
        return row.path in self.names or row.sha256 in self.ids


def find_documents(layout: IndexLayout, names: Sequence[str]) -> ToErase:
    """Looks documents up by name, in every generation; copies with the same content under other names belong to them.

    Files that are attached to one of them belong to it, but for those that are other documents, too.

    Raises:
        DocumentUnknown: no generation has a document or a file of this name, or its content is attached to another
            document, which would keep it.
    """
    rows = [
        row for name in generation_names(layout) if (manifest := _manifest(layout, name)) for row in manifest.sources
    ]
    wanted = {_normal(name) for name in names}
    named = [row for row in rows if _normal(row.path) in wanted]
    if unknown := wanted - {_normal(row.path) for row in named}:
        raise DocumentUnknown(
            f"no generation of the index in {layout.root} has a document named {min(unknown)!r}; "
            "python -m rag ask, and /documents there, lists the names",
            "documents",
        )
    ids = {row.sha256 for row in named if row.sha256}
    held = {row.sha256 for row in rows if row.inside not in ids and row.sha256 not in ids}
    ids |= {row.sha256 for row in rows if row.inside in ids and row.sha256 and row.sha256 not in held}
    same = [*named, *(row for row in rows if row.sha256 in ids or row.inside in ids)]
    _check_not_attached(rows, ids, layout)
    found = ToErase(
        frozenset(row.path for row in same), frozenset(ids), frozenset(row.file for row in same if row.file)
    )
    search = TextSearch(_texts(layout, lambda document_id: document_id in ids))
    search.leave_out(_texts(layout, lambda document_id: document_id not in ids, newest=True))
    return ToErase(found.names, found.ids, found.files, search)


def _check_not_attached(rows: Sequence[FileRow], ids: Container[str | None], layout: IndexLayout) -> None:
    """Refuses to erase what a document that stays has in itself."""
    for row in rows:
        if row.sha256 in ids and row.inside and row.inside not in ids:
            name, _, attached = row.path.rpartition(ATTACHED_TO)
            raise DocumentUnknown(
                f"{attached!r} is in {layout.root} as a part of {name!r}, to which it is attached: erase that",
                "documents",
            )


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _manifest(layout: IndexLayout, name: str) -> Manifest | None:
    with suppress(IndexFault):
        return read_manifest(layout.generation(name), durable_files.published_digest(layout, name))
    return None


def _texts(layout: IndexLayout, wanted: Callable[[str], bool], *, newest: bool = False) -> Iterator[str]:
    """The pages of documents; of all generations, or of the current one. A damaged docstore is not opened."""
    for name in [read_current(layout)[0]] if newest else generation_names(layout):
        with suppress(IndexFault):
            manifest = _manifest(layout, name)
            for row in manifest.files if manifest else ():
                if row.name == DOCSTORE:
                    verify_file(layout.generation(name), row)
                    with closing(Docstore(layout.generation(name) / DOCSTORE)) as docstore:
                        for document in filter(lambda held: wanted(held.id), docstore.documents):
                            yield from (docstore.page(document.id, n).text for n in range(1, document.pages + 1))


def erase_documents(writer: IndexWriter, what: ToErase, report: ReportOf) -> tuple[str | None, Sequence[str]]:
    """Erases documents from the index, but for the search that proves it.

    Args:
        writer: of the index.
        what: documents to erase.
        report: gives ``report.json`` of the new generation from the rows that stay.

    Returns:
        The generation that is current now, None where no document is left; and the generations that were removed.

    Raises:
        IndexMissing, IndexCorrupt, IndexForeign: the current generation cannot be read.
        OSError: the disk refused; running it again goes on.
    """
    layout = writer.layout
    current = read_current(layout)[0]
    if _names(layout, current, what):
        current = _publish_without(writer, what, report) or ""
    for document_id in sorted(what.ids):
        for path in (layout.source(document_id), layout.guide(document_id)):
            if path.exists():
                durable_files.move_away(path, layout)
    remove_pending(layout)
    gone = [name for name in generation_names(layout) if name != current and _names(layout, name, what)]
    for name in gone:
        durable_files.move_away(layout.generation(name), layout)
    return current or None, gone


def _names(layout: IndexLayout, name: str, what: ToErase) -> bool:
    """True if a generation has one of the documents, names one in its report, or cannot be read."""
    manifest = _manifest(layout, name)
    if manifest is None or any(map(what.names_row, manifest.sources)):
        return True
    try:
        rows = json.loads((layout.generation(name) / REPORT).read_bytes())["files"]
        return any(row["path"] in what.names for row in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _publish_without(writer: IndexWriter, what: ToErase, report: ReportOf) -> str | None:
    """Publishes a generation without the documents; without any, takes the index back to where it has none."""
    layout = writer.layout
    name, digest = read_current(layout)
    manifest = read_manifest(layout.generation(name), digest)
    rows = [row for row in manifest.sources if not what.names_row(row)]
    entries = _entries(rows)
    if not entries:
        layout.current.unlink()
        files.sync(layout.root)
        return None
    with closing(open_generation(layout.generation(name), digest, manifest.encoder, layout)) as before:
        about = GenerationMetadata(manifest.encoder, manifest.chunker, rows)
        return writer.publish(entries, before, writer.staging(), about, lambda: report(rows))


def _entries(rows: Sequence[FileRow]) -> list[Entry]:
    names: dict[str, list[str]] = {}
    for row in rows:
        if row.sha256 and row.status in INDEXED:
            names.setdefault(row.sha256, []).append(row.path)
    return [Entry(document_id, tuple(listed), fresh=False) for document_id, listed in names.items()]


def still_in(what: ToErase, layout: IndexLayout, folders: Sequence[Path]) -> tuple[list[Path], int, int]:
    """Searches all files of the index and of other folders for the documents' ids and text.

    Stored sources of other documents are not searched: what they have is their own. Nor are further collections, which
    may have the same documents.

    Returns:
        The files that have some of it; how many files were searched; and their bytes.

    Raises:
        OSError: a file cannot be read.
    """
    ids = TextSearch(what.ids)
    manifests = filter(None, (_manifest(layout, name) for name in generation_names(layout)))
    kept = {row.sha256 for manifest in manifests for row in manifest.sources} - what.ids
    paths = [
        path
        for folder in (layout.root, *folders)
        if folder.is_dir()
        for path in own_files(folder)
        if not (path.parent == layout.sources and path.name in kept)
    ]
    found = [path for path in paths if path.name in what.ids or ids.is_in(path) or what.search.is_in(path)]
    return found, len(paths), sum(path.stat().st_size for path in paths)
