"""Durable files: the commit is one rename, errors are raised, and no partial file gets its final name."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from rag.errors import IndexCorrupt, IndexMissing, PublishFailed
from rag.index import durable_files
from rag.index.layout import IndexLayout
from rag.index.reading import read_current
from rag.index.vectors import VectorIndex
from rag.index.writer import open_writer
from rag.runtime import files
from rag.testing import BagOfWordsEncoder
from tests.unit.conftest import publish

ONE, TWO = "000001-00000000", "000002-00000000"


@pytest.fixture
def layout(tmp_path: Path) -> IndexLayout:
    with open_writer(tmp_path) as writer:
        return writer.layout


def failing_sync(monkeypatch: pytest.MonkeyPatch, refused: Path) -> None:
    """Makes fsync of this file or folder fail."""
    real = files.sync

    def sync(path: Path) -> None:
        if path == refused:
            raise OSError(5, "Input/output error")
        real(path)

    monkeypatch.setattr(files, "sync", sync)


class TestPointTo:
    def test_names_the_generation(self, layout: IndexLayout) -> None:
        for name in (ONE, TWO):
            durable_files.point_to(layout, name, "d" * 64)
            assert json.loads(layout.current.read_bytes()) == {"generation": name, "manifest_sha256": "d" * 64}
            assert read_current(layout) == (name, "d" * 64)
        # What there was before, in case that the disk had refused; the writer empties the folder.
        assert [path.name for path in layout.work.iterdir()] == ["CURRENT.before"]

    def test_the_one_before_comes_back_when_the_last_sync_fails(
        self, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It may or may not survive a power failure, so nobody may be told that it is published."""
        durable_files.point_to(layout, ONE, "1" * 64)
        before = layout.current.read_bytes()
        failing_sync(monkeypatch, layout.root)
        with pytest.raises(OSError, match="Input/output"):
            durable_files.point_to(layout, TWO, "2" * 64)
        assert layout.current.read_bytes() == before

    def test_none_comes_back_where_there_was_none(self, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch) -> None:
        failing_sync(monkeypatch, layout.root)
        with pytest.raises(OSError, match="Input/output"):
            durable_files.point_to(layout, ONE, "1" * 64)
        with pytest.raises(IndexMissing):
            read_current(layout)

    @pytest.mark.parametrize("refused", ["tmp/CURRENT", "tmp"])
    def test_nothing_happens_when_an_earlier_sync_fails(
        self, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch, refused: str
    ) -> None:
        durable_files.point_to(layout, ONE, "1" * 64)
        failing_sync(monkeypatch, layout.root / refused)
        with pytest.raises(OSError, match="Input/output"):
            durable_files.point_to(layout, TWO, "2" * 64)
        assert read_current(layout) == (ONE, "1" * 64)


class TestPublishErrors:
    """Each step of publishing may fail; the generation before stays the current one."""

    @pytest.mark.parametrize("step", ["write_bytes", "sync_files", "file_rows", "point_to", "free_bytes"])
    def test_a_step_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        first = publish(tmp_path, {"a.pdf": ["One."]}, BagOfWordsEncoder())

        def refuse(*_: object) -> int:
            if step == "free_bytes":
                return 10
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(durable_files, step, refuse)
        with pytest.raises(PublishFailed, match="nothing was published"):
            publish(tmp_path, {"a.pdf": ["Two."]}, BagOfWordsEncoder())
        assert read_current(IndexLayout(tmp_path))[0] == first
        assert [folder.name for folder in (tmp_path / "gen").iterdir()] == [first]
        assert list((tmp_path / "tmp").iterdir()) == []

    @pytest.mark.parametrize("place", ["", "gen", "sources"])
    def test_a_sync_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
        first = publish(tmp_path, {"a.pdf": ["One."]}, BagOfWordsEncoder())
        failing_sync(monkeypatch, tmp_path / place)
        with pytest.raises(PublishFailed, match="nothing was published"):
            publish(tmp_path, {"a.pdf": ["Two."]}, BagOfWordsEncoder())
        assert read_current(IndexLayout(tmp_path))[0] == first

    def test_what_cannot_be_read_back_is_not_published(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The disk says that it has written, and has written something else."""
        monkeypatch.setattr(VectorIndex, "write", lambda _self, write: write(b"garbage"))
        with pytest.raises(PublishFailed, match="cannot be read back"):
            publish(tmp_path, {"a.pdf": ["Two."]}, BagOfWordsEncoder())
        assert not (tmp_path / "CURRENT").exists()

    def test_the_message_for_a_full_disk_has_megabytes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(durable_files, "free_bytes", lambda _folder: 2_500)
        with pytest.raises(PublishFailed, match=r"No space left on device \(about 0\.\d MB needed, 0\.0 MB free\)"):
            publish(tmp_path, {"a.pdf": ["Two."]}, BagOfWordsEncoder())


class TestMoveAway:
    def test_a_folder(self, layout: IndexLayout) -> None:
        folder = layout.generation(ONE)
        (folder / "lexical").mkdir(parents=True)
        (folder / "lexical" / "terms.npy").write_bytes(b"x")
        durable_files.move_away(folder, layout)
        assert not folder.exists()
        assert list(layout.trash.iterdir()) == []

    def test_a_file(self, layout: IndexLayout) -> None:
        source = layout.source("0" * 64)
        source.write_bytes(b"x")
        durable_files.move_away(source, layout)
        assert not source.exists()
        assert list(layout.trash.iterdir()) == []

    def test_a_crash_in_the_middle_leaves_nothing_that_is_half_there(
        self, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = layout.generation(ONE)
        folder.mkdir()
        (folder / "manifest.json").write_bytes(b"x")

        def crash(_path: Path) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(shutil, "rmtree", crash)
        with pytest.raises(KeyboardInterrupt):
            durable_files.move_away(folder, layout)
        assert not folder.exists()
        assert (layout.trash / ONE / "manifest.json").exists()
        monkeypatch.undo()
        with open_writer(layout.root):
            assert list(layout.trash.iterdir()) == []


class TestFiles:
    def test_rows(self, tmp_path: Path) -> None:
        (tmp_path / "lexical").mkdir()
        for name in ("b", "a", "lexical/c"):
            (tmp_path / name).write_bytes(name.encode())
        rows = list(durable_files.file_rows(tmp_path))
        assert [(row.name, row.size) for row in rows] == [("a", 1), ("b", 1), ("lexical/c", 9)]
        assert [row.sha256 for row in rows] == [hashlib.sha256(row.name.encode()).hexdigest() for row in rows]

    def test_blocks(self, tmp_path: Path) -> None:
        data = os.urandom((1 << 20) + 5)
        (tmp_path / "a").write_bytes(data)
        assert [len(block) for block in durable_files.blocks(tmp_path / "a")] == [1 << 20, 5]
        assert b"".join(durable_files.blocks(tmp_path / "a")) == data
        assert files.sha256_of_file(tmp_path / "a") == hashlib.sha256(data).hexdigest()

    def test_every_file_and_folder_is_synced(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "lexical").mkdir()
        for name in ("b", "lexical/c"):
            (tmp_path / name).write_bytes(b"x")
        synced: list[Path] = []
        monkeypatch.setattr(files, "sync", synced.append)
        durable_files.sync_files(tmp_path)
        assert synced == [tmp_path / "b", tmp_path / "lexical/c", tmp_path / "lexical", tmp_path]

    @pytest.mark.parametrize("data", [None, b"\xff\xfe"])
    def test_a_digest_that_cannot_be_read(self, layout: IndexLayout, data: bytes | None) -> None:
        layout.generation(ONE).mkdir()
        if data:
            (layout.generation(ONE) / "manifest.sha256").write_bytes(data)
        with pytest.raises(IndexCorrupt, match=ONE):
            durable_files.published_digest(layout, ONE)
