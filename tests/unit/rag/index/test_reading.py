"""Index reader: a large index, whose vectors are searched by codes, and is opened as safely as a small one."""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexCorrupt
from rag.index.current_index import CurrentIndex
from rag.index.layout import IndexLayout
from rag.index.manifest import Manifest
from rag.index.reading import open_generation, read_current
from rag.index.search.approximate import ApproximateSearch, Tier
from rag.index.vectors import VectorIndex
from rag.models.embedding.interfaces import FloatMatrix
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import publish, quick_folder

IDENTITY = BagOfWordsEncoder().identity
NUMBERED = [f"Pump {number} weighs {7 * number} kilograms." for number in range(120)]


class ChecksumEncoder(BagOfWordsEncoder):
    """A text is a direction of its own: no two are as near to a third, so it is known which are the nearest."""

    def encode(self, texts: Sequence[str]) -> FloatMatrix:
        vectors = np.array([np.random.default_rng(zlib.crc32(text.encode())).normal(size=256) for text in texts])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def put_large(root: Path) -> str:
    return publish(root, {"a.pdf": NUMBERED}, ChecksumEncoder())


@pytest.fixture(scope="module")
def large() -> Iterator[Path]:
    """An index that counts as large from a hundred passages on."""
    tiers = (Tier(100, (ApproximateSearch(rescored=1_000),)),)
    approximated = VectorIndex.approximated
    with quick_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(VectorIndex, "approximated", lambda index: approximated(index, tiers))
        put_large(folder / "index")
        yield folder / "index"


class TestLargeIndex:
    """Its vectors are searched by codes, in files that are mapped."""

    def test_its_manifest_has_the_measured_recall(self, large: Path) -> None:
        manifest = CurrentIndex(large, IDENTITY).generation().manifest
        assert {"codes.faiss", "vectors.faiss"} <= {file.name for file in manifest.files}
        assert manifest.vector_search is not None
        assert manifest.vector_search.recall_at_10 >= 0.99
        assert Manifest.from_bytes(manifest.to_bytes(), manifest.generation) == manifest

    def test_that_of_a_small_one_is_as_before(self, tmp_path: Path) -> None:
        root = tmp_path / "index"
        publish(root, {"a.pdf": ["The pump is blue."]}, BagOfWordsEncoder())
        manifest = CurrentIndex(root, IDENTITY).generation().manifest
        assert b"vector_search" not in manifest.to_bytes()
        assert "codes.faiss" not in {file.name for file in manifest.files}

    def test_search(self, large: Path) -> None:
        generation = CurrentIndex(large, IDENTITY).generation()
        for row in (0, 57, 119):
            vector = ChecksumEncoder().encode([generation.passages([row])[0].chunk.text])[0]
            ((nearest, cosine),) = generation.nearest(vector, 1)
            assert (nearest, round(cosine, 4)) == (row, 1.0)
        np.testing.assert_allclose(generation.vectors_of(generation.documents[0].id)[119], vector, atol=1e-6)

    def test_the_next_generation_has_the_same_bytes(self, large: Path) -> None:
        first = CurrentIndex(large, IDENTITY).generation().folder
        second = large / "gen" / put_large(large)
        for name in ("codes.faiss", "vectors.faiss"):
            assert (first / name).read_bytes() == (second / name).read_bytes()

    @pytest.mark.parametrize("part", ["codes.faiss", "vectors.faiss"])
    def test_damage_is_seen_before_it_is_mapped(self, large: Path, tmp_path: Path, part: str) -> None:
        root = Path(shutil.copytree(large, tmp_path / "index"))
        for folder in (root / "gen").iterdir():
            (folder / part).write_bytes(b"\0" + (folder / part).read_bytes()[1:])
        with pytest.raises(IndexCorrupt, match=part):
            CurrentIndex(root, IDENTITY).generation()

    def test_codes_that_the_manifest_does_not_name(self, large: Path, tmp_path: Path) -> None:
        root = Path(shutil.copytree(large, tmp_path / "index"))
        name, _ = read_current(IndexLayout(root))
        fields = json.loads((root / "gen" / name / "manifest.json").read_bytes())
        fields["files"] = [file for file in fields["files"] if file["name"] != "codes.faiss"]
        data = json.dumps(fields).encode()
        (root / "gen" / name / "manifest.json").write_bytes(data)
        with pytest.raises(IndexCorrupt, match=r"names no codes\.faiss"):
            open_generation(root / "gen" / name, hashlib.sha256(data).hexdigest(), IDENTITY, IndexLayout(root))
