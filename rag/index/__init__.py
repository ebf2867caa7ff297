"""The index on disk: vectors, BM25 and docstore in immutable generations, published atomically, loaded verified.

The only home of faiss, bm25s, Stemmer and sqlite3. No pickle anywhere.
"""

from rag.index.generation import Contents, Generation
from rag.index.layout import IndexLayout
from rag.index.manifest import Manifest, SourceRow
from rag.index.publication import Publication, writing
from rag.index.reading import CurrentIndex, open_current

__all__ = [
    "Contents",
    "CurrentIndex",
    "Generation",
    "IndexLayout",
    "Manifest",
    "Publication",
    "SourceRow",
    "open_current",
    "writing",
]
