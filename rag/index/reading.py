"""Index reader: verifies hashes before a library sees a byte, and opens generations."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from stat import S_ISREG
from typing import Any, Final

from rag.errors import IndexCorrupt, IndexForeign, IndexMissing
from rag.index.bm25 import Bm25Index
from rag.index.docstore.docstore import Docstore
from rag.index.generation import Generation
from rag.index.layout import CODES, DOCSTORE, LEXICAL, MANIFEST, VECTORS, IndexLayout
from rag.index.manifest import Manifest, ManifestFile
from rag.index.search.interfaces import VectorDatabase, VectorSearch
from rag.index.vectors import VectorIndex
from rag.runtime.files import sha256_of_file

GENERATION_NAME: Final = re.compile(r"[0-9]{6}-[0-9a-f]{8}")
_MEND: Final = "make it anew: python -m ingest PATH --rebuild"


def open_current(root: Path, encoder: Mapping[str, Any], database: VectorDatabase | None = None) -> Generation:
    """Opens the generation that ``CURRENT`` names.

    Args:
        root: the index directory.
        encoder: identity of the encoder that will make the query vectors.
        database: where vectors are searched; None for this process.

    Raises:
        IndexMissing: nothing has been published here.
        IndexCorrupt: a file is missing or not what the manifest says.
        IndexForeign: made in another format or by another encoder.
        VectorsUnreachable: the database does not respond, or refuses.
    """
    layout = IndexLayout(root)
    name, manifest_digest = read_current(layout)
    return open_generation(layout.generation(name), manifest_digest, encoder, layout, database)


def open_published(root: Path, name: str, manifest_digest: str, encoder: Mapping[str, Any]) -> Generation:
    """Opens the generation of this name, current or not, if it is the one whose manifest has this digest.

    Raises:
        IndexMissing: it is not kept any more.
        IndexCorrupt, IndexForeign: as :func:`open_current`.
    """
    layout = IndexLayout(root)
    if not GENERATION_NAME.fullmatch(name) or not layout.generation(name).is_dir():
        raise IndexMissing(f"no generation {name} in {root}; python -m rag index list shows those that are there")
    return open_generation(layout.generation(name), manifest_digest, encoder, layout)


def inspect_current(root: Path, encoder: Mapping[str, Any]) -> Manifest:
    """Verifies every file of the current generation without opening any; raises as :func:`open_current`."""
    layout = IndexLayout(root)
    name, manifest_digest = read_current(layout)
    manifest = _manifest_for(layout.generation(name), manifest_digest, encoder)
    for row in manifest.files:
        verify_file(layout.generation(name), row)
    return manifest


def open_generation(
    folder: Path,
    manifest_digest: str,
    encoder: Mapping[str, Any],
    layout: IndexLayout,
    database: VectorDatabase | None = None,
) -> Generation:
    """Opens the generation in ``folder``; raises as :func:`open_current`, but for IndexMissing."""
    manifest = _manifest_for(folder, manifest_digest, encoder)
    rows = {row.name: row for row in manifest.files}
    for name, row in rows.items():
        if name != VECTORS:
            verify_file(folder, row)
    needed = {DOCSTORE} if manifest.provisional else {VECTORS, DOCSTORE}
    needed |= {CODES} if manifest.vector_search else set()
    if missing := needed - rows.keys():
        raise IndexCorrupt(f"generation {folder.name}: the manifest names no {min(missing)}; {_MEND}")
    vectors = None if manifest.provisional else _open_vectors(folder, manifest, rows[VECTORS], database)
    docstore = Docstore(folder / DOCSTORE)
    bm25 = Bm25Index.load(folder / LEXICAL, {document.language for document in docstore.documents})
    return Generation(manifest, manifest_digest, folder, vectors, bm25, docstore, layout.sources)


def _open_vectors(folder: Path, manifest: Manifest, row: ManifestFile, database: VectorDatabase | None) -> VectorSearch:
    """The verified vectors: of a small index in memory, of a large one mapped; or in a database."""
    if database:
        verify_file(folder, row)
        return database.opened(row.sha256, lambda: _open_vectors(folder, manifest, row, None))
    if manifest.vector_search is None:
        return VectorIndex.from_bytes(_read_verified(folder, row))
    verify_file(folder, row)
    return VectorIndex.mapped(folder / VECTORS, folder / CODES, manifest.vector_search)


def _manifest_for(folder: Path, manifest_digest: str, encoder: Mapping[str, Any]) -> Manifest:
    manifest = read_manifest(folder, manifest_digest)
    made, wanted = manifest.encoder, dict(encoder)
    if made != wanted and (made.get("name"), made.get("sha256")) == (wanted.get("name"), wanted.get("sha256")):
        differ = [key for key in sorted(made.keys() | wanted.keys()) if made.get(key) != wanted.get(key)]
        differences = ", ".join(f"{key} {made.get(key)}, not {wanted.get(key)}" for key in differ)
        raise IndexForeign(f"the index was made with {made.get('name')} used otherwise: {differences}; {_MEND}")
    if made != wanted:
        raise IndexForeign(
            f"the index was made with the encoder {manifest.encoder.get('name')} "
            f"({str(manifest.encoder.get('sha256'))[:12]}), not with {encoder.get('name')} "
            f"({str(encoder.get('sha256'))[:12]}); set RAG_PROFILE or RAG_ENCODER, or {_MEND}"
        )
    return manifest


def read_manifest(folder: Path, manifest_digest: str) -> Manifest:
    """Reads the manifest of a generation and checks its digest.

    Raises:
        IndexCorrupt: it is not the published one.
        IndexForeign: written in another format.
    """
    data = _read(folder, MANIFEST)
    if hashlib.sha256(data).hexdigest() != manifest_digest:
        raise IndexCorrupt(f"generation {folder.name}: {MANIFEST} is not the published one; {_MEND}")
    return Manifest.from_bytes(data, folder.name)


def verify_file(folder: Path, row: ManifestFile) -> None:
    """Checks size and SHA-256 of a file against the manifest, without keeping the file in memory.

    Raises:
        IndexCorrupt: they differ.
    """
    path = folder / row.name
    try:
        status = path.stat()
        # Devices and named pipes never end.
        same = S_ISREG(status.st_mode) and status.st_size == row.size and sha256_of_file(path) == row.sha256
    except OSError as error:
        raise IndexCorrupt(f"generation {folder.name}: {row.name}: {error.strerror}; {_MEND}") from error
    if not same:
        raise _mismatch(folder, row)


def _read_verified(folder: Path, row: ManifestFile) -> bytes:
    data = _read(folder, row.name)
    if len(data) != row.size or hashlib.sha256(data).hexdigest() != row.sha256:
        raise _mismatch(folder, row)
    return data


def _mismatch(folder: Path, row: ManifestFile) -> IndexCorrupt:
    return IndexCorrupt(f"generation {folder.name}: {row.name} is not what the manifest says; {_MEND}")


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise IndexCorrupt(f"generation {folder.name}: {name}: {error.strerror}; {_MEND}") from error


def read_current(layout: IndexLayout) -> tuple[str, str]:
    """Name of the current generation, and the digest of its manifest.

    Raises:
        IndexMissing: nothing has been published here.
        IndexCorrupt: the file is damaged.
    """
    try:
        data = layout.current.read_bytes()
    except FileNotFoundError as error:
        raise IndexMissing(f"no index in {layout.root}; make one: python -m ingest PATH{layout.option}") from error
    except OSError as error:
        raise IndexCorrupt(f"{layout.current} cannot be read: {error.strerror}; give access, or {_MEND}") from error
    try:
        fields = json.loads(data)
        name, manifest_digest = fields["generation"], fields["manifest_sha256"]
        if not GENERATION_NAME.fullmatch(name) or not isinstance(manifest_digest, str):
            raise ValueError(name)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IndexCorrupt(f"{layout.current} is damaged, or of a newer version of this program; {_MEND}") from error
    return name, manifest_digest


def generation_names(layout: IndexLayout) -> list[str]:
    """The published generations, the newest first; none where there is no index."""
    try:
        names = [folder.name for folder in layout.generations.iterdir()]
    except OSError:  # there is no index, or it may not be entered
        return []
    return sorted(filter(GENERATION_NAME.fullmatch, names), reverse=True)
