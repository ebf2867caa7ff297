"""The index on disk: vectors, BM25 and docstore in immutable generations, published atomically, loaded verified.

The only home of faiss, bm25s, Stemmer and sqlite3. No pickle anywhere.
"""

from rag.index.building import FreshVectors
from rag.index.docstore import Entry, Staging
from rag.index.durable_files import published_digest
from rag.index.generation import Generation
from rag.index.layout import IndexLayout
from rag.index.maintenance import (
    Collected,
    GenerationRow,
    collect_garbage,
    faults_of,
    list_generations,
    roll_back,
    verify_generation,
)
from rag.index.manifest import Manifest, SourceRow
from rag.index.reading import (
    CurrentIndex,
    ServingState,
    inspect_current,
    open_current,
    open_published,
    read_current,
    read_manifest,
)
from rag.index.writer import IndexWriter, Publication, writing

__all__ = [
    "Collected",
    "CurrentIndex",
    "Entry",
    "FreshVectors",
    "Generation",
    "GenerationRow",
    "IndexLayout",
    "IndexWriter",
    "Manifest",
    "Publication",
    "ServingState",
    "SourceRow",
    "Staging",
    "collect_garbage",
    "faults_of",
    "inspect_current",
    "list_generations",
    "open_current",
    "open_published",
    "published_digest",
    "read_current",
    "read_manifest",
    "roll_back",
    "verify_generation",
    "writing",
]
