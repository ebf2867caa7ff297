"""Cold start: the peer has the same vectors and texts as the index, row by row."""

from __future__ import annotations

import json
from pathlib import Path

import faiss
import numpy as np

from benchmarks.sizing.build import open_source
from benchmarks.sizing.cold_start import write_peer
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import publish


def test_the_peer_has_the_same_rows(tmp_path: Path) -> None:
    index, files = tmp_path / "index", tmp_path / "tutorial"
    texts = {"b.pdf": ["The pump is red.", "The valve is blue."], "a.pdf": ["The tank is green."]}
    publish(index, texts, BagOfWordsEncoder())
    write_peer(index, files)
    kept, flat = json.loads((files / "pieces.json").read_bytes()), faiss.read_index(str(files / "index.faiss"))
    assert sorted(kept) == sorted(text for pages in texts.values() for text in pages)
    expected = [vector for one in open_source(index).documents for vector in open_source(index).vectors_of(one.id)]
    np.testing.assert_array_equal(flat.reconstruct_n(0, flat.ntotal), expected)
    for text in kept:
        _, rows = flat.search(BagOfWordsEncoder().encode([text]), 1)
        assert kept[rows[0][0]] == text
