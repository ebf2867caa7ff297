"""Configuration of uploads from the settings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from ingest.__main__ import _parser
from rag.errors import SettingsError
from rag.service.admission.admission import AdmissionLimits
from rag.service.server import admission_limits, open_uploads
from rag.service.uploads.adding import open_for_collection
from rag.settings import Settings


def settings(documents: Path | None, **more: int) -> Settings:
    return Settings(documents=documents, index=Path("an index"), admin_keys=(SecretStr("key"),), **more)  # type: ignore[arg-type]


def test_off() -> None:
    assert open_uploads(settings(None)) is None


def test_the_command_is_valid_for_the_ingest_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "-documents").mkdir()
    monkeypatch.chdir(tmp_path)
    uploads = open_uploads(settings(Path("-documents")))
    assert uploads
    python, option, program, *arguments = uploads.job
    assert (python, option, program) == (sys.executable, "-m", "ingest")
    options = _parser().parse_args(arguments)
    assert (options.path, options.index, options.json_lines) == ([tmp_path / "-documents"], Path("an index"), True)


@pytest.mark.parametrize(
    ("upload_bytes", "file_megabytes", "expected"),
    [(5_000_000, 200, 5_000_000), (500_000_000, 200, 200_000_000)],
    ids=["as it is set", "no more than the job reads"],
)
def test_the_largest_document(tmp_path: Path, upload_bytes: int, file_megabytes: int, expected: int) -> None:
    uploads = open_uploads(settings(tmp_path, upload_bytes=upload_bytes, file_megabytes=file_megabytes))
    assert uploads
    assert uploads.folder.max_bytes == expected


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="RAG_DOCUMENTS"):
        open_uploads(settings(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("changed", "expected_seconds", "limits"),
    [
        pytest.param({}, None, AdmissionLimits(8, 16, 120.0, 600.0), id="not measured"),
        pytest.param({}, 50.0, AdmissionLimits(8, 16, 120.0, 600.0, 50.0), id="measured"),
        pytest.param({"answer_seconds": 30}, 50.0, AdmissionLimits(8, 16, 30.0, 0.0, 50.0), id="set"),
    ],
)
def test_limits_follow_settings_and_machine(
    changed: dict[str, Any], expected_seconds: float | None, limits: AdmissionLimits
) -> None:
    assert admission_limits(Settings(**changed), expected_seconds) == limits


def test_a_collection_has_a_folder_and_a_job_of_its_own(tmp_path: Path) -> None:
    uploads = open_uploads(settings(tmp_path))
    assert uploads
    assert uploads.for_collection
    own = uploads.for_collection("contracts")
    assert own.folder.root == tmp_path / ".pageproof-collections" / "contracts"
    options = _parser().parse_args(own.job[3:])
    assert (options.path, options.index, options.collection) == ([own.folder.root], Path("an index"), "contracts")
    assert options.others == "keep"


def test_a_collection_whose_folder_cannot_be_made_takes_no_documents(tmp_path: Path) -> None:
    uploads = open_uploads(settings(tmp_path))
    (tmp_path / ".pageproof-collections").write_text("in the way")
    assert open_for_collection(uploads, "contracts") is None
    assert open_for_collection(None, "contracts") is None
