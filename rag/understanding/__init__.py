"""From a question as it is typed to what is searched for: what kind it is, and what it leaves out or gets wrong."""

from rag.retrieval.interleaving import take_turns
from rag.understanding.spelling import with_spelling_mended
from rag.understanding.understand import understand
from rag.understanding.understood import Kind, Reply, UnderstoodQuestion

__all__ = ["Kind", "Reply", "UnderstoodQuestion", "take_turns", "understand", "with_spelling_mended"]
