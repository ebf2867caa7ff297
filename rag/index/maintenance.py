"""Index maintenance: list and verify generations, roll back, collect garbage."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rag.errors import IndexCorrupt, IndexFault, IndexForeign, IndexMissing
from rag.index import durable_files
from rag.index.layout import VECTORS, IndexLayout, collection_names, collection_root
from rag.index.manifest import Counts, Manifest
from rag.index.pending_vectors import remove_pending
from rag.index.reading import GENERATION_NAME, generation_names, read_current, read_manifest, verify_file
from rag.index.writer import open_writer
from rag.runtime.files import sha256_of_file

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GenerationRow:
    """A published generation in a listing.

    Attributes:
        current: whether ``CURRENT`` names it.
        provisional: whether it has no vectors yet; such a one is removed with the next.
        counts: None where its manifest cannot be read; ``fault`` then says why.
        size: of its own files, in bytes; the sources that it shares with others are not counted.
    """

    name: str
    current: bool
    created: str
    parent: str | None
    counts: Counts | None
    size: int
    fault: str | None = None
    provisional: bool = False


@dataclass(frozen=True)
class GarbageCollection:
    """Result of a garbage collection; ``bytes`` of generations and sources together."""

    generations: tuple[str, ...]
    sources: int
    bytes: int


def list_generations(root: Path) -> list[GenerationRow]:
    """Every published generation, the newest first.

    Raises:
        IndexMissing: there is none.
    """
    layout = IndexLayout(root)
    names = generation_names(layout)
    if not names:
        raise IndexMissing(f"no index in {root}; make one: python -m ingest PATH")
    current = None
    with suppress(IndexFault):
        current = read_current(layout)[0]
    return [_row(layout, name, current=name == current) for name in names]


def _row(layout: IndexLayout, name: str, *, current: bool) -> GenerationRow:
    size = 0
    with suppress(OSError):  # it may be collected at this moment
        size = sum(path.stat().st_size for path in layout.generation(name).rglob("*") if path.is_file())
    try:
        manifest = _manifest(layout, name)
    except IndexFault as fault:
        return GenerationRow(name, current, "", None, None, size, str(fault))
    return GenerationRow(
        name,
        current,
        manifest.created,
        manifest.parent,
        manifest.counts,
        size,
        provisional=manifest.provisional,
    )


def _manifest(layout: IndexLayout, name: str) -> Manifest:
    return read_manifest(layout.generation(name), durable_files.published_digest(layout, name))


def verify_generation(root: Path, name: str) -> None:
    """Reads every byte of a generation, and of the sources that it names.

    Raises:
        IndexMissing: there is no such generation.
        IndexCorrupt, IndexForeign: something is not as it was published; the message names it.
    """
    for fault in faults_of(root, name):
        raise fault


def faults_of(root: Path, name: str) -> Iterator[IndexCorrupt | IndexForeign]:
    """Every file of a generation, and every source that it names, that is not as it was published.

    Every byte is read. Where the manifest is damaged, that is the only fault reported.

    Raises:
        IndexMissing: there is no such generation.
    """
    layout = IndexLayout(root)
    if not GENERATION_NAME.fullmatch(name) or not layout.generation(name).is_dir():
        raise IndexMissing(f"no generation {name} in {root}; python -m rag index list shows those that are there")
    try:
        manifest = _manifest(layout, name)
    except (IndexCorrupt, IndexForeign) as fault:
        yield fault
        return
    for row in manifest.files:
        try:
            verify_file(layout.generation(name), row)
        except IndexCorrupt as fault:
            yield fault
    for document_id in sources_of(manifest):
        try:
            _verify_source(layout, document_id, name)
        except IndexCorrupt as fault:
            yield fault


def _verify_source(layout: IndexLayout, document_id: str, name: str) -> None:
    path, label = layout.source(document_id), f"generation {name}: source {document_id[:12]}"
    try:
        found = sha256_of_file(path)
    except OSError as error:
        raise IndexCorrupt(f"{label}: {error.strerror}; ingest its folder again, and it is put back") from error
    if found != document_id:
        raise IndexCorrupt(f"{label} is damaged; remove {path} and ingest its folder again")


def roll_back(root: Path, name: str | None = None) -> str:
    """Makes an earlier generation the current one; a running service takes it within seconds.

    Args:
        root: the index directory.
        name: of the generation; None for the one before the current one.

    Returns:
        The name of the generation that is current now.

    Raises:
        IndexMissing: there is no such generation.
        IndexCorrupt, IndexForeign: it is not as it was published; the current one stays.
        IndexBusy, PublishFailed: as :func:`open_writer`.
    """
    layout = IndexLayout(root)
    if not layout.root.is_dir():
        raise IndexMissing(f"no index in {root}; make one: python -m ingest PATH")
    with open_writer(root):
        target = name or _before_current(layout)
        verify_generation(root, target)
        durable_files.point_to(layout, target, durable_files.published_digest(layout, target))
    return target


def _before_current(layout: IndexLayout) -> str:
    names = generation_names(layout)
    current = None
    with suppress(IndexCorrupt):
        current = read_current(layout)[0]
    older = [name for name in names if (current is None or name < current) and not _is_provisional(layout, name)]
    if not older:
        raise IndexMissing(f"there is no generation before {current or 'this one'} in {layout.root}")
    return older[0]


def _is_provisional(layout: IndexLayout, name: str) -> bool:
    """True if a generation is known to have no vectors."""
    with suppress(IndexFault):
        return _manifest(layout, name).provisional
    return False


def collect_garbage(layout: IndexLayout, keep: int) -> GarbageCollection:
    """Removes all but the current generation and the newest others, then sources and guides that none of them names.

    Generations without vectors do not count among the others: they go, and the vectors that are pending for them.

    Call it within :func:`open_writer`.

    Args:
        layout: of the index.
        keep: how many generations stay; at least 1.

    Raises:
        IndexMissing, IndexCorrupt: ``CURRENT`` cannot be read; nothing is removed.
        OSError: the disk refused.
    """
    current = read_current(layout)[0]
    others = [name for name in generation_names(layout) if name != current]
    whole = [name for name in others if not _is_provisional(layout, name)]
    kept = [current, *whole[: keep - 1]]
    gone = [name for name in others if name not in kept]
    if not _is_provisional(layout, current):
        remove_pending(layout)
    freed = sum(_remove(layout.generation(name), layout) for name in gone)
    unnamed = _unnamed(layout, kept)
    freed += sum(_remove(path, layout) for path in unnamed)
    return GarbageCollection(tuple(gone), sum(path.parent == layout.sources for path in unnamed), freed)


def vector_digests(layout: IndexLayout) -> Collection[str]:
    """SHA-256 of the files of vectors of all generations, of all collections: they may share one database.

    Raises:
        IndexCorrupt, IndexForeign: a manifest cannot be read, so it is not known which they are.
    """
    layouts = [IndexLayout(collection_root(layout.home, name)) for name in collection_names(layout.home)]
    manifests = (_manifest(each, name) for each in layouts for name in generation_names(each))
    return {row.sha256 for manifest in manifests for row in manifest.files if row.name == VECTORS}


def _unnamed(layout: IndexLayout, kept: Sequence[str]) -> Sequence[Path]:
    """The sources and guides of documents that no generation names; none where a manifest, which may, is unreadable."""
    try:
        named = {document_id for name in kept for document_id in sources_of(_manifest(layout, name))}
    except IndexFault as fault:
        _log.warning("no source is removed, because it is not known which are needed: %s", fault)
        return []
    folders = [folder for folder in (layout.sources, layout.guides) if folder.is_dir()]
    return [path for folder in folders for path in folder.iterdir() if path.name not in named]


def _remove(path: Path, layout: IndexLayout) -> int:
    """Removes a file or folder; returns how many bytes that frees."""
    files = [path] if path.is_file() else [inner for inner in path.rglob("*") if inner.is_file()]
    freed = sum(file.stat().st_size for file in files)
    durable_files.move_away(path, layout)
    return freed


def sources_of(manifest: Manifest) -> Sequence[str]:
    """The documents of a generation; files that could not be read have no copy to keep."""
    return sorted({row.sha256 for row in manifest.sources if row.sha256 and row.chunks})
