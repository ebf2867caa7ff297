"""The peer: what one writes in an afternoon from a tutorial, with the same encoder.

pypdf for the text, RecursiveCharacterTextSplitter(1000, 200) page by page, all-MiniLM-L6-v2, a flat FAISS index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import pypdf
from langchain_text_splitters import RecursiveCharacterTextSplitter

from rag.embedding import Encoder


@dataclass(frozen=True)
class Piece:
    """A chunk of the tutorial's; the page is 1-based."""

    document: str
    page: int
    text: str


class TutorialIndex:
    """Reads, cuts and embeds the PDFs of a folder, in memory."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        self._encoder = encoder
        self._pieces = [
            Piece(path.name, number, text)
            for path in sorted(folder.glob("*.pdf"))
            for number, page in enumerate(pypdf.PdfReader(path).pages, start=1)
            for text in splitter.split_text(page.extract_text())
        ]
        self.pages = len({(piece.document, piece.page) for piece in self._pieces})
        vectors = encoder.encode([piece.text for piece in self._pieces])
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)

    def search(self, question: str, limit: int) -> Sequence[Piece]:
        """The nearest pieces, best first."""
        _, rows = self._index.search(self._encoder.encode([question]), limit)
        return [self._pieces[row] for row in rows[0] if row >= 0]
