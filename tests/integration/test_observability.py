"""Log, metrics and errors of the service: what they tell, and that no question, answer, document or key is in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from ingest.discovery import discover
from rag.cli.console import configure_logging
from rag.service.logs import LogFormat
from rag.testing import BagOfWordsEncoder
from tests.fakes import ingest_job, make_pdf
from tests.integration.test_asking import client_for

KEY = "canary-of-a-key"
IN_QUESTION, IN_DOCUMENT, IN_ANSWER = "zanzibar", "quetzal", "oropendola"
QUESTION = f"What does a {IN_QUESTION} cost for a night?"
REPLY = f"The {IN_QUESTION} costs 24 {IN_DOCUMENT} for each {IN_ANSWER} [1]."
CANARIES = (KEY, "not-the-key", IN_QUESTION, IN_DOCUMENT, IN_ANSWER)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    make_pdf(folder / "prices.pdf", [f"# Prices\nA {IN_QUESTION} costs 24 {IN_DOCUMENT} for each night."])
    root = tmp_path / "indexes"
    ingest_job(root, BagOfWordsEncoder()).run(discover([folder]))
    return root


@pytest.fixture
def client(index: Path) -> Iterator[TestClient]:
    with client_for(index, REPLY, api_keys=(SecretStr(KEY),)) as client:
        yield client


@pytest.fixture
def log_as(monkeypatch: pytest.MonkeyPatch) -> Callable[[LogFormat], None]:
    """Sets up the log as the commands do. Called by the test itself: pytest adds its handlers when a test begins."""

    def configure(log_format: LogFormat) -> None:
        monkeypatch.setattr(logging.getLogger(), "handlers", [])
        configure_logging(log_format)

    return configure


def everything(client: TestClient, question: str = QUESTION) -> list[tuple[int, str]]:
    """Asks in all ways, and in all wrong ways; status and body of each response."""
    headers = {"Authorization": f"Bearer {KEY}"}
    chat = {"messages": [{"role": "user", "content": question}]}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/ask", {"json": {"question": question}}),
        ("/ask", {"json": {"question": question, "stream": True}}),
        ("/ask", {"json": {"question": "And now?", "history": [{"question": question, "answer": REPLY}]}}),
        ("/v1/chat/completions", {"json": {"model": "pageproof", **chat}}),
        ("/v1/chat/completions", {"json": {"model": "pageproof", "stream": True, **chat}}),
        ("/ask", {"json": {"question": question, "max_tokens": -1}}),
        ("/ask", {"json": {"question": question * 4000}}),
        ("/ask", {"content": f'{{"question": "{question}'.encode()}),
        ("/ask", {"content": f'{{"question": "{question}\\ud800"}}'.encode()}),
        ("/ask", {"json": {"question": question}, "headers": {"X-API-Key": "not-the-key"}}),
    ]
    responses = [client.post(path, **({"headers": headers} | options)) for path, options in asked]
    return [(response.status_code, response.text) for response in responses]


def fail(_: object, texts: Sequence[str]) -> None:
    raise ValueError("; ".join(texts))


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_canary_is_in_log_metrics_or_errors(
    client: TestClient,
    log_format: LogFormat,
    log_as: Callable[[LogFormat], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log_as(log_format)
    answered = everything(client)
    monkeypatch.setattr(BagOfWordsEncoder, "encode", fail)
    failed = everything(client, f"Which {IN_QUESTION} is it?")  # another one: the first was remembered
    assert [status for status, _ in answered] == [200, 200, 200, 200, 200, 422, 422, 422, 422, 401]
    assert [status for status, _ in failed] == [500, 200, 500, 500, 200, 422, 422, 422, 422, 401]
    errors = [body for status, body in answered + failed if status != 200] + [failed[1][1], failed[4][1]]
    log = capsys.readouterr().err
    assert log.count("ValueError") >= 5  # the failures were logged, without their messages
    assert log.count("/ask") >= 10
    metrics = client.get("/metrics", headers={"X-API-Key": KEY}).text
    assert 'pageproof_requests_total{route="/ask",status="200"}' in metrics
    for canary in CANARIES:
        for name, text in (("log", log), ("metrics", metrics), *(("error", error) for error in errors)):
            assert canary not in text.casefold(), f"{canary} is in the {name}"


def test_a_line_of_the_log_tells_request_and_key(
    client: TestClient, log_as: Callable[[LogFormat], None], capsys: pytest.CaptureFixture[str]
) -> None:
    log_as("json")
    client.get("/info", headers={"X-API-Key": KEY, "X-Request-ID": "r-1"})
    client.get("/info", headers={"X-API-Key": "not-the-key", "X-Request-ID": "r-2"})
    client.get("/livez")
    one, other = map(json.loads, capsys.readouterr().err.splitlines())
    assert (one["request_id"], one["status"], one["method"], one["route"]) == ("r-1", 200, "GET", "/info")
    assert one["key_id"]
    assert one["seconds"] > 0
    assert (other["request_id"], other["status"], other["key_id"]) == ("r-2", 401, None)


def test_a_failure_in_the_thread_of_an_answer_tells_its_request(
    client: TestClient,
    log_as: Callable[[LogFormat], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log_as("json")
    model = client.app_state["model"]
    generate = model.generate

    def telling(*arguments: Any, **options: Any) -> Any:
        logging.getLogger("rag.models").warning("it is slow")
        return generate(*arguments, **options)

    monkeypatch.setattr(model, "generate", telling, raising=False)
    client.post("/ask", json={"question": QUESTION}, headers={"X-API-Key": KEY, "X-Request-ID": "r-3"})
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {line["request_id"] for line in lines if line["logger"] == "rag.models"} == {"r-3"}


def test_metrics_of_a_request(client: TestClient) -> None:
    headers = {"X-API-Key": KEY}
    client.get("/info", headers=headers)
    metrics = client.get("/metrics", headers=headers).text
    assert 'pageproof_request_seconds_count{route="/info",status="200"} 1.0' in metrics
    assert "pageproof_ready 1.0" in metrics
    assert 'pageproof_index_files{status="ok"} 1.0' in metrics
    assert 'model="scripted"' in metrics
    assert "process_resident_memory_bytes" in metrics
