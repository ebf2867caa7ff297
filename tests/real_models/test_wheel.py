"""The wheel: built, installed beside nothing of the checkout, and run from an empty folder with the real encoder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rag.settings import Settings
from tests.fakes import make_pdf
from tests.real_models.conftest import ROOT

pytestmark = pytest.mark.real_models

PACKAGES = ("rag", "ingest")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's contents, as pip installs them; its requirements are those of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    # From a copy: setuptools writes build/ and *.egg-info into the sources.
    sources = folder / "sources"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, sources / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pageproof.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    wheels = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(sources)]
    subprocess.run([*pip, *wheels], check=True)
    (wheel,) = folder.glob("pageproof-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)], check=True)
    return folder / "site"


def run(installed: Path, *command: str, cwd: Path, models: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed), "RAG_MODELS": str(models.resolve())}
    return subprocess.run(
        [sys.executable, "-P", *command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_it_ingests_from_an_empty_folder(installed: Path, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    make_pdf(tmp_path / "documents" / "ferry.pdf", ["The ferry leaves at nine."])
    script = str(installed / "bin" / "pageproof")
    done = run(installed, script, "ingest", "documents", "--json", cwd=tmp_path, models=settings.models)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"] == {"ok": 1}
    listed = run(installed, "-m", "rag", "index", "list", cwd=tmp_path, models=settings.models)
    assert listed.returncode == 0, listed.stderr
    assert "*" in listed.stdout


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(["--help"], "ingest", id="lists every command"),
        pytest.param(["ingest", "--help"], "usage: pageproof ingest", id="ingest's own usage"),
        pytest.param(["models", "list"], "all-minilm-l6-v2", id="the catalogue is in the wheel"),
    ],
)
def test_console_script(installed: Path, settings: Settings, tmp_path: Path, command: list[str], expected: str) -> None:
    done = run(installed, str(installed / "bin" / "pageproof"), *command, cwd=tmp_path, models=settings.models)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


def test_every_file_of_the_packages_is_in_the_wheel(installed: Path) -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()]
    names = [path.relative_to(ROOT) for path in files if "__pycache__" not in path.parts]
    assert not [name for name in names if not (installed / name).is_file()]
