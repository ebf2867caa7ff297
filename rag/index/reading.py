"""Opening the current generation: every hash is checked before a library sees a byte."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from rag.errors import IndexCorrupt, IndexForeign, IndexMissing
from rag.index.docstore import Docstore
from rag.index.generation import Generation
from rag.index.layout import DOCSTORE, LEXICAL, MANIFEST, VECTORS, IndexLayout
from rag.index.lexical import LexicalIndex
from rag.index.manifest import FileRow, Manifest
from rag.index.vectors import VectorIndex

GENERATION_NAME = re.compile(r"[0-9]{6}-[0-9a-f]{8}")
_MEND = "make it anew: python -m ingest PATH --rebuild"


def open_current(root: Path, encoder: Mapping[str, Any]) -> Generation:
    """Opens the generation that ``CURRENT`` names.

    Args:
        root: the index directory.
        encoder: identity of the encoder that will make the query vectors.

    Raises:
        IndexMissing: nothing has been published here.
        IndexCorrupt: a file is missing or not what the manifest says.
        IndexForeign: made in another format or by another encoder.
    """
    layout = IndexLayout(root)
    name, manifest_digest = read_current(layout)
    folder = layout.generation(name)
    data = _read(folder / MANIFEST, name)
    if hashlib.sha256(data).hexdigest() != manifest_digest:
        raise IndexCorrupt(f"generation {name}: {MANIFEST} is not the published one; {_MEND}")
    manifest = Manifest.from_bytes(data, name)
    _check_encoder(manifest, encoder)
    contents = {row.name: _verified(folder / row.name, row, name) for row in manifest.files}
    vectors = VectorIndex.from_bytes(contents[VECTORS])
    return Generation(
        manifest, vectors, LexicalIndex.load(folder / LEXICAL), Docstore(folder / DOCSTORE), layout.sources
    )


class CurrentIndex:
    """The generation to answer from: opened once, or as soon as there is one."""

    def __init__(self, root: Path, encoder: Mapping[str, Any]) -> None:
        self._root = root
        self._encoder = encoder
        self._lock = Lock()
        self._generation: Generation | None = None

    def generation(self) -> Generation:
        """The open generation; raises as :func:`open_current`."""
        with self._lock:
            if self._generation is None:
                self._generation = open_current(self._root, self._encoder)
            return self._generation

    def open_if_there(self) -> None:
        """Opens the generation now, if one was published; raises what is wrong with it."""
        with suppress(IndexMissing):
            self.generation()


def read_current(layout: IndexLayout) -> tuple[str, str]:
    """Name of the current generation, and the digest of its manifest.

    Raises:
        IndexMissing: nothing has been published here.
        IndexCorrupt: the file is damaged.
    """
    try:
        data = layout.current.read_bytes()
    except FileNotFoundError as error:
        raise IndexMissing(f"no index in {layout.root}; make one: python -m ingest PATH") from error
    except OSError as error:
        raise IndexCorrupt(f"{layout.current} cannot be read: {error.strerror}") from error
    try:
        fields = json.loads(data)
        name, digest = fields["generation"], fields["manifest_sha256"]
        if not GENERATION_NAME.fullmatch(name):
            raise ValueError(name)
    except (ValueError, KeyError, TypeError) as error:
        raise IndexCorrupt(f"{layout.current} is damaged; {_MEND}") from error
    return name, digest


def _check_encoder(manifest: Manifest, encoder: Mapping[str, Any]) -> None:
    if manifest.encoder != dict(encoder):
        raise IndexForeign(
            f"the index was made with the encoder {manifest.encoder.get('name')} "
            f"({str(manifest.encoder.get('sha256'))[:12]}), not with {encoder.get('name')} "
            f"({str(encoder.get('sha256'))[:12]}); set RAG_ENCODER, or {_MEND}"
        )


def _verified(path: Path, row: FileRow, generation: str) -> bytes:
    data = _read(path, generation)
    if len(data) != row.size or hashlib.sha256(data).hexdigest() != row.sha256:
        raise IndexCorrupt(f"generation {generation}: {row.name} is not what the manifest says; {_MEND}")
    return data


def _read(path: Path, generation: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise IndexCorrupt(f"generation {generation}: {path.name}: {error.strerror}; {_MEND}") from error
