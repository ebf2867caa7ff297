"""Removed and replaced documents are kept where the ingest job does not look."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from ingest.discovery import discover
from rag.errors import DocumentUnknown, LastDocument, UploadNotStored
from rag.service.uploads.folder import UploadFolder
from rag.service.uploads.removed import FOLDER
from tests.unit.rag.service.uploads.test_folder import OTHER, PDF, add


@pytest.fixture
def folder(tmp_path: Path) -> UploadFolder:
    folder = UploadFolder(tmp_path, 10_000)
    add(folder, "a.pdf", PDF)
    add(folder, "b.pdf", OTHER)
    return folder


def visible(folder: UploadFolder) -> list[str]:
    return [file.name for file in discover([folder.root])]


def test_a_document_is_kept(folder: UploadFolder) -> None:
    assert folder.remove("a.pdf") == f"{FOLDER}/a.pdf"
    assert visible(folder) == ["b.pdf"]
    assert (folder.root / FOLDER / "a.pdf").read_bytes() == PDF


def test_another_one_of_its_name_is_kept_beside_it(folder: UploadFolder) -> None:
    folder.remove("a.pdf")
    add(folder, "a.pdf", OTHER)
    assert folder.remove("a.pdf") == f"{FOLDER}/a (2).pdf"
    assert (folder.root / FOLDER / "a.pdf").read_bytes() == PDF
    assert (folder.root / FOLDER / "a (2).pdf").read_bytes() == OTHER


def test_one_in_a_folder(folder: UploadFolder) -> None:
    (folder.root / "2026").mkdir()
    (folder.root / "2026/c.pdf").write_bytes(PDF)
    assert folder.remove("2026/c.pdf") == f"{FOLDER}/2026/c.pdf"
    assert visible(folder) == ["a.pdf", "b.pdf"]


def test_what_is_replaced_is_kept(folder: UploadFolder) -> None:
    assert add(folder, "a.pdf", OTHER, replace=True).replaced
    assert (folder.root / "a.pdf").read_bytes() == OTHER
    assert (folder.root / FOLDER / "a.pdf").read_bytes() == PDF


@pytest.mark.parametrize(
    "name",
    ["", "c.pdf", "/etc/passwd", "../a.pdf", "2026/../a.pdf", ".", "link.pdf", "linked/a.pdf", ".hidden.pdf", "a\0.pdf",
     "2026", f"{FOLDER}/a.pdf", "a" * 300 + ".pdf", "a/" * 3000 + "a.pdf"],
    ids=lambda name: name[:20],
)  # fmt: skip
def test_what_is_no_document_of_the_folder(folder: UploadFolder, tmp_path_factory: Any, name: str) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "a.pdf").write_bytes(PDF)
    (folder.root / "link.pdf").symlink_to(elsewhere / "a.pdf")
    (folder.root / "linked").symlink_to(elsewhere)
    (folder.root / ".hidden.pdf").write_bytes(PDF)
    (folder.root / "2026").mkdir()
    (folder.root / FOLDER).mkdir()
    (folder.root / FOLDER / "a.pdf").write_bytes(PDF)
    with pytest.raises(DocumentUnknown):
        folder.remove(name)
    assert (elsewhere / "a.pdf").exists()
    assert visible(folder)[:2] == ["a.pdf", "b.pdf"]


def test_the_last_one_stays(folder: UploadFolder) -> None:
    folder.remove("a.pdf")
    (folder.root / "notes.zip").write_bytes(b"no document")
    with pytest.raises(LastDocument):
        folder.remove("b.pdf")
    assert "b.pdf" in visible(folder)


def test_a_file_system_without_hard_links(folder: UploadFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "not here")

    monkeypatch.setattr(os, "link", refuse)
    folder.remove("a.pdf")
    add(folder, "a.pdf", OTHER)
    assert folder.remove("a.pdf") == f"{FOLDER}/a (2).pdf"
    assert (folder.root / FOLDER / "a.pdf").read_bytes() == PDF


def test_a_disk_that_refuses(folder: UploadFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(UploadNotStored):
        folder.remove("a.pdf")
    assert visible(folder) == ["a.pdf", "b.pdf"]
