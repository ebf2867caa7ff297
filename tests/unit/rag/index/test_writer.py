"""Index writer: publishing is atomic, and a generation is opened only if every byte is the published one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain.values import Document
from rag.errors import DocumentUnknown, FileFault, IndexBusy, IndexCorrupt, IndexForeign, IndexMissing, PublishFailed
from rag.index.current_index import CurrentIndex
from rag.index.generation import Generation
from rag.index.layout import IndexLayout
from rag.index.reading import open_current
from rag.index.writer import IndexWriter, open_writer
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import files_of_at_most, id_of, publish, quick_folder, record_of

PUMPS = {
    "pump.pdf": ["The pump has a blue lid.", "The lid is held by four screws."],
    "valve.pdf": ["The valve is red and opens to the left."],
}
PARTS = (
    "docstore.sqlite",
    "lexical/data.csc.index.npy",
    "lexical/indices.csc.index.npy",
    "lexical/indptr.csc.index.npy",
    "lexical/lengths.npy",
    "lexical/params.index.json",
    "lexical/terms.npy",
    "lexical/vocab.index.json",
    "report.json",
    "vectors.faiss",
)
# What the manifest cannot name: itself and its digest.
SIGNED = ("manifest.json", "manifest.sha256")
IDENTITY = BagOfWordsEncoder().identity


@pytest.fixture(scope="module")
def original() -> Iterator[Path]:
    with quick_folder() as folder:
        publish(folder / "index", PUMPS, BagOfWordsEncoder())
        yield folder / "index"


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """An index of its own, with one generation."""
    return shutil.copytree(original, tmp_path / "index")


def current(root: Path) -> dict[str, str]:
    fields = json.loads((root / "CURRENT").read_bytes())
    assert isinstance(fields, dict)
    return fields


def folder_of(root: Path) -> Path:
    return root / "gen" / current(root)["generation"]


def open_files_in(folder: Path) -> list[str]:
    """Names of the files in this folder that this process has open, deleted ones included."""
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # that of the listing itself is closed by now
            targets.append(descriptor.readlink())
    return sorted({target.name.split()[0] for target in targets if target.parent == folder})


def manifest_of(root: Path) -> dict[str, Any]:
    fields = json.loads((folder_of(root) / "manifest.json").read_bytes())
    assert isinstance(fields, dict)
    return fields


def sign(root: Path, manifest: object) -> None:
    """Writes another manifest with a matching digest, so that only its contents can be wrong."""
    data = json.dumps(manifest).encode()
    (folder_of(root) / "manifest.json").write_bytes(data)
    fields = {**current(root), "manifest_sha256": hashlib.sha256(data).hexdigest()}
    (root / "CURRENT").write_text(json.dumps(fields))


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def texts_of(generation: Generation) -> list[str]:
    return [passage.chunk.text for passage in generation.passages(range(len(generation)))]


class TestPublished:
    def test_what_is_opened_is_what_was_published(self, root: Path) -> None:
        encoder = BagOfWordsEncoder()
        generation = open_current(root, IDENTITY)
        assert [document.name for document in generation.documents] == ["pump.pdf", "valve.pdf"]
        for name, texts in PUMPS.items():
            document_id, record = id_of(name, texts), record_of(texts)
            title, size = name.removesuffix(".pdf"), sum(map(len, texts))
            assert generation.document(document_id) == Document(
                document_id, (name,), title, len(texts), size, language="English"
            )
            for page in record.pages:
                assert generation.page(document_id, page.number) == page.page()
            rows = generation.rows_named([name])
            assert rows is not None
            passages = generation.passages(rows.tolist())
            assert [passage.chunk for passage in passages] == record.chunks
            expected = encoder.encode([chunk.text for chunk in record.chunks])
            np.testing.assert_array_equal(generation.vectors_of(document_id), expected)

    def test_rows_are_the_same_in_all_parts(self, root: Path) -> None:
        generation = open_current(root, IDENTITY)
        for row, text in enumerate(texts_of(generation)):
            assert generation.nearest(BagOfWordsEncoder().encode([text])[0], 1)[0][0] == row
            assert generation.bm25_scores(text).argmax() == row

    def test_current_names_generation_and_manifest(self, root: Path) -> None:
        assert set(current(root)) == {"generation", "manifest_sha256"}
        assert current(root)["generation"].startswith("000001-")
        data = (folder_of(root) / "manifest.json").read_bytes()
        assert current(root)["manifest_sha256"] == hashlib.sha256(data).hexdigest()
        assert (folder_of(root) / "manifest.sha256").read_text() == current(root)["manifest_sha256"]

    def test_manifest_names_every_other_file_with_size_and_digest(self, root: Path) -> None:
        rows = {row["name"]: (row["size"], row["sha256"]) for row in manifest_of(root)["files"]}
        held = {name: data for name, data in tree(folder_of(root)).items() if name not in SIGNED}
        assert rows == {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in held.items()}
        assert sorted(rows) == sorted(PARTS)

    def test_manifest_says_what_it_is(self, root: Path) -> None:
        manifest = manifest_of(root)
        assert manifest["format"] == 2
        assert manifest["parent"] is None
        assert manifest["encoder"] == IDENTITY
        assert manifest["counts"] == {"documents": 2, "pages": 3, "chunks": 3}

    def test_report_has_the_name_of_the_generation(self, root: Path) -> None:
        report = json.loads((folder_of(root) / "report.json").read_bytes())
        assert report == {"generation": current(root)["generation"], "files": []}

    def test_second_generation_counts_on_and_names_its_parent(self, root: Path) -> None:
        first = current(root)["generation"]
        before = tree(root / "gen" / first)
        second = publish(root, {"tank.pdf": ["The tank holds water."]}, BagOfWordsEncoder())
        assert second.startswith("000002-")
        assert manifest_of(root)["parent"] == first
        assert open_current(root, IDENTITY).id == second
        assert tree(root / "gen" / first) == before

    def test_numbers_go_on_when_current_was_damaged(self, root: Path) -> None:
        (root / "CURRENT").write_bytes(b"\0\0\0")
        assert publish(root, PUMPS, BagOfWordsEncoder()).startswith("000002-")
        assert manifest_of(root)["parent"] is None

    def test_numbers_go_on_beside_a_folder_of_the_users_own(self, root: Path) -> None:
        (root / "CURRENT").unlink()
        (root / "gen" / "kept-for-later").mkdir()
        assert publish(root, PUMPS, BagOfWordsEncoder()).startswith("000002-")

    def test_unknown_names(self, root: Path) -> None:
        generation = open_current(root, IDENTITY)
        with pytest.raises(DocumentUnknown, match=r"gone\.pdf") as caught:
            generation.rows_named(["pump.pdf", "gone.pdf"])
        assert caught.value.field == "documents"
        assert generation.rows_named([]) is None
        rows = generation.rows_named(["valve.pdf"])
        assert rows is not None
        assert rows.tolist() == [2]

    @pytest.mark.parametrize("indexed", ["NFC", "NFD"])
    @pytest.mark.parametrize("asked", ["NFC", "NFD"])
    def test_a_name_is_the_same_in_each_unicode_form(
        self, tmp_path: Path, indexed: Literal["NFC", "NFD"], asked: Literal["NFC", "NFD"]
    ) -> None:
        name = unicodedata.normalize(indexed, "Prüfbericht.pdf")
        publish(tmp_path / "index", {name: ["Blue."], "b.pdf": ["Red."]}, BagOfWordsEncoder())
        generation = open_current(tmp_path / "index", IDENTITY)
        asked_name = unicodedata.normalize(asked, "Prüfbericht.pdf")
        assert generation.names_of([asked_name, "b.pdf"]) == (name, "b.pdf")
        rows = generation.rows_named([asked_name])
        assert rows is not None
        assert rows.size == 1

    def test_two_names_that_differ_in_their_form_alone_are_two(self, tmp_path: Path) -> None:
        names = [unicodedata.normalize(form, "Prüfbericht.pdf") for form in ("NFC", "NFD")]
        publish(tmp_path / "index", {names[0]: ["Blue."], names[1]: ["Red."]}, BagOfWordsEncoder())
        generation = open_current(tmp_path / "index", IDENTITY)
        assert generation.names_of(names) == tuple(names)


def flip_first(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def flip_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x80
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def empty(path: Path) -> None:
    path.write_bytes(b"")


HARMS: list[Callable[[Path], None]] = [flip_first, flip_middle, truncate, lengthen, empty, Path.unlink]


class TestDamaged:
    @pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
    @pytest.mark.parametrize("name", [*PARTS, "manifest.json"])
    def test_no_damaged_file_is_used(self, root: Path, name: str, harm: Callable[[Path], None]) -> None:
        harm(folder_of(root) / name)
        with pytest.raises(IndexCorrupt, match=Path(name).name):
            open_current(root, IDENTITY)

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"\xff\xfe\x00", id="no text"),
            pytest.param(b"{", id="half"),
            pytest.param(b"null", id="null"),
            pytest.param(b"[]", id="list"),
            pytest.param(b'"generation"', id="string"),
            pytest.param(b"{}", id="no fields"),
            pytest.param(b'{"generation": "000001-00000000"}', id="no digest"),
            pytest.param(b'{"generation": 1, "manifest_sha256": ""}', id="number"),
            pytest.param(b'{"generation": "../../000001-00000000", "manifest_sha256": ""}', id="path"),
            pytest.param(b'{"generation": "000001-00000000", "manifest_sha256": ""}', id="no such generation"),
        ],
    )
    def test_damaged_current(self, root: Path, data: bytes) -> None:
        (root / "CURRENT").write_bytes(data)
        with pytest.raises(IndexCorrupt, match="--rebuild"):
            open_current(root, IDENTITY)

    @given(st.binary(max_size=60))
    def test_current_of_any_bytes(self, data: bytes) -> None:
        with quick_folder() as folder:
            (folder / "CURRENT").write_bytes(data)
            with pytest.raises(IndexCorrupt):
                open_current(folder, IDENTITY)

    def test_current_is_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "CURRENT").mkdir()
        with pytest.raises(IndexCorrupt, match="CURRENT"):
            open_current(tmp_path, IDENTITY)

    def test_current_with_the_digest_of_another_manifest(self, root: Path) -> None:
        (root / "CURRENT").write_text(json.dumps({**current(root), "manifest_sha256": "0" * 64}))
        with pytest.raises(IndexCorrupt, match="not the published one"):
            open_current(root, IDENTITY)

    @pytest.mark.parametrize("lost", ["files", "counts", "encoder", "sources"])
    def test_manifest_without_a_field(self, root: Path, lost: str) -> None:
        sign(root, {name: value for name, value in manifest_of(root).items() if name != lost})
        with pytest.raises(IndexCorrupt, match="manifest"):
            open_current(root, IDENTITY)

    def test_manifest_that_is_no_object(self, root: Path) -> None:
        sign(root, [])
        with pytest.raises(IndexCorrupt, match="manifest"):
            open_current(root, IDENTITY)

    def test_parts_of_different_length(self, root: Path) -> None:
        manifest = manifest_of(root)
        sign(root, {**manifest, "counts": {**manifest["counts"], "chunks": 4}})
        with pytest.raises(IndexCorrupt, match=r"\[3, 4\] rows"):
            open_current(root, IDENTITY)

    def test_another_format_is_foreign(self, root: Path) -> None:
        sign(root, {**manifest_of(root), "format": 3, "something": "new"})
        with pytest.raises(IndexForeign, match="--rebuild"):
            open_current(root, IDENTITY)

    @pytest.mark.parametrize(
        ("other", "told"),
        [
            pytest.param({"name": "other"}, "RAG_ENCODER", id="name"),
            pytest.param({"sha256": "1" * 64}, "RAG_ENCODER", id="weights"),
            pytest.param({"dimension": 128}, "dimension 256, not 128", id="dimension"),
            pytest.param({"max_tokens": 128}, "max_tokens 256, not 128", id="length"),
        ],
    )
    def test_another_encoder_is_foreign(self, root: Path, other: dict[str, str | int], told: str) -> None:
        with pytest.raises(IndexForeign, match=told):
            open_current(root, {**IDENTITY, **other})

    def test_nothing_published(self, tmp_path: Path) -> None:
        with pytest.raises(IndexMissing, match="python -m ingest"):
            open_current(tmp_path / "nowhere", IDENTITY)


class TestOpenWriter:
    def test_one_writer_at_a_time(self, root: Path) -> None:
        with open_writer(root), pytest.raises(IndexBusy, match="another ingest"), open_writer(root):
            pass
        with open_writer(root):
            pass

    def test_the_second_writer_leaves_the_work_of_the_first(self, root: Path) -> None:
        with open_writer(root):
            (root / "tmp" / "half").write_bytes(b"at work")
            with pytest.raises(IndexBusy), open_writer(root):
                pass
            assert (root / "tmp" / "half").read_bytes() == b"at work"

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
    def test_an_error_while_writing_changes_nothing(self, root: Path, error: type[BaseException]) -> None:
        def fail_midway(writer: IndexWriter) -> None:
            writer.sources.store(root / "CURRENT")
            raise error

        before = tree(root)
        with pytest.raises(error), open_writer(root) as writer:
            fail_midway(writer)
        after = tree(root)
        assert {name: after[name] for name in before} == before
        assert open_current(root, IDENTITY).id == current(root)["generation"]
        publish(root, PUMPS, BagOfWordsEncoder())

    @pytest.mark.parametrize("error", [None, RuntimeError])
    def test_the_files_that_it_opened_are_closed(self, root: Path, error: type[BaseException] | None) -> None:
        with nullcontext() if error is None else pytest.raises(error), open_writer(root) as writer:
            writer.staging()[1].reserve("a", 1)
            assert open_files_in(root / "tmp") == ["staging.sqlite", "vectors.f32"]
            if error:
                raise error
        assert open_files_in(root / "tmp") == []

    def test_what_a_killed_writer_left_is_cleaned(self, root: Path) -> None:
        half = root / "tmp" / "000002-00000000"
        half.mkdir()
        (half / "vectors.faiss").write_bytes(b"half")
        with open_writer(root):
            assert list((root / "tmp").iterdir()) == []

    def test_a_generation_without_current_is_not_served(self, root: Path) -> None:
        """Killed between the two renames: the old one is still current."""
        first = current(root)["generation"]
        shutil.copytree(root / "gen" / first, root / "gen" / "000002-00000000")
        assert open_current(root, IDENTITY).id == first

    @pytest.mark.parametrize("place", ["", "gen", "sources", "tmp", "writer.lock"])
    def test_something_else_in_place_of_a_folder(self, tmp_path: Path, place: str) -> None:
        root = tmp_path / "index"
        target = root / place
        target.parent.mkdir(exist_ok=True)
        if place == "writer.lock":
            target.mkdir()
        else:
            target.write_bytes(b"a file")
        with pytest.raises(PublishFailed, match="nothing was published"), open_writer(root):
            pass

    def test_current_cannot_be_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "CURRENT").mkdir()
        with pytest.raises(PublishFailed, match="nothing was published"):
            publish(tmp_path, PUMPS, BagOfWordsEncoder())

    @pytest.mark.parametrize(
        "size",
        [
            pytest.param(100, id="a few bytes"),
            pytest.param(4096, id="SQLite's first page"),
            pytest.param(12_288, id="all but SQLite's last page"),
        ],
    )
    def test_a_full_disk_publishes_nothing(self, root: Path, size: int) -> None:
        assert (folder_of(root) / "docstore.sqlite").stat().st_size > size
        before = current(root)
        with files_of_at_most(size), pytest.raises(PublishFailed, match="nothing was published"):
            publish(root, PUMPS, BagOfWordsEncoder())
        assert current(root) == before
        assert texts_of(open_current(root, IDENTITY)) == [text for texts in PUMPS.values() for text in texts]


class TestSources:
    def test_stored_once_by_content(self, tmp_path: Path) -> None:
        root, data = tmp_path / "index", os.urandom(3000)
        for name in ("a.pdf", "b.pdf"):
            (tmp_path / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        with open_writer(root) as writer:
            stored = [writer.sources.store(tmp_path / name) for name in ("a.pdf", "b.pdf")]
            assert writer.sources.path(digest).read_bytes() == data
        assert stored == [(digest, 3000)] * 2
        assert [path.name for path in (root / "sources").iterdir()] == [digest]
        assert list((root / "tmp").iterdir()) == []

    @pytest.mark.parametrize(
        "damaged", [pytest.param(b"%PD", id="cut short"), pytest.param(b"%PDX-1.7", id="same length")]
    )
    def test_a_damaged_copy_is_mended(self, tmp_path: Path, damaged: bytes) -> None:
        (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
        with open_writer(tmp_path / "index") as writer:
            digest, _ = writer.sources.store(tmp_path / "a.pdf")
            writer.sources.path(digest).write_bytes(damaged)
            writer.sources.store(tmp_path / "a.pdf")
            assert writer.sources.path(digest).read_bytes() == b"%PDF-1.7"

    def test_a_file_that_cannot_be_read(self, tmp_path: Path) -> None:
        with open_writer(tmp_path / "index") as writer:
            with pytest.raises((OSError, FileFault), match="No such file"):
                writer.sources.store(tmp_path / "gone.pdf")
            assert list((tmp_path / "index" / "sources").iterdir()) == []

    def test_a_generation_knows_its_sources(self, root: Path) -> None:
        generation = open_current(root, IDENTITY)
        document = generation.documents[0]
        assert generation.source(document.id) == IndexLayout(root).source(document.id)
        with pytest.raises(DocumentUnknown):
            generation.source("../CURRENT")


class TestCurrentIndex:
    def test_opens_when_an_index_appears(self, tmp_path: Path) -> None:
        index = CurrentIndex(tmp_path, IDENTITY)
        index.open_if_there()
        with pytest.raises(IndexMissing):
            index.generation()
        name = publish(tmp_path, PUMPS, BagOfWordsEncoder())
        assert index.generation().id == name

    def test_stays_with_what_it_opened(self, root: Path) -> None:
        index = CurrentIndex(root, IDENTITY)
        index.open_if_there()
        first = index.generation()
        publish(root, {"tank.pdf": ["The tank holds water."]}, BagOfWordsEncoder())
        assert index.generation() is first
        assert texts_of(first)[0] == "The pump has a blue lid."

    def test_says_at_once_what_is_wrong(self, root: Path) -> None:
        flip_middle(folder_of(root) / "vectors.faiss")
        with pytest.raises(IndexCorrupt):
            CurrentIndex(root, IDENTITY).open_if_there()
        with pytest.raises(IndexForeign):
            CurrentIndex(root, {"name": "other"}).open_if_there()

    def test_threads_share_one(self, root: Path) -> None:
        index = CurrentIndex(root, IDENTITY)
        with ThreadPoolExecutor(8) as pool:
            opened = list(pool.map(lambda _: index.generation(), range(8)))
        assert len({id(generation) for generation in opened}) == 1

    def test_threads_search_at_once(self, root: Path) -> None:
        generation = open_current(root, IDENTITY)
        ids = [document.id for document in generation.documents]

        def read(number: int) -> list[str]:
            return [generation.page(ids[number % 2], 1).text, *texts_of(generation)]

        alone = [read(0), read(1)]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(read, range(64))) == alone * 32
