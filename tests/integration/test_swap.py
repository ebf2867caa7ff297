"""Index reload: a running service takes a new generation, and keeps the old one if the new one is damaged."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import httpx2 as httpx
from fastapi.testclient import TestClient

from ingest.discovery import discover
from rag.index.maintenance import roll_back
from rag.service.app import create_app
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job, make_pdf
from tests.integration.conftest import Running, make_answerer, open_files, post, wait_until


def ready(service: Running) -> dict[str, str | None]:
    fields = httpx.get(f"{service.url}/readyz", timeout=60).json()
    assert isinstance(fields, dict)
    return fields


def ingest(index: Path, documents: Path) -> str:
    return ingest_job(index, BagOfWordsEncoder()).run(discover([documents])).generation


def test_a_new_index_is_served_without_a_restart(serve: Callable[..., Running], index: Path, documents: Path) -> None:
    service = serve(ScriptedModel(["The ferry to Uvholm leaves at 6."]))
    question = "When does the ferry to Uvholm leave?"
    before = post(service.url, question).json()["index"]
    make_pdf(documents / "uvholm.pdf", ["# Uvholm\nThe ferry to Uvholm leaves at 6."])
    name = ingest(index, documents)
    wait_until(lambda: ready(service)["index"] == name)
    answer = post(service.url, question).json()
    assert (answer["index"], answer["answered"]) == (name, True)
    assert answer["citations"][0]["document"] == "uvholm.pdf"
    roll_back(index)
    wait_until(lambda: ready(service)["index"] == before)


def test_an_application_that_has_ended_holds_no_files(index: Path) -> None:
    application = create_app(lambda: make_answerer(index, ScriptedModel(["The harbour office opens at 8."])))
    with TestClient(application) as client:
        assert client.post("/ask", json={"question": "When does the harbour office open?"}).is_success
        assert open_files(index)
    gc.collect()
    assert not open_files(index)


def test_a_damaged_one_is_not_taken(serve: Callable[..., Running], index: Path, documents: Path) -> None:
    service = serve(ScriptedModel(["The harbour office opens at 8 in the morning."]))
    before = post(service.url, "When does the harbour office open?").json()["index"]
    (documents / "ferry.pdf").unlink()
    name = ingest(index, documents)
    # It is damaged while it is not the current one; then CURRENT is set to it.
    roll_back(index)
    wait_until(lambda: ready(service)["index"] == before)
    current = index / "CURRENT"
    (index / "gen" / name / "vectors.faiss").write_bytes(b"damaged")
    digest = (index / "gen" / name / "manifest.sha256").read_text()
    current.write_text(f'{{"generation": "{name}", "manifest_sha256": "{digest}"}}')
    wait_until(lambda: ready(service)["status"] == "degraded")
    assert ready(service)["index"] == before
    assert "vectors.faiss" in str(ready(service)["reason"])
    assert post(service.url, "When does the harbour office open?").json()["index"] == before
