"""Upload, ingest in a process of its own, and an answer from the new document, with real weights."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from ingest.__main__ import main as ingest
from rag.composition import open_answerer
from rag.service.app import create_app
from rag.service.server import open_uploads
from rag.settings import Settings
from tests.fakes import make_pdf

pytestmark = pytest.mark.real_models
ADMIN = {"X-API-Key": "admin"}


@pytest.fixture
def client(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    documents, index = tmp_path / "documents", tmp_path / "index"
    documents.mkdir()
    make_pdf(documents / "pump.pdf", ["# Pump\nThe pump has a blue lid, which is held by four screws."])
    assert ingest([str(documents), "--index", str(index), "--json"]) == 0
    keys = (SecretStr("admin"),)
    settings = settings.model_copy(update={"index": index, "documents": documents, "admin_keys": keys})
    app = create_app(lambda: open_answerer(settings), admin_keys=keys, uploads=open_uploads(settings))
    with TestClient(app) as client:
        yield client


def test_from_the_upload_to_the_answer(client: TestClient, tmp_path: Path) -> None:
    data = make_pdf(tmp_path / "ferry.pdf", ["# Ferry\nThe ferry to Uvholm leaves at 6 in the morning."]).read_bytes()
    headers = {**ADMIN, "Content-Type": "application/octet-stream"}
    assert client.post("/uploads?name=ferry.pdf", content=data, headers=headers).status_code == 201
    assert client.post("/ingest", headers=ADMIN).status_code == 202
    stages = set()
    end = time.monotonic() + 600
    while (status := client.get("/ingest", headers=ADMIN).json())["state"] == "running":
        assert time.monotonic() < end
        stages.add(status["stage"])
        time.sleep(0.05)
    assert (status["state"], status["error"]) == ("finished", None)
    assert {(row["name"], row["status"]) for row in status["files"]} == {
        ("pump.pdf", "unchanged"),
        ("ferry.pdf", "ok"),
    }
    assert stages & {"checking", "reading", "encoding", "publishing"}
    answer = client.post("/ask", json={"question": "When does the ferry to Uvholm leave?"}).json()
    assert answer["index"] == status["index"]
    assert answer["citations"][0]["document"] == "ferry.pdf"
