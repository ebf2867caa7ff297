"""Pull of a generation from object storage: every byte verified, then published as an ingest publishes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from rag.errors import IndexCorrupt, IndexFault, StorageCorrupt
from rag.index import durable_files
from rag.index.layout import CODES, DOCSTORE, LEXICAL, REPORT, VECTORS, IndexLayout
from rag.index.maintenance import collect_garbage, sources_of
from rag.index.manifest import Manifest
from rag.index.reading import read_manifest, verify_file
from rag.index.storage.generation_pointer import GenerationPointer
from rag.index.storage.object_storage import ObjectStorage, transfer_each
from rag.index.writer import IndexWriter, open_writer
from rag.runtime import files

_log = logging.getLogger(__name__)

# The manifest alone is read into memory: about 1 KB for each file of a folder.
_LARGEST_MANIFEST: Final = 1 << 28
_PUSH_AGAIN: Final = "push again from an intact index"
_FILES: Final = frozenset({VECTORS, CODES, DOCSTORE, REPORT})


@dataclass(frozen=True)
class PullResult:
    """A generation that is current now.

    Attributes:
        generation: its name.
        received: number of files and sources that came; 0 where all were here.
        received_bytes: size of these.
    """

    generation: str
    received: int
    received_bytes: int


@dataclass(frozen=True)
class _Wanted:
    """An object to be received; ``path`` is where it goes to."""

    digest: str
    size: int
    path: Path


@dataclass(frozen=True)
class _Offer:
    """A generation in the storage; ``sizes`` are of all objects, ``data`` the bytes of the manifest."""

    storage: ObjectStorage
    pointer: GenerationPointer
    sizes: Mapping[str, int]
    data: bytes
    manifest: Manifest


def pull(
    storage: ObjectStorage,
    root: Path,
    name: str | None = None,
    *,
    keep: int,
    report: Callable[[int, int], object] = lambda _done, _total: None,
) -> PullResult:
    """Makes a generation of the storage the current one; what is here already is verified, and not received again.

    Whatever fails, the index answers as before. Sources that have come by then stay for the next try.

    Args:
        storage: where from.
        root: the index directory; made if it is not there.
        name: of the generation; None for the one that was pushed last.
        keep: how many generations stay in the index.
        report: called with the number of objects that have come, and of those that are to come.

    Raises:
        StorageFault: see :class:`ObjectStorage`; also where the manifest is none, or names files of another layout.
        IndexForeign: the generation has another format.
        IndexBusy, PublishFailed: as :func:`open_writer`.
    """
    offer = _look_up(storage, name)
    with open_writer(root) as writer:
        held = _holds(writer.layout, offer)
        wanted = _wanted(writer.layout, offer, held=held)
        writer.require(sum(each.size for each in wanted))
        transfer_each(
            lambda each: _receive(storage, each, writer.layout), wanted, lambda done: report(done, len(wanted))
        )
        _publish(writer, offer, held=held)
        _collect(writer, keep)
    return PullResult(offer.pointer.generation, len(wanted), sum(each.size for each in wanted))


def _look_up(storage: ObjectStorage, name: str | None) -> _Offer:
    pointer, sizes = storage.pointer(name), storage.sizes()
    size = sizes.get(pointer.manifest_sha256)
    what = f"{storage.url}: the manifest of {pointer.generation}"
    if size is None or size > _LARGEST_MANIFEST:
        fault = "is missing" if size is None else "is too large to be one"
        raise StorageCorrupt(f"{what} {fault}; {_PUSH_AGAIN}")
    data = b"".join(storage.read(pointer.manifest_sha256, size))
    try:
        manifest = Manifest.from_bytes(data, pointer.generation)
    except IndexCorrupt as error:
        raise StorageCorrupt(f"{what} is none; {_PUSH_AGAIN}") from error
    names = [row.name for row in manifest.files]
    if wrong := [name for name in names if not _is_of_an_index(name)]:
        raise StorageCorrupt(f"{what} names {wrong[0]}, which no index has; nothing was taken from it")
    if len(set(names)) < len(names):
        raise StorageCorrupt(f"{what} names a file twice; nothing was taken from it")
    return _Offer(storage, pointer, sizes, data, manifest)


def _is_of_an_index(name: str) -> bool:
    """True for the names that an index gives; any other would be a path on this machine that someone else chose."""
    parts = PurePosixPath(name).parts
    return name in _FILES or (len(parts) == 2 and parts[0] == LEXICAL)


def _wanted(layout: IndexLayout, offer: _Offer, *, held: bool) -> list[_Wanted]:
    """Objects that are not here, or damaged; of a generation all files, which go into the work folder."""
    folder = layout.work / offer.pointer.generation
    documents = [name for name in sources_of(offer.manifest) if not _is_whole(layout.source(name), name)]
    wanted = [_Wanted(name, offer.sizes.get(name, -1), layout.source(name)) for name in documents]
    if not held:
        wanted += [_Wanted(row.sha256, row.size, folder / row.name) for row in offer.manifest.files]
    for each in wanted:
        if offer.sizes.get(each.digest) != each.size:
            raise StorageCorrupt(
                f"{offer.storage.url}/objects/{each.digest}, which {folder.name} needs, is missing or has another "
                f"size; {_PUSH_AGAIN}"
            )
    return wanted


def _is_whole(path: Path, digest: str) -> bool:
    with suppress(FileNotFoundError):
        return files.sha256_of_file(path) == digest
    return False


def _holds(layout: IndexLayout, offer: _Offer) -> bool:
    """True if the index has the generation, and every file of it is as it was published."""
    name, digest = offer.pointer.generation, offer.pointer.manifest_sha256
    folder = layout.generation(name)
    if not folder.is_dir():
        return False
    try:
        read_manifest(folder, digest)
        for row in offer.manifest.files:
            verify_file(folder, row)
        return durable_files.published_digest(layout, name) == digest
    except IndexFault as fault:
        _log.warning("the generation is fetched again, because it is damaged here: %s", fault)
        return False


def _receive(storage: ObjectStorage, wanted: _Wanted, layout: IndexLayout) -> None:
    """Receives an object into the work folder, and moves a source that is right into its place."""
    is_source = wanted.path.parent == layout.sources
    path = layout.work / f"source-{wanted.digest}" if is_source else wanted.path
    path.parent.mkdir(parents=True, exist_ok=True)
    durable_files.write(path, lambda file: file.writelines(storage.read(wanted.digest, wanted.size)))
    if is_source:
        files.sync(path)
        path.replace(wanted.path)


def _publish(writer: IndexWriter, offer: _Offer, *, held: bool) -> None:
    name, digest = offer.pointer.generation, offer.pointer.manifest_sha256
    if held:
        files.sync(writer.layout.sources)
        durable_files.point_to(writer.layout, name, digest)
    else:
        writer.publish_copy(writer.layout.work / name, offer.data)


def _collect(writer: IndexWriter, keep: int) -> None:
    """Removes old generations; a failure does not undo what is published."""
    try:
        collect_garbage(writer.layout, keep)
    except (IndexFault, OSError) as error:
        _log.warning("old generations could not be removed (python -m rag index gc tries again): %s", error)
