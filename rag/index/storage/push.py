"""Push of a generation to object storage: what is not there yet, then the pointers to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.errors import IndexMissing, IndexUnfinished, StorageCorrupt
from rag.index.durable_files import published_digest
from rag.index.layout import MANIFEST, IndexLayout
from rag.index.maintenance import sources_of, verify_generation
from rag.index.manifest import Manifest
from rag.index.reading import read_current, read_manifest
from rag.index.storage.generation_pointer import GenerationPointer
from rag.index.storage.object_storage import ObjectStorage, transfer_each


@dataclass(frozen=True)
class PushResult:
    """A generation that is in the storage.

    Attributes:
        generation: its name.
        objects: the number of its files and sources, the manifest included.
        sent: how many of them were not there before.
        sent_bytes: size of these.
    """

    generation: str
    objects: int
    sent: int
    sent_bytes: int


def push(
    storage: ObjectStorage,
    root: Path,
    name: str | None = None,
    report: Callable[[int, int], object] = lambda _done, _total: None,
) -> PushResult:
    """Stores a generation with its sources, and makes it the one that the storage calls current.

    It may be stopped at any time: the pointers are written last, and the next push goes on from there.

    Args:
        storage: where to.
        root: the index directory, which is only read.
        name: of the generation; None for the current one.
        report: called with the number of objects that are stored, and of those that are to be.

    Raises:
        IndexMissing, IndexCorrupt, IndexForeign: the generation is not as it was published; nothing is stored.
        IndexUnfinished: it has no vectors yet; nothing is stored.
        StorageFault: see :class:`ObjectStorage`.
    """
    layout = IndexLayout(root)
    name = name or read_current(layout)[0]
    verify_generation(root, name)
    pointer = GenerationPointer(generation=name, manifest_sha256=published_digest(layout, name))
    manifest = read_manifest(layout.generation(name), pointer.manifest_sha256)
    if manifest.provisional:
        raise IndexUnfinished(
            f"generation {name} has no vectors yet; push when the ingest that computes them has ended"
        )
    objects = _objects(layout, manifest, pointer)
    present = storage.sizes()
    missing = {digest: path for digest, path in objects.items() if present.get(digest) != path.stat().st_size}
    sent_bytes = _send(storage, missing, report) if missing else 0
    storage.point_to(pointer)
    return PushResult(name, len(objects), len(missing), sent_bytes)


def _objects(layout: IndexLayout, manifest: Manifest, pointer: GenerationPointer) -> Mapping[str, Path]:
    """Path of each object, by its digest."""
    folder = layout.generation(pointer.generation)
    return {
        **{document_id: layout.source(document_id) for document_id in sources_of(manifest)},
        **{row.sha256: folder / row.name for row in manifest.files},
        pointer.manifest_sha256: folder / MANIFEST,
    }


def _send(storage: ObjectStorage, missing: Mapping[str, Path], report: Callable[[int, int], object]) -> int:
    """Stores files, and makes sure that they are there; returns their size."""
    sizes = {digest: path.stat().st_size for digest, path in missing.items()}

    def put(item: tuple[str, Path]) -> None:
        digest, path = item
        if not path.is_file():
            raise IndexMissing(f"{path} was removed meanwhile, as by an ingest; run this again")
        storage.put(digest, path)

    transfer_each(put, missing.items(), lambda done: report(done, len(missing)))
    present = storage.sizes()
    for digest, size in sizes.items():
        if present.get(digest) != size:
            raise StorageCorrupt(f"{storage.url} does not have objects/{digest} though it took it; push again")
    return sum(sizes.values())
