"""A question to several collections: one answer from the documents of all, for a key that opens each of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rag.answering.record_folder import FolderRecorder, RecordFolder
from rag.service.access.watched_keys import WatchedKeys
from rag.testing import ScriptedModel
from tests.fakes import make_pdf
from tests.integration.conftest import make_answerer, wait_until
from tests.integration.test_asking import assert_problem
from tests.integration.test_collections import (
    HARBOUR_REPLY,
    OPENING,
    PUMP,
    PUMPS,
    REPLY,
    client_for,
    ingested,
    pumps,
    ring,
)
from tests.integration.test_keys import KeyRing
from tests.integration.test_records import SETUP

__all__ = ["pumps", "ring"]

BOTH = ["default", "pumps"]
COSTS = "What does a berth cost, and what does the pump cost?"


def ask(
    client: TestClient, question: str, *names: str, stream: bool = False, headers: dict[str, str] | None = None
) -> Any:
    return client.post("/ask", json={"question": question, "collections": names, "stream": stream}, headers=headers)


@pytest.mark.usefixtures("pumps")
class TestAnswering:
    @pytest.mark.parametrize(
        ("question", "reply", "home", "document"),
        [(PUMP, REPLY, "pumps", "pumps.pdf"), (OPENING, HARBOUR_REPLY, "default", "harbour.pdf")],
        ids=["the second has it", "the first has it"],
    )
    def test_a_citation_names_its_collection(
        self, index: Path, question: str, reply: str, home: str, document: str
    ) -> None:
        with client_for(index, make_answerer(index, ScriptedModel([reply]))) as client:
            answer = ask(client, question, *BOTH).json()
            assert (answer["answered"], answer["collections"]) == (True, BOTH)
            assert "collection" not in answer
            (citation,) = answer["citations"]
            assert (citation["collection"], citation["document"]) == (home, document)
            # The address opens the page, in the collection that has it.
            assert ("collection=pumps" in citation["url"]) is (home == "pumps")
            assert client.get(citation["url"]).status_code == 200

    def test_passages_of_both_are_found(self, index: Path) -> None:
        with client_for(index, make_answerer(index, ScriptedModel([REPLY]))) as client:
            text = ask(client, COSTS, *BOTH, stream=True).text
            (data,) = [part for part in text.split("\n\n") if part.startswith("event: passages")]
            passages = json.loads(data.split("data: ", 1)[1])["passages"]
            assert {passage["collection"] for passage in passages} == set(BOTH)

    def test_one_named_twice_or_alone_is_one(self, index: Path) -> None:
        with client_for(index) as client:
            for names in (["pumps"], ["pumps", "pumps"]):
                answer = ask(client, PUMP, *names).json()
                assert (answer["answered"], answer["collection"]) == (True, "pumps")
                assert "collections" not in answer

    def test_only_in_a_document_of_one_of_them(self, index: Path) -> None:
        with client_for(index) as client:
            body = {"question": PUMP, "collections": BOTH}
            assert client.post("/ask", json={**body, "documents": ["pumps.pdf"]}).json()["answered"] is True
            assert client.post("/ask", json={**body, "documents": ["harbour.pdf"]}).json()["answered"] is False
            assert_problem(client.post("/ask", json={**body, "documents": ["nowhere.pdf"]}), 422)

    def test_openais_clients_ask_several(self, index: Path) -> None:
        with client_for(index) as client:
            body = {"messages": [{"role": "user", "content": PUMP}], "collections": BOTH}
            said = client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["pageproof"]
            assert said["citations"][0]["collection"] == "pumps"
            assert client.post("/v1/chat/completions", json={**body, "collection": "pumps"}).status_code == 400

    def test_what_is_published_later_is_found(self, index: Path, tmp_path: Path) -> None:
        with client_for(index) as client:
            assert ask(client, PUMP, *BOTH).json()["answered"] is True
            folder = tmp_path / "later"
            folder.mkdir()
            make_pdf(folder / "dearer.pdf", [PUMPS[0].replace("310", "420")], title="Pumps")
            ingested(index, "pumps", folder)
            wait_until(lambda: ask(client, PUMP, *BOTH).json()["citations"][0]["document"] == "dearer.pdf")


@pytest.mark.usefixtures("pumps")
class TestRefusing:
    def test_one_that_is_not_there(self, index: Path) -> None:
        with client_for(index) as client:
            assert_problem(ask(client, PUMP, "default", "nowhere"), 404)

    def test_both_fields(self, index: Path) -> None:
        with client_for(index) as client:
            body = {"question": PUMP, "collections": BOTH, "collection": "pumps"}
            assert_problem(client.post("/ask", json=body), 422)

    def test_too_many(self, index: Path) -> None:
        with client_for(index) as client:
            assert_problem(ask(client, PUMP, *[f"c{number}" for number in range(21)]), 422)

    def test_a_key_that_does_not_open_each_gets_nothing_of_any(self, index: Path, ring: KeyRing) -> None:
        ring.add("alice", "ask", collections=frozenset({"pumps"}))
        ring.add("bob", "ask", collections=frozenset({"pumps", "default"}))
        with client_for(index, key_file=WatchedKeys(ring.path)) as client:
            refused = ask(client, PUMP, *BOTH, headers=ring.header("alice"))
            assert_problem(refused, 404)
            # It is not told which others there are.
            assert "there are: pumps" in refused.json()["detail"]
            assert ask(client, PUMP, *BOTH, headers=ring.header("bob")).json()["answered"] is True

    def test_one_without_documents(self, index: Path) -> None:
        (index / "collections" / "empty").mkdir()
        with client_for(index) as client:
            assert_problem(ask(client, PUMP, "default", "empty"), 503)


def test_it_is_recorded_by_none(index: Path, pumps: Path, tmp_path: Path) -> None:
    recorder = FolderRecorder(RecordFolder(tmp_path / "records", 10), SETUP)
    answerer = replace(make_answerer(index, ScriptedModel([REPLY])), recorder=recorder)
    with client_for(index, answerer) as client:
        answer = ask(client, PUMP, *BOTH).json()
        assert answer["answered"] is True
        assert client.post(f"/answers/{answer['id']}/feedback", json={"verdict": "right"}).status_code == 404
        assert list((tmp_path / "records").glob("*.json")) == []
