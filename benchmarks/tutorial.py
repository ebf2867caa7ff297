"""Baseline system: a RAG pipeline as in a LangChain tutorial, with the same encoder.

pypdf for the text, RecursiveCharacterTextSplitter(1000, 200) page by page, all-MiniLM-L6-v2, a flat FAISS index.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import faiss
import pypdf
from langchain_text_splitters import RecursiveCharacterTextSplitter

from rag.models.embedding.interfaces import FloatMatrix
from rag.models.opening import tokenizer_file
from rag.settings import read_settings


class TextEncoder(Protocol):
    """Interface of an encoder, as the tutorial needs it."""

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """Rows of length 1."""


class PlainEncoder:
    """sentence-transformers as it comes, in float32 on all cores."""

    def __init__(self, directory: Path) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(directory), device="cpu", local_files_only=True)

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        """See :class:`TextEncoder`."""
        return self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)


@dataclass(frozen=True)
class Piece:
    """A chunk of the tutorial's; the page is 1-based."""

    document: str
    page: int
    text: str


class TutorialIndex:
    """Reads, cuts and embeds the PDFs of a folder, in memory."""

    def __init__(self, folder: Path, encoder: TextEncoder) -> None:
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        self._encoder = encoder
        self._pieces = [
            Piece(path.name, number, text)
            for path in sorted(folder.rglob("*.pdf"))
            for number, page in enumerate(pypdf.PdfReader(path).pages, start=1)
            for text in splitter.split_text(page.extract_text())
        ]
        self.pages = len({(piece.document, piece.page) for piece in self._pieces})
        vectors = encoder.encode([piece.text for piece in self._pieces])
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)

    def save(self, folder: Path) -> None:
        """As a tutorial does it."""
        faiss.write_index(self._index, str(folder / "index.faiss"))
        (folder / "pieces.json").write_text(json.dumps([vars(piece) for piece in self._pieces]))

    def __len__(self) -> int:
        return len(self._pieces)

    def search(self, question: str, limit: int) -> Sequence[Piece]:
        """The nearest pieces, best first."""
        _, rows = self._index.search(self._encoder.encode([question]), limit)
        return [self._pieces[row] for row in rows[0] if row >= 0]


def main(folder: str, target: str) -> int:
    """``python -m benchmarks.tutorial FOLDER TARGET``: ingests a folder as the tutorial does."""
    index = TutorialIndex(Path(folder), PlainEncoder(tokenizer_file(read_settings()).parent))
    index.save(Path(target))
    print(json.dumps({"pages": index.pages, "pieces": len(index)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
