"""From a question as it is typed to what is searched for: what kind it is, and what it leaves out or gets wrong."""

from rag.query.spelling import with_spelling_mended
from rag.query.types import Kind, Reply, UnderstoodQuestion
from rag.query.understand import understand
from rag.retrieval.interleaving import take_turns

__all__ = ["Kind", "Reply", "UnderstoodQuestion", "take_turns", "understand", "with_spelling_mended"]
