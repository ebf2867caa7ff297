"""Uploads without a key are on for a person alone with the service, and for nobody else."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from ingest.discovery import discover
from rag.service.uploads.local import open_local_uploads
from rag.settings import Settings
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, make_pdf


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    return tmp_path / "documents"


def settings_of(tmp_path: Path, **settings: Any) -> Settings:
    return Settings(index=tmp_path / "indexes", **settings)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_alone(tmp_path: Path, folder: Path, address: str) -> None:
    uploads = open_local_uploads(settings_of(tmp_path, file_megabytes=1), folder, address)
    assert uploads
    assert uploads.without_key
    assert uploads.folder.root == folder
    assert uploads.folder.max_bytes == 1_000_000
    assert list(uploads.job)[1:] == ["-m", "ingest", str(folder), "--index", str(tmp_path / "indexes"), "--add",
                                     "--json-lines"]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "address", "why"),
    [
        pytest.param({"api_keys": (SecretStr("a" * 8),)}, "127.0.0.1", "access keys", id="keys for asking"),
        pytest.param({"admin_keys": (SecretStr("a" * 8),)}, "127.0.0.1", "access keys", id="keys for adding"),
        pytest.param({"key_file": Path("keys.json")}, "127.0.0.1", "access keys", id="a key file"),
        pytest.param({"open": "local"}, "127.0.0.1", "others may reach", id="a container"),
        pytest.param({"open": "everyone"}, "127.0.0.1", "others may reach", id="everyone"),
        pytest.param({}, "0.0.0.0", "others may reach", id="all interfaces"),
        pytest.param({}, "192.0.2.1", "others may reach", id="the network"),
    ],
)
def test_not_alone(
    tmp_path: Path,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, Any],
    address: str,
    why: str,
) -> None:
    with caplog.at_level(logging.INFO):
        assert open_local_uploads(settings_of(tmp_path, **settings), folder, address) is None
    assert "no documents can be added on the page: " in caplog.text
    assert why in caplog.text


def test_a_folder_that_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert open_local_uploads(settings_of(tmp_path), tmp_path / "nowhere", "127.0.0.1") is None
    assert "is no folder that can be written" in caplog.text


def test_an_index_of_another_folder(tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make_pdf(other / "a.pdf", ["# Ferns\nFerns unroll in April."])
    ingest_job(tmp_path / "indexes", BagOfWordsEncoder()).run(discover([other]))
    with caplog.at_level(logging.INFO):
        assert open_local_uploads(settings_of(tmp_path), folder, "127.0.0.1") is None
    assert f"the index was not made of {folder}" in caplog.text
    assert open_local_uploads(settings_of(tmp_path), other, "127.0.0.1")
