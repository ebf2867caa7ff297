"""Atomic replacement of files: whole or not at all, and on the disk."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from rag.runtime.files import sha256_of_file, sync, write_atomically
from tests.unit.conftest import files_of_at_most


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestWriteAtomically:
    @pytest.mark.parametrize(("data", "written"), [(b"\x00\xff", b"\x00\xff"), ("für\r\n", "für\r\n".encode())])
    def test_new_and_replaced(self, tmp_path: Path, data: bytes | str, written: bytes) -> None:
        for before in (None, b"something longer that was there before"):
            if before:
                (tmp_path / "a").write_bytes(before)
            write_atomically(tmp_path / "a", data)
            assert (tmp_path / "a").read_bytes() == written
            assert names(tmp_path) == ["a"]

    def test_whoever_has_it_open_reads_the_old_contents(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"old")
        with (tmp_path / "a").open("rb") as file:
            write_atomically(tmp_path / "a", b"new")
            assert file.read() == b"old"

    def test_permissions(self, tmp_path: Path) -> None:
        before = os.umask(0o027)
        try:
            write_atomically(tmp_path / "shared", b"x")
            write_atomically(tmp_path / "private", b"x", mode=0o600)
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o640
        assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600

    def test_a_name_as_long_as_the_file_system_takes(self, tmp_path: Path) -> None:
        write_atomically(tmp_path / ("ä" * 127), b"x")
        assert names(tmp_path) == ["ä" * 127]

    def test_the_order_of_what_the_disk_is_asked(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The contents are synced before the rename, and the folder after it."""
        asked: list[tuple[str, str]] = []
        fsync, replace = os.fsync, Path.replace

        def traced_fsync(descriptor: int) -> None:
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            asked.append(("fsync", "folder" if path == tmp_path else path.read_text()))
            fsync(descriptor)

        def traced_replace(self: Path, target: Path) -> Path:
            asked.append(("rename", target.name))
            return replace(self, target)

        monkeypatch.setattr(os, "fsync", traced_fsync)
        monkeypatch.setattr(Path, "replace", traced_replace)
        write_atomically(tmp_path / "a", "contents")
        assert asked == [("fsync", "contents"), ("rename", "a"), ("fsync", "folder")]


class TestRefused:
    """The file that was there stays, and no draft."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        (tmp_path / "a").write_bytes(b"before")
        return tmp_path / "a"

    def test_a_full_disk(self, path: Path) -> None:
        with files_of_at_most(100), pytest.raises(OSError, match="File too large"):
            write_atomically(path, bytes(1000))
        assert (path.read_bytes(), names(path.parent)) == (b"before", ["a"])

    def test_a_disk_that_does_not_keep(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_descriptor: int) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="Input/output error"):
            write_atomically(path, b"after")
        assert (path.read_bytes(), names(path.parent)) == (b"before", ["a"])

    def test_the_rename(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        with pytest.raises(IsADirectoryError):
            write_atomically(tmp_path / "folder", b"x")
        assert names(tmp_path) == ["folder"]

    def test_ctrl_c(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def press(_descriptor: int) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", press)
        with pytest.raises(KeyboardInterrupt):
            write_atomically(path, b"after")
        assert (path.read_bytes(), names(path.parent)) == (b"before", ["a"])

    def test_the_folder_s_own_fsync_is_not_ignored(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fsync = os.fsync

        def refuse_folder(descriptor: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(5, "Input/output error")
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", refuse_folder)
        with pytest.raises(OSError, match="Input/output error"):
            write_atomically(path, b"after")
        assert names(path.parent) == ["a"]

    def test_text_that_cannot_be_encoded(self, path: Path) -> None:
        with pytest.raises(UnicodeEncodeError):
            write_atomically(path, "\udcff")
        assert (path.read_bytes(), names(path.parent)) == (b"before", ["a"])

    def test_a_draft_that_is_there_is_neither_written_nor_removed(self, path: Path) -> None:
        """It may be a link that another user has put there."""
        draft = path.with_name("draft")
        draft.symlink_to(path.with_name("elsewhere"))
        with pytest.raises(FileExistsError):
            write_atomically(path, b"after", draft=draft)
        assert (path.read_bytes(), names(path.parent)) == (b"before", ["a", "draft"])


class TestSync:
    def test_the_descriptor_is_closed_when_the_disk_refuses(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_descriptor: int) -> None:
            raise OSError(5, "Input/output error")

        before = set(Path("/proc/self/fd").iterdir())
        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="Input/output error"):
            sync(tmp_path)
        assert set(Path("/proc/self/fd").iterdir()) == before

    def test_what_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            sync(tmp_path / "nothing")


def test_sha256(tmp_path: Path) -> None:
    data = os.urandom((1 << 20) + 5)
    (tmp_path / "a").write_bytes(data)
    assert sha256_of_file(tmp_path / "a") == hashlib.sha256(data).hexdigest()
    with pytest.raises(FileNotFoundError):
        sha256_of_file(tmp_path / "b")
