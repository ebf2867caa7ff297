"""Feedback over HTTP: kept as labelled questions beside the records, and read by ``rag eval`` and ``rag calibrate``."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from rag.answering.record_folder import FolderRecorder, RecordFolder
from rag.evaluation.questions import read_questions
from rag.service.app import create_app
from tests.integration.test_asking import QUESTION, assert_problem
from tests.integration.test_records import SETUP, answerer_for
from tests.unit.conftest import files_of_at_most

Judge = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path / "records", keep=10)


@pytest.fixture
def client(index: Path, folder: RecordFolder) -> Iterator[TestClient]:
    answerer = replace(answerer_for(index), recorder=FolderRecorder(folder, SETUP))
    with TestClient(create_app(lambda: answerer), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def answer_id(client: TestClient) -> str:
    return str(client.post("/ask", json={"question": QUESTION}).json()["id"])


def judge(client: TestClient, answer_id: str, **body: Any) -> Any:
    return client.post(f"/answers/{answer_id}/feedback", json=body)


def kept(folder: RecordFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in folder.feedback.read_text().splitlines()]


def test_an_answer_is_right(client: TestClient, folder: RecordFolder, answer_id: str) -> None:
    response = judge(client, answer_id, verdict="right")
    assert (response.status_code, response.json()) == (200, {"id": answer_id, "verdict": "right"})
    [labelled] = read_questions(folder.feedback)
    assert (labelled.question, labelled.document, labelled.pages) == (QUESTION, "harbour.pdf", (2,))
    assert labelled.answers
    assert client.get("/info").json()["feedback"] is True


def test_what_is_said_last_is_kept(client: TestClient, folder: RecordFolder, answer_id: str) -> None:
    judge(client, answer_id, verdict="right")
    place = {"document": "harbour.pdf", "page": 1}
    assert judge(client, answer_id, verdict="wrong", expected=" 26 euros ", **place).status_code == 200
    [line] = kept(folder)
    assert (line["answers"], line["document"], line["pages"]) == (["26 euros"], "harbour.pdf", [1])
    assert line["feedback"]["verdict"] == "wrong"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({}, "verdict", id="nothing"),
        pytest.param({"verdict": "maybe"}, "verdict", id="another verdict"),
        pytest.param({"verdict": "wrong", "expected": "x" * 2001}, "expected", id="too long"),
        pytest.param({"verdict": "wrong", "expected": " "}, "expected", id="blank"),
        pytest.param({"verdict": "wrong", "absent": 1}, "absent", id="no boolean"),
        pytest.param({"verdict": "right", "expected": "26"}, "body", id="right, but otherwise"),
        pytest.param({"verdict": "wrong", "absent": True, "expected": "26"}, "body", id="absent, but there"),
        pytest.param({"verdict": "wrong", "document": "harbour.pdf"}, "body", id="no page"),
        pytest.param({"verdict": "wrong", "page": 1}, "body", id="no document"),
        pytest.param({"verdict": "wrong", "document": "no.pdf", "page": 1}, "document", id="an unknown document"),
        pytest.param({"verdict": "wrong", "document": "harbour.pdf", "page": 3}, "page", id="no such page"),
        pytest.param({"verdict": "wrong", "document": "harbour.pdf", "page": 0}, "page", id="page 0"),
        pytest.param({"verdict": "right", "more": 1}, "more", id="an unknown field"),
    ],
)
def test_what_does_not_fit_is_refused(
    client: TestClient, folder: RecordFolder, answer_id: str, body: dict[str, Any], field: str
) -> None:
    response = judge(client, answer_id, **body)
    assert_problem(response, 422)
    assert response.json()["errors"][0]["field"] == field
    assert not folder.feedback.exists()


def test_a_large_body_is_refused(client: TestClient, answer_id: str) -> None:
    assert_problem(judge(client, answer_id, verdict="wrong", expected="x" * 300_000), 413)


@pytest.mark.parametrize("unknown", ["0" * 32, "no-id", "..%2f..%2fetc"])
def test_an_answer_without_a_record(client: TestClient, unknown: str, folder: RecordFolder) -> None:
    response = judge(client, unknown, verdict="right")
    assert_problem(response, 404)
    assert str(folder.root) not in response.text


def test_where_no_records_are_kept(index: Path) -> None:
    with TestClient(create_app(lambda: answerer_for(index))) as client:
        asked = client.post("/ask", json={"question": QUESTION}).json()
        response = judge(client, asked["id"], verdict="right")
        assert_problem(response, 409)
        assert "RAG_RECORDS" in response.json()["detail"]
        assert client.get("/info").json()["feedback"] is False


def test_a_disk_that_refuses(client: TestClient, folder: RecordFolder, answer_id: str) -> None:
    judge(client, answer_id, verdict="right")
    before = kept(folder)
    with files_of_at_most(100):
        assert_problem(judge(client, answer_id, verdict="wrong", expected="x" * 500), 507)
    assert kept(folder) == before


def test_the_log_has_no_text(client: TestClient, answer_id: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        judge(client, answer_id, verdict="wrong", expected="a secret word")
    assert f"answer {answer_id} is said to be wrong" in caplog.text
    assert "a secret word" not in caplog.text


def test_it_has_a_scope_of_its_own(index: Path, folder: RecordFolder) -> None:
    answerer = replace(answerer_for(index), recorder=FolderRecorder(folder, SETUP))
    app = create_app(lambda: answerer, api_keys=[SecretStr("reader")])
    with TestClient(app) as client:
        header = {"X-API-Key": "reader"}
        asked = client.post("/ask", json={"question": QUESTION}, headers=header).json()
        assert_problem(judge(client, asked["id"], verdict="right"), 401)
        path = f"/answers/{asked['id']}/feedback"
        assert client.post(path, json={"verdict": "right"}, headers=header).status_code == 200
    assert [each["feedback"]["verdict"] for each in kept(folder)] == ["right"]
