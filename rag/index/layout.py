"""File layout of an index directory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.domain.collection_name import (
    DEFAULT_COLLECTION,
    check_collection_name,
    is_collection_name,
    unknown_collection,
)

MANIFEST = "manifest.json"
MANIFEST_DIGEST = "manifest.sha256"
VECTORS = "vectors.faiss"
# Of large indexes only.
CODES = "codes.faiss"
LEXICAL = "lexical"
DOCSTORE = "docstore.sqlite"
REPORT = "report.json"
# In an index directory, and in a folder of records: a folder for each further collection.
COLLECTIONS = "collections"


@dataclass(frozen=True)
class IndexLayout:
    """Paths in an index directory. ``current`` is the only file that is ever replaced."""

    root: Path

    @property
    def current(self) -> Path:
        """The pointer file: it names the generation that is served."""
        return self.root / "CURRENT"

    @property
    def lock(self) -> Path:
        """The lock file of the one writer."""
        return self.root / "writer.lock"

    @property
    def generations(self) -> Path:
        """One immutable folder for each published generation."""
        return self.root / "gen"

    @property
    def sources(self) -> Path:
        """The source files, each once, named by the SHA-256 of its bytes."""
        return self.root / "sources"

    @property
    def guides(self) -> Path:
        """Guides to documents, which the service makes: a folder for each, named as its source."""
        return self.root / "guides"

    @property
    def pending(self) -> Path:
        """Vectors of a run that has published its text, until all are there: see :mod:`rag.index.pending_vectors`."""
        return self.root / "pending"

    @property
    def work(self) -> Path:
        """Generations being written; on the same filesystem, so that they can be renamed into place."""
        return self.root / "tmp"

    @property
    def trash(self) -> Path:
        """Files that are being deleted: moved here first, so that no half-deleted generation stays among the others."""
        return self.root / "trash"

    @property
    def collections(self) -> Path:
        """Further collections: a folder for each, named as the collection, and laid out as this directory is."""
        return self.root / COLLECTIONS

    @property
    def option(self) -> str:
        """Option of a command for this directory, ``--collection NAME``; empty for that of the default collection."""
        return f" --collection {self.root.name}" if self.root.parent.name == COLLECTIONS else ""

    @property
    def home(self) -> Path:
        """Index directory of the default collection, which has the others."""
        return self.root.parent.parent if self.root.parent.name == COLLECTIONS else self.root

    def generation(self, name: str) -> Path:
        """The folder of one generation."""
        return self.generations / name

    def source(self, document_id: str) -> Path:
        """The stored bytes of a document."""
        return self.sources / document_id

    def guide(self, document_id: str) -> Path:
        """The folder of the guide to a document."""
        return self.guides / document_id


def own_files(folder: Path) -> Iterator[Path]:
    """Every file of an index directory, or of a folder of records, but for those of further collections."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder).parts[0] != COLLECTIONS:
            yield path


def collection_root(root: Path, name: str) -> Path:
    """The index directory of a collection, which may not be there yet; ``root`` is that of the default one.

    Raises:
        CollectionUnknown: the name cannot be one.
    """
    check_collection_name(name)
    return root if name == DEFAULT_COLLECTION else IndexLayout(root).collections / name


def collection_names(root: Path) -> tuple[str, ...]:
    """The collections of an index directory: the default one, and those that have a folder, by name."""
    try:
        names = [folder.name for folder in IndexLayout(root).collections.iterdir() if folder.is_dir()]
    except OSError:  # there are no others, or they may not be entered
        names = []
    others = {name for name in names if is_collection_name(name)} - {DEFAULT_COLLECTION}
    return (DEFAULT_COLLECTION, *sorted(others))


def known_collection_root(root: Path, name: str) -> Path:
    """As :func:`collection_root`, of a collection that is there.

    Raises:
        CollectionUnknown: there is no such collection; the message says which there are.
    """
    if name == DEFAULT_COLLECTION:
        return root
    folder = IndexLayout(root).collections / name
    if not is_collection_name(name) or not folder.is_dir():
        raise unknown_collection(name, collection_names(root))
    return folder
