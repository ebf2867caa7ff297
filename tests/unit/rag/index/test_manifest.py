"""Manifest: read as it was written; a value that leads elsewhere, or that nobody could show, is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.domain.file_status import FileRow
from rag.errors import IndexCorrupt, IndexForeign
from rag.index.manifest import Counts, Manifest, ManifestFile
from rag.index.reading import verify_file

NAME = "000001-00000000"
MANIFEST = Manifest(
    generation=NAME,
    parent=None,
    created="2026-11-30T12:00:00+00:00",
    files=(ManifestFile(name="lexical/vocab.index.json", size=3, sha256="0" * 64),),
    encoder={"name": "e", "dimension": 3},
    chunker={},
    counts=Counts(documents=1, pages=1, chunks=1),
    sources=(FileRow("a.pdf", "ok", sha256="1" * 64, size=9, added="2026-11-30T12:00:00+00:00"),),
)


def changed(*path: str | int, value: object) -> bytes:
    """The manifest with another value in the place of one."""
    fields: Any = json.loads(MANIFEST.to_bytes())
    part = fields
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    return json.dumps(fields).encode()


def test_it_is_read_as_it_was_written() -> None:
    assert Manifest.from_bytes(MANIFEST.to_bytes(), NAME) == MANIFEST


@pytest.mark.parametrize(
    "name",
    ["/dev/zero", "../CURRENT", "lexical/../../CURRENT", "", ".", "lexical/", "a\0b", "a//b", ".hidden", "a\nb", "é"],
)
def test_a_file_that_is_not_in_its_folder(name: str) -> None:
    with pytest.raises(IndexCorrupt, match="the manifest is damaged"):
        Manifest.from_bytes(changed("files", 0, "name", value=name), NAME)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("created",), "yesterday", id="no time"),
        pytest.param(("files", 0, "size"), -1, id="a negative size"),
        pytest.param(("files", 0, "sha256"), "0", id="half a digest"),
        pytest.param(("counts", "chunks"), -1, id="a negative count"),
        pytest.param(("sources", 0, "sha256"), "../../etc/passwd", id="a source that is elsewhere"),
        pytest.param(("sources", 0, "added"), "then", id="a source of no time"),
        pytest.param(("sources", 0, "size"), -1, id="a source of a negative size"),
        pytest.param(("sources", 0, "status"), "fine", id="a status that there is not"),
        pytest.param(("generation",), "000002-00000000", id="another generation"),
        pytest.param(("more",), 1, id="a further member"),
    ],
)
def test_a_value_out_of_its_range(path: tuple[str | int, ...], value: object) -> None:
    with pytest.raises(IndexCorrupt, match="the manifest is"):
        Manifest.from_bytes(changed(*path, value=value), NAME)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[" * 100_000, b"null", b"\xff", b'{"format": 2}'], ids=lambda data: repr(data[:9])
)
def test_no_manifest(data: bytes) -> None:
    with pytest.raises(IndexCorrupt, match="make the index anew"):
        Manifest.from_bytes(data, NAME)


def test_another_format() -> None:
    with pytest.raises(IndexForeign, match="another format"):
        Manifest.from_bytes(changed("format", value=3), NAME)


def test_a_link_to_a_device_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "endless").symlink_to("/dev/zero")
    with pytest.raises(IndexCorrupt, match="endless is not what the manifest says"):
        verify_file(tmp_path, ManifestFile(name="endless", size=0, sha256="0" * 64))
