"""Upload folder: documents are stored whole or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.discovery import discover
from rag.errors import NameTaken, RequestFault, SettingsError, UploadFault, UploadNotStored, UploadTooLarge
from rag.service.uploads.folder import StoredUpload, UploadFolder
from tests.unit.conftest import files_of_at_most

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 8
OTHER = b"%PDF-1.4\n" + bytes(range(255)) * 8


@pytest.fixture
def folder(tmp_path: Path) -> UploadFolder:
    return UploadFolder(tmp_path, 10_000)


def add(
    folder: UploadFolder,
    name: str,
    data: bytes,
    *,
    replace: bool = False,
    expected: int | None = None,
    step: int = 100,
) -> StoredUpload:
    receiving = folder.receive(name, expected, replace=replace)
    try:
        for start in range(0, len(data), step):
            receiving.write(data[start : start + step])
        return receiving.store()
    finally:
        receiving.discard()


def held(folder: UploadFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.root.iterdir() if path.is_file()}


def test_new(folder: UploadFolder) -> None:
    digest = hashlib.sha256(PDF).hexdigest()
    assert add(folder, "a.pdf", PDF) == StoredUpload("a.pdf", len(PDF), digest, new=True, replaced=False)
    assert held(folder) == {"a.pdf": PDF}


def test_a_small_one(folder: UploadFolder) -> None:
    add(folder, "a.txt", b"x")
    assert held(folder) == {"a.txt": b"x"}


def test_the_same_document_again_is_no_error(folder: UploadFolder) -> None:
    first = add(folder, "a.pdf", PDF)
    again = add(folder, "a.pdf", PDF, expected=len(PDF), replace=True)
    assert (again.new, again.replaced, again.sha256) == (False, False, first.sha256)
    assert held(folder) == {"a.pdf": PDF}


def test_another_document_of_the_same_name(folder: UploadFolder) -> None:
    add(folder, "a.pdf", PDF)
    with pytest.raises(NameTaken, match=r"a\.pdf.*replace=true"):
        add(folder, "a.pdf", OTHER)
    assert held(folder) == {"a.pdf": PDF}
    stored = add(folder, "a.pdf", OTHER, replace=True)
    assert (stored.new, stored.replaced) == (True, True)
    assert held(folder) == {"a.pdf": OTHER}


def test_another_size_of_the_same_name_is_refused_before_its_content(folder: UploadFolder) -> None:
    add(folder, "a.pdf", PDF)
    with pytest.raises(NameTaken):
        folder.receive("a.pdf", len(OTHER), replace=False)
    assert held(folder) == {"a.pdf": PDF}


@pytest.mark.parametrize("kind", ["folder", "link", "link to nothing"])
def test_a_folder_or_a_link_is_not_replaced(
    folder: UploadFolder, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "b.pdf"
    there = folder.root / "a.pdf"
    if kind == "folder":
        there.mkdir()
    else:
        there.symlink_to(elsewhere)
    if kind == "link":
        elsewhere.write_bytes(PDF)
    with pytest.raises(NameTaken, match="a folder or a link"):
        add(folder, "a.pdf", OTHER, replace=True)
    assert [path.name for path in folder.root.iterdir()] == ["a.pdf"]
    assert elsewhere.exists() == (kind == "link")


def test_too_large_is_refused_during_the_upload(folder: UploadFolder) -> None:
    add(folder, "most.txt", b"x" * 10_000)
    receiving = folder.receive("a.txt", None, replace=False)
    receiving.write(b"x" * 10_000)
    with pytest.raises(UploadTooLarge, match="10,000 bytes"):
        receiving.write(b"x")
    receiving.discard()
    with pytest.raises(UploadTooLarge):
        folder.receive("a.txt", 10_001, replace=False)
    assert set(held(folder)) == {"most.txt"}


def test_content_of_another_type_is_refused_after_the_first_bytes(folder: UploadFolder) -> None:
    receiving = folder.receive("a.pdf", None, replace=False)
    receiving.write(b"x" * 1023)
    with pytest.raises(RequestFault, match=r"not that of a \.pdf file"):
        receiving.write(b"x")
    receiving.discard()
    with pytest.raises(RequestFault, match="0 bytes"):
        add(folder, "a.pdf", b"")
    assert held(folder) == {}


def test_an_invalid_name(folder: UploadFolder) -> None:
    with pytest.raises(RequestFault):
        folder.receive("../a.pdf", None, replace=False)
    assert held(folder) == {}


def test_an_incomplete_upload_is_hidden_from_the_job(folder: UploadFolder) -> None:
    add(folder, "a.pdf", PDF)
    receiving = folder.receive("b.pdf", None, replace=False)
    receiving.write(PDF)
    assert len(list(folder.root.iterdir())) == 2
    assert [file.name for file in discover([folder.root])] == ["a.pdf"]
    receiving.discard()
    receiving.discard()
    assert held(folder) == {"a.pdf": PDF}


def test_a_full_disk(folder: UploadFolder) -> None:
    add(folder, "a.pdf", PDF)
    with files_of_at_most(500), pytest.raises(UploadNotStored, match=r"b\.pdf .*bytes needed, [\d,]+ free"):
        add(folder, "b.pdf", PDF)
    with files_of_at_most(500), pytest.raises(UploadNotStored):
        add(folder, "a.pdf", OTHER, replace=True)
    assert held(folder) == {"a.pdf": PDF}


def test_more_than_the_free_space_is_refused_before_the_content(tmp_path: Path) -> None:
    folder = UploadFolder(tmp_path, 1 << 62)
    with pytest.raises(UploadNotStored, match="bytes needed"):
        folder.receive("a.pdf", 1 << 61, replace=False)
    assert held(folder) == {}


def test_a_folder_that_is_removed(folder: UploadFolder) -> None:
    receiving = folder.receive("a.pdf", None, replace=False)
    receiving.write(PDF)
    next(folder.root.iterdir()).unlink()
    with pytest.raises(UploadNotStored, match="RAG_DOCUMENTS"):
        receiving.store()
    receiving.discard()
    assert held(folder) == {}


def test_two_of_one_name_at_a_time(folder: UploadFolder) -> None:
    contents = [b"%PDF-" + bytes([number]) * 2000 for number in range(8)]

    def try_to_add(data: bytes) -> bytes | None:
        try:
            return data if add(folder, "a.pdf", data, step=50).new else None
        except UploadFault:
            return None

    with ThreadPoolExecutor(8) as pool:
        added = [data for data in pool.map(try_to_add, contents) if data]
    assert len(added) == 1
    assert held(folder) == {"a.pdf": added[0]}


def test_temporary_files_of_a_killed_service_are_removed_later(folder: UploadFolder) -> None:
    old, new = (folder.receive(name, None, replace=False) for name in ("a.pdf", "b.pdf"))
    left = old._draft
    os.utime(left, (time.time() - 7200, time.time() - 7200))
    add(folder, "c.pdf", PDF)
    assert not left.exists()
    assert new._draft.exists()
    new.discard()
    old.discard()


@pytest.mark.parametrize("place", ["nowhere", "file"])
def test_a_folder_that_cannot_be_used(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SettingsError, match="RAG_DOCUMENTS"):
        UploadFolder(tmp_path / place, 1)
