"""Index maintenance: listing, verification, rollback and garbage collection."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.errors import IndexBusy, IndexCorrupt, IndexForeign, IndexMissing
from rag.index.current_index import CurrentIndex
from rag.index.layout import IndexLayout
from rag.index.maintenance import (
    GarbageCollection,
    collect_garbage,
    list_generations,
    roll_back,
    vector_digests,
    verify_generation,
)
from rag.index.reading import open_current, read_current
from rag.index.writer import open_writer
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import id_of, publish, quick_folder

IDENTITY = BagOfWordsEncoder().identity
# What is indexed as a document's text is not what verification is about: the stored bytes are.
TEXTS = [["The pump is blue."], ["The valve is red."], ["The tank is full."]]


def publish_one(root: Path, number: int) -> str:
    """A generation with one document of its own; its source is stored under the digest of its bytes."""
    texts = TEXTS[number]
    data = "\f".join(["a.pdf", *texts]).encode()
    assert hashlib.sha256(data).hexdigest() == id_of("a.pdf", texts)
    return publish(root, {"a.pdf": texts}, BagOfWordsEncoder(), {"a.pdf": data})


@pytest.fixture(scope="module")
def original() -> Iterator[Path]:
    with quick_folder() as folder:
        for number in range(3):
            publish_one(folder / "index", number)
        yield folder / "index"


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """An index with three generations, each of one document."""
    return shutil.copytree(original, tmp_path / "index")


def names(root: Path) -> list[str]:
    """The oldest first."""
    return sorted(path.name for path in (root / "gen").iterdir())


def sources(root: Path) -> set[str]:
    return {path.name for path in (root / "sources").iterdir()}


def ids(*numbers: int) -> set[str]:
    return {id_of("a.pdf", TEXTS[number]) for number in numbers}


def current(root: Path) -> str:
    return read_current(IndexLayout(root))[0]


def collect(root: Path, keep: int) -> GarbageCollection:
    with open_writer(root) as writer:
        return collect_garbage(writer.layout, keep)


def damage(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


class TestList:
    def test_newest_first(self, root: Path) -> None:
        rows = list_generations(root)
        assert [row.name for row in rows] == names(root)[::-1]
        assert [row.current for row in rows] == [True, False, False]
        assert [row.parent for row in rows] == [names(root)[1], names(root)[0], None]
        assert all(row.counts is not None and row.counts.chunks == 1 and row.fault is None for row in rows)
        assert all(row.created.startswith("20") for row in rows)
        for row in rows:
            held = [path for path in (root / "gen" / row.name).rglob("*") if path.is_file()]
            assert row.size == sum(path.stat().st_size for path in held)

    def test_a_damaged_manifest_is_reported(self, root: Path) -> None:
        damage(root / "gen" / names(root)[1] / "manifest.json")
        rows = list_generations(root)
        assert [row.counts is None for row in rows] == [False, True, False]
        assert rows[1].fault is not None
        assert "not the published one" in rows[1].fault

    def test_without_current(self, root: Path) -> None:
        (root / "CURRENT").unlink()
        assert [row.current for row in list_generations(root)] == [False] * 3

    def test_other_folders_are_none(self, root: Path) -> None:
        (root / "gen" / "my backup").mkdir()
        assert len(list_generations(root)) == 3

    @pytest.mark.parametrize("place", ["nowhere", ""])
    def test_no_index(self, tmp_path: Path, place: str) -> None:
        with pytest.raises(IndexMissing, match="python -m ingest"):
            list_generations(tmp_path / place)
        assert list(tmp_path.iterdir()) == []


class TestVerify:
    def test_whole_ones(self, root: Path) -> None:
        for name in names(root):
            verify_generation(root, name)

    @pytest.mark.parametrize("harm", [damage, Path.unlink], ids=lambda harm: harm.__name__)
    @pytest.mark.parametrize(
        "part",
        ["vectors.faiss", "docstore.sqlite", "report.json", "lexical/terms.npy", "manifest.json", "manifest.sha256"],
    )
    def test_each_part(self, root: Path, part: str, harm: Callable[[Path], None]) -> None:
        first, second, _ = names(root)
        harm(root / "gen" / second / part)
        with pytest.raises(IndexCorrupt, match="manifest" if part.startswith("manifest") else Path(part).name):
            verify_generation(root, second)
        verify_generation(root, first)

    @pytest.mark.parametrize("harm", [damage, Path.unlink], ids=lambda harm: harm.__name__)
    def test_a_source(self, root: Path, harm: Callable[[Path], None]) -> None:
        (needed,) = ids(1)
        harm(root / "sources" / needed)
        with pytest.raises(IndexCorrupt, match=needed[:12]):
            verify_generation(root, names(root)[1])
        verify_generation(root, names(root)[2])

    def test_unknown(self, root: Path) -> None:
        with pytest.raises(IndexMissing, match="rag index list"):
            verify_generation(root, "000009-00000000")

    def test_another_format(self, root: Path) -> None:
        folder = root / "gen" / names(root)[0]
        data = json.dumps({**json.loads((folder / "manifest.json").read_bytes()), "format": 9}).encode()
        (folder / "manifest.json").write_bytes(data)
        (folder / "manifest.sha256").write_text(hashlib.sha256(data).hexdigest())
        with pytest.raises(IndexForeign, match="another format"):
            verify_generation(root, names(root)[0])


class TestRollBack:
    def test_to_the_one_before(self, root: Path) -> None:
        first, second, _ = names(root)
        assert roll_back(root) == second
        assert open_current(root, IDENTITY).passages([0])[0].chunk.text == TEXTS[1][0]
        assert roll_back(root) == first
        assert current(root) == first
        with pytest.raises(IndexMissing, match=f"no generation before {first}"):
            roll_back(root)
        assert current(root) == first

    def test_to_a_named_one_and_forward_again(self, root: Path) -> None:
        first, _, third = names(root)
        before = (root / "CURRENT").read_bytes()
        assert roll_back(root, first) == first
        assert roll_back(root, third) == third
        assert (root / "CURRENT").read_bytes() == before

    def test_a_damaged_one_is_refused(self, root: Path) -> None:
        first, second, third = names(root)
        damage(root / "gen" / second / "docstore.sqlite")
        with pytest.raises(IndexCorrupt, match=r"docstore\.sqlite"):
            roll_back(root)
        assert current(root) == third
        assert roll_back(root, first) == first

    def test_one_whose_source_is_gone_is_refused(self, root: Path) -> None:
        (root / "sources" / next(iter(ids(1)))).unlink()
        with pytest.raises(IndexCorrupt, match="source"):
            roll_back(root)
        assert current(root) == names(root)[2]

    def test_unknown_ones(self, root: Path, tmp_path: Path) -> None:
        shutil.copytree(root / "gen" / names(root)[0], root / "gen" / "my backup")
        before = (root / "CURRENT").read_bytes()
        for name in ("000009-00000000", "../sources", ".", "my backup"):
            with pytest.raises(IndexMissing, match="rag index list"):
                roll_back(root, name)
        assert (root / "CURRENT").read_bytes() == before
        with pytest.raises(IndexMissing):
            roll_back(tmp_path / "nowhere")
        assert not (tmp_path / "nowhere").exists()

    def test_when_current_is_damaged_the_newest_becomes_current(self, root: Path) -> None:
        (root / "CURRENT").write_bytes(b"\0")
        assert roll_back(root) == names(root)[2]
        assert open_current(root, IDENTITY)

    def test_not_while_another_process_writes(self, root: Path) -> None:
        with open_writer(root), pytest.raises(IndexBusy):
            roll_back(root)

    def test_a_generation_published_after_it_has_a_new_number_and_its_true_parent(self, root: Path) -> None:
        first = roll_back(root, names(root)[0])
        name = publish_one(root, 1)
        assert name.startswith("000004-")
        assert list_generations(root)[0].parent == first


class TestCollect:
    @pytest.mark.parametrize(("keep", "left"), [(1, [2]), (2, [1, 2]), (3, [0, 1, 2]), (9, [0, 1, 2])])
    def test_the_newest_stay(self, root: Path, keep: int, left: list[int]) -> None:
        before = names(root)
        freed = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
        collected = collect(root, keep)
        assert names(root) == [before[number] for number in left]
        assert sources(root) == ids(*left)
        assert collected.generations == tuple(before[number] for number in (1, 0) if number not in left)
        assert collected.sources == 3 - len(left)
        freed -= sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
        assert collected.bytes == freed
        for name in names(root):
            verify_generation(root, name)
        assert list((root / "trash").iterdir()) == []

    def test_the_current_one_stays_after_a_rollback(self, root: Path) -> None:
        first, _, third = names(root)
        roll_back(root, first)
        collect(root, 2)
        assert names(root) == [first, third]
        assert sources(root) == ids(0, 2)
        collect(root, 1)
        assert names(root) == [first]
        verify_generation(root, first)

    def test_a_source_that_is_shared_stays(self, root: Path) -> None:
        """It left the index, and came back."""
        publish_one(root, 0)
        assert len(names(root)) == 4
        collect(root, 1)
        assert sources(root) == ids(0)
        verify_generation(root, current(root))

    def test_guides_go_with_their_documents(self, root: Path) -> None:
        layout = IndexLayout(root)
        for document_id in ids(0, 1, 2):
            layout.guide(document_id).mkdir(parents=True)
            (layout.guide(document_id) / "guide.json").write_text("{}")
        collected = collect(root, 2)
        assert collected.sources == 1
        assert {path.name for path in layout.guides.iterdir()} == ids(1, 2)

    def test_no_source_goes_when_it_is_not_known_which_are_needed(
        self, root: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        damage(root / "gen" / names(root)[1] / "manifest.json")
        collected = collect(root, 2)
        assert len(collected.generations) == 1
        assert collected.sources == 0
        assert sources(root) == ids(0, 1, 2)
        assert "no source is removed" in caplog.text

    @pytest.mark.parametrize("data", [None, b"\0"])
    def test_nothing_goes_without_current(self, root: Path, data: bytes | None) -> None:
        (root / "CURRENT").unlink()
        if data:
            (root / "CURRENT").write_bytes(data)
        with pytest.raises((IndexMissing, IndexCorrupt)):
            collect(root, 1)
        assert len(names(root)) == len(sources(root)) == 3

    def test_a_folder_of_the_users_own_stays(self, root: Path) -> None:
        (root / "gen" / "my backup").mkdir()
        collect(root, 1)
        assert (root / "gen" / "my backup").is_dir()

    def test_a_generation_that_is_held_can_still_be_searched(self, root: Path) -> None:
        index = CurrentIndex(root, IDENTITY)
        held = index.generation()
        document = held.documents[0].id
        for _ in range(2):
            publish_one(root, 0)
        collect(root, 1)
        assert held.id not in names(root)
        assert held.passages([0])[0].chunk.text == TEXTS[2][0]
        assert held.page(document, 1).text == TEXTS[2][0]
        assert held.bm25_scores("tank").argmax() == held.nearest(BagOfWordsEncoder().encode(["tank"])[0], 1)[0][0] == 0
        assert len(held.terms_of([document]).lengths) == 1


def test_vectors_of_all_collections_are_needed(tmp_path: Path) -> None:
    other = tmp_path / "collections" / "other"
    publish_one(tmp_path, 1)
    publish_one(other, 2)
    found = [set(vector_digests(IndexLayout(root))) for root in (tmp_path, other)]
    assert found[0] == found[1]
    assert len(found[0]) == 2
