"""Programs that benchmarks.sizing.cold_start starts; imports nothing that one of them would pay for the other."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

QUESTION: Final = "How many days may a ship lie in port?"
LIMIT: Final = 5


def first_passages(index: str) -> list[str]:
    """Opens encoder, reranker and index as a service does, and searches once."""
    import rag.runtime.native  # noqa: F401 - first: see there

    # isort: split
    from rag.domain.values import Question
    from rag.index.reading import open_current
    from rag.models.opening import open_encoder, open_reranker
    from rag.retrieval.retriever import Retriever
    from rag.settings import read_settings

    settings = read_settings()
    encoder = open_encoder(settings)
    generation = open_current(Path(index), encoder.identity)
    hits = Retriever(encoder, open_reranker(settings)).retrieve(generation, Question(QUESTION), LIMIT)
    return [hit.passage.chunk.text for hit in hits]


def tutorial_passages(files: str, model: str) -> list[str]:
    """The same as a tutorial does it: sentence-transformers, a flat FAISS index and the texts as JSON."""
    import faiss
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(model, device="cpu", local_files_only=True)
    index = faiss.read_index(str(Path(files) / "index.faiss"))
    texts = json.loads((Path(files) / "pieces.json").read_bytes())
    _, rows = index.search(encoder.encode([QUESTION], normalize_embeddings=True, show_progress_bar=False), LIMIT)
    return [texts[row] for row in rows[0]]


SIDES: Final[Mapping[str, Callable[..., list[str]]]] = {"pageproof": first_passages, "tutorial": tutorial_passages}


if __name__ == "__main__":
    print(len(SIDES[sys.argv[1]](*sys.argv[2:])))
