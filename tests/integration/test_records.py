"""Answer records over HTTP, and their replay after a change of the documents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ingest.discovery import discover
from rag.answering.answerer import Answerer
from rag.answering.record_folder import FolderRecorder, RecordFolder
from rag.answering.records import ModelIdentity, Setup
from rag.answering.replay import replay
from rag.service.app import create_app
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job, make_pdf
from tests.integration.conftest import HARBOUR, make_answerer
from tests.integration.test_asking import QUESTION, REPLY, read_events

SETUP = Setup(
    versions={"pageproof": "0.1.0"},
    model=ModelIdentity(name="scripted", sha256="a" * 64),
    encoder=BagOfWordsEncoder().identity,
    reranker=None,
    confidence_model="d" * 64,
    settings={"RAG_PASSAGES": 3},
)
HISTORY = [{"question": "What does a berth cost?", "answer": "24 euros."}]


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path / "records", keep=10)


def answerer_for(index: Path, reply: str = REPLY) -> Answerer:
    return make_answerer(index, ScriptedModel([reply]))


@contextmanager
def recording(index: Path, folder: RecordFolder) -> Iterator[TestClient]:
    answerer = replace(answerer_for(index), recorder=FolderRecorder(folder, SETUP))
    with TestClient(create_app(lambda: answerer)) as client:
        yield client


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_an_answer_over_http_is_recorded_and_replayed(index: Path, folder: RecordFolder, stream: bool) -> None:
    body = {"question": QUESTION, "documents": ["harbour.pdf"], "history": HISTORY, "max_tokens": 40, "length": "short"}
    body |= {"stream": stream}
    with recording(index, folder) as client:
        response = client.post("/ask", json=body)
    answer = read_events(response.text)[-1][1] if stream else response.json()
    record = folder.read(answer["id"])
    assert record.question.model_dump(mode="json") == {
        "text": QUESTION,
        "documents": ["harbour.pdf"],
        "history": HISTORY,
        "max_tokens": 40,
        "length": "short",
        "strictness": "normal",
    }
    assert (record.answer, record.draft.strip()) == (answer["answer"], REPLY)
    assert [(quote.document_id, quote.page, quote.start, quote.end) for quote in record.quotes] == [
        (citation["document_id"], citation["page"], citation["start"], citation["end"])
        for citation in answer["citations"]
    ]
    replayed = replay(record, answerer_for(index), SETUP, index)
    assert (replayed.first_difference, replayed.changes) == (None, ())


def test_an_answer_is_given_where_its_record_cannot_be_kept(
    index: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with recording(index, RecordFolder(tmp_path / "file", keep=10)) as client:
        answer = client.post("/ask", json={"question": QUESTION}).json()
    assert answer["answered"] is True
    assert f"answer {answer['id']} is given, but its record could not be kept" in caplog.text


def test_small_talk_is_recorded_too(index: Path, folder: RecordFolder) -> None:
    with recording(index, folder) as client:
        answer = client.post("/ask", json={"question": "Hello!"}).json()
    record = folder.read(answer["id"])
    assert (record.question.text, record.answer, record.reason) == ("Hello!", answer["answer"], "not_a_question")
    replayed = replay(record, answerer_for(index), SETUP, index)
    assert (replayed.first_difference, replayed.changes) == (None, ())


def test_a_follow_up_is_recorded_as_it_was_typed(index: Path, folder: RecordFolder) -> None:
    """The rewritten question is not recorded: the replay rewrites it again."""
    body = {"question": "And for dogs?", "history": [{"question": "When does the ferry leave?", "answer": "At 9."}]}
    script = ["And the ferry leaves for dogs?", "Dogs travel free of charge."]
    answerer = replace(make_answerer(index, ScriptedModel([*script])), recorder=FolderRecorder(folder, SETUP))
    with TestClient(create_app(lambda: answerer)) as client:
        record = folder.read(client.post("/ask", json=body).json()["id"])
    assert record.question.model_dump(mode="json", include={"text", "history"}) == {
        "text": body["question"],
        "history": body["history"],
    }
    replayed = replay(record, make_answerer(index, ScriptedModel([*script])), SETUP, index)
    assert (replayed.first_difference, replayed.changes) == (None, ())


def test_a_refused_request_leaves_no_record(index: Path, folder: RecordFolder) -> None:
    with recording(index, folder) as client:
        assert client.post("/ask", json={"question": QUESTION, "documents": ["no.pdf"]}).status_code == 422
    assert not folder.root.exists()


def test_a_changed_document_is_reported_once_its_generation_is_deleted(
    index: Path, documents: Path, folder: RecordFolder
) -> None:
    with recording(index, folder) as client:
        record = folder.read(client.post("/ask", json={"question": QUESTION}).json()["id"])
    make_pdf(documents / "harbour.pdf", [page.replace("24", "26") for page in HARBOUR], title="Harbour rules")
    ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
    # Kept: what it was answered from still answers.
    replayed = replay(record, answerer_for(index), SETUP, index)
    assert (replayed.first_difference, replayed.changes) == (None, ())
    (documents / "ferry.pdf").unlink()
    ingest_job(index, BagOfWordsEncoder(), keep=1).run(discover([documents]))
    replayed = replay(record, answerer_for(index, REPLY.replace("24", "26")), SETUP, index)
    assert replayed.now.answer == "A berth costs 26 euros for each night."
    assert replayed.first_difference == len("A berth costs 2")
    changed = ["index", "retrieval", "prompt", "draft", "verification"]
    assert [change.what for change in replayed.changes][: len(changed)] == changed
    assert "not kept any more" in replayed.changes[0].now
