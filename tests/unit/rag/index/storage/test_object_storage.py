"""Object storage: URLs, and the errors of libraries in one line."""

from __future__ import annotations

import errno
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fsspec.registry import _registry

from rag.errors import StorageCorrupt, StorageMissing, StorageUnreachable, StorageUnusable
from rag.index.storage.object_storage import ObjectStorage, open_storage, transfer_each


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("backup", "backup is no URL"),
        ("", "is no URL"),
        ("s4://bucket/prefix", "cannot be used"),
        ("memory://", "names no place"),
        ("file:///", "names no place"),
        ("http://[bad/prefix", "is no URL"),
    ],
)
def test_what_is_no_storage(url: str, message: str) -> None:
    with pytest.raises(StorageUnusable, match=message):
        open_storage(url)


@pytest.mark.parametrize("url", ["s3://key:secret@bucket/prefix", "ftp://secret@host/x", "http://secret@[bad/prefix"])
def test_credentials_in_a_url_are_refused_and_not_shown(url: str) -> None:
    with pytest.raises(StorageUnusable) as raised:
        open_storage(url)
    assert "secret" not in str(raised.value)


def test_the_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    # Where it is installed, another test may have had fsspec look it up.
    monkeypatch.delitem(_registry, "s3", raising=False)
    with pytest.raises(StorageUnusable, match=r"pip install -r requirements-s3\.txt"):
        open_storage("s3://bucket/prefix")


def test_slashes_at_the_end(tmp_path: Path) -> None:
    storage = open_storage(f"file://{tmp_path}/storage//")
    assert storage.url == f"file://{tmp_path}/storage"
    assert storage.root == f"{tmp_path}/storage"


class Refusing:
    """A file system of fsspec that fails."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    def ls(self, *_paths: object, **_options: Any) -> None:
        raise self.error

    open = put_file = pipe_file = ls


ADDRESS = "cannot connect to http://key:secret@host:9000/"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.EIO, ADDRESS), "host:9000"),
        (PermissionError(ADDRESS), "AWS_ACCESS_KEY_ID"),
        (TimeoutError("too\nslow"), "too slow"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
def test_a_fault_is_one_line_without_credentials(error: OSError, message: str, tmp_path: Path) -> None:
    storage = ObjectStorage("s3://bucket", Refusing(error), "bucket")
    with pytest.raises(StorageUnreachable, match=message) as raised:
        storage.sizes()
    assert "secret" not in str(raised.value)
    with pytest.raises(StorageUnreachable):
        storage.put("0" * 64, tmp_path)
    with pytest.raises(StorageUnreachable):
        list(storage.read("0" * 64, 1))
    with pytest.raises(StorageUnreachable):
        storage.pointer()


def test_what_is_not_there(tmp_path: Path) -> None:
    storage = ObjectStorage("s3://bucket", Refusing(FileNotFoundError("no")), "bucket")
    assert storage.sizes() == {}
    with pytest.raises(StorageMissing):
        storage.pointer()
    with pytest.raises(StorageCorrupt):
        list(storage.read("0" * 64, 1))
    with pytest.raises(StorageMissing, match="make the bucket"):
        storage.put("0" * 64, tmp_path)


def test_other_files_are_no_objects(tmp_path: Path) -> None:
    (tmp_path / "objects" / ("0" * 64)).mkdir(parents=True)
    (tmp_path / "objects" / "readme").write_text("mine")
    (tmp_path / "objects" / ("1" * 64)).write_text("one")
    assert open_storage(f"file://{tmp_path}").sizes() == {"1" * 64: 3}


def test_after_a_fault_nothing_more_is_begun() -> None:
    begun: list[int] = []

    def fail(item: int) -> None:
        begun.append(item)
        time.sleep(0.001)
        raise StorageUnreachable("gone")

    with pytest.raises(StorageUnreachable):
        transfer_each(fail, range(10_000), lambda _done: None)
    assert len(begun) < 10_000
