"""A model of MLflow's own server: registered over REST as its client does it, fetched, and checked from then on."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from rag.errors import DownloadFailed, ModelCorrupt
from rag.models.weights.catalogue import Catalogue
from rag.models.weights.mlflow_registry import MlflowRegistry
from rag.models.weights.store import ModelStore
from tests.integration.conftest import wait_until

# Importing it takes seconds, and warns.
pytestmark = pytest.mark.skipif(find_spec("mlflow") is None, reason="mlflow is not installed")

GGUF = b"GGUF" + bytes(range(256)) * 5000
_START_SECONDS = 120.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a tracking server, a process of its own."""
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = {
        "--backend-store-uri": f"sqlite:///{folder}/mlflow.sqlite",
        "--artifacts-destination": f"{folder}/artifacts",
        "--host": "127.0.0.1",
        "--port": str(port),
        "--workers": "1",
    }
    arguments = [part for option in options.items() for part in option]
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "mlflow", "server", *arguments]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/health"), _START_SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def post(server: str, path: str, **fields: object) -> Any:
    answer = httpx.post(f"{server}/api/2.0/mlflow/{path}", json=fields, timeout=60)
    return answer.raise_for_status().json()


def put(server: str, uri: str, name: str, content: bytes) -> None:
    path = uri.removeprefix("mlflow-artifacts:/")
    url = f"{server}/api/2.0/mlflow-artifacts/artifacts/{path}/{name}"
    httpx.put(url, content=content, timeout=60).raise_for_status()


def register(server: str, model: str, files: dict[str, bytes]) -> str:
    """Registers a version of a model, which a run has logged; returns the address of the run's artifacts."""
    run = post(server, "runs/create", experiment_id="0")["run"]["info"]
    for name, content in files.items():
        put(server, run["artifact_uri"], f"model/{name}", content)
    post(server, "registered-models/create", name=model)
    post(server, "model-versions/create", name=model, source=f"{run['artifact_uri']}/model", run_id=run["run_id"])
    return str(run["artifact_uri"])


@pytest.fixture
def store(server: str, tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", Catalogue([]), registry=MlflowRegistry(server))


def test_a_version_is_fetched_and_checked_from_then_on(server: str, store: ModelStore) -> None:
    uri = register(server, "answers", {"MLmodel": b"flavors: {}", "data/tiny.gguf": GGUF})
    weights = store.fetch_registered("mlflow:answers/1")
    assert weights.file.read_bytes() == GGUF
    assert weights.digest == hashlib.sha256(GGUF).hexdigest()
    assert store.locate("mlflow:answers/1", "generator") == weights
    weights.file.unlink()
    put(server, uri, "model/data/tiny.gguf", GGUF[:-1] + b"!")
    with pytest.raises(ModelCorrupt, match="instead of"):
        store.fetch_registered("mlflow:answers/1")
    put(server, uri, "model/data/tiny.gguf", GGUF)
    assert store.fetch_registered("mlflow:answers/1") == weights


def test_what_is_not_there(server: str, store: ModelStore) -> None:
    register(server, "empty", {"MLmodel": b"flavors: {}"})
    with pytest.raises(DownloadFailed, match="has no GGUF files"):
        store.fetch_registered("mlflow:empty/1")
    for name in ("mlflow:empty/2", "mlflow:unknown/1"):
        with pytest.raises(DownloadFailed, match=f"has no {name}"):
            store.fetch_registered(name)
