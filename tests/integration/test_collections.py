"""Collections end to end: chosen by name, opened when asked for, closed to others' keys, and apart in all they keep."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from ingest.discovery import discover
from rag.answering.answerer import Answerer
from rag.answering.record_folder import FolderRecorder, RecordFolder
from rag.domain.values import Hit
from rag.index.current_index import CurrentIndex
from rag.index.generation import Generation
from rag.index.layout import IndexLayout, collection_root
from rag.retrieval.retriever import Retriever
from rag.service.access.access_key import KeyScope
from rag.service.access.watched_keys import WatchedKeys
from rag.service.app import create_app
from rag.service.collections.served import CollectionFolder
from rag.service.guides.maker import GuideMaker
from rag.service.guides.store import GuideStore
from rag.service.uploads.adding import UploadService
from rag.service.uploads.folder import UploadFolder
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job, make_pdf
from tests.integration.conftest import make_answerer, wait_until
from tests.integration.test_asking import assert_problem
from tests.integration.test_keys import KeyRing
from tests.integration.test_records import SETUP

OPENING = "When does the harbour office open?"
HARBOUR_REPLY = "The harbour office opens at 8 in the morning."
PUMP = "What does the pump cost?"
REPLY = "The pump costs 310 euros."
PUMPS = ["# Prices\nThe pump costs 310 euros.\nIt is painted blue."]
ADMIN = {"Authorization": "Bearer an-admin-key"}


@pytest.fixture
def pumps(index: Path, tmp_path: Path) -> Path:
    """A second collection, of another document."""
    folder = tmp_path / "pumps"
    folder.mkdir()
    make_pdf(folder / "pumps.pdf", PUMPS, title="Pumps")
    return ingested(index, "pumps", folder)


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys.json")


def ingested(index: Path, name: str, folder: Path) -> Path:
    root = collection_root(index, name)
    ingest_job(root, BagOfWordsEncoder()).run(discover([folder]))
    return root


def opened(index: Path, answerer: Answerer, name: str) -> Answerer:
    """As :func:`rag.composition.open_collection`, over fakes."""
    own = CurrentIndex(collection_root(index, name), answerer.retriever.encoder.identity)
    recorder = answerer.recorder
    if isinstance(recorder, FolderRecorder):
        recorder = replace(recorder, folder=RecordFolder(recorder.folder.root / "collections" / name, 10))
    return replace(answerer, index=own, recorder=recorder, searches=answerer.searches.emptied())


@contextmanager
def client_for(index: Path, answerer: Answerer | None = None, **options: Any) -> Iterator[TestClient]:
    answerer = answerer or make_answerer(index, ScriptedModel([REPLY]))
    app = create_app(lambda: answerer, others=CollectionFolder(index, partial(opened, index)), **options)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def uploads_for(index: Path, documents: Path) -> UploadService:
    """As :func:`rag.service.uploads.adding.uploads_into`, with the fake ingest job."""
    fake = [sys.executable, "-m", "tests.integration.fake_ingest"]

    def for_collection(name: str) -> UploadService:
        folder = documents / ".pageproof-collections" / name
        folder.mkdir(parents=True, exist_ok=True)
        return UploadService(UploadFolder(folder, 1 << 20), [*fake, str(folder), str(collection_root(index, name))])

    return UploadService(
        UploadFolder(documents, 1 << 20), [*fake, str(documents), str(index)], for_collection=for_collection
    )


def ask(client: TestClient, question: str, collection: str | None = None, **headers: str) -> Any:
    chosen = {} if collection is None else {"collection": collection}
    return client.post("/ask", json={"question": question, **chosen}, headers=headers)


def names(client: TestClient, **options: Any) -> list[str]:
    return [each["name"] for each in client.get("/collections", **options).json()["collections"]]


def documents_of(client: TestClient, collection: str | None = None, **options: Any) -> list[str]:
    chosen = {} if collection is None else {"collection": collection}
    listed = client.get("/documents", params=chosen, **options).json()
    return [document["name"] for document in listed["documents"]]


class TestOneCollection:
    def test_replies_are_those_of_a_service_without_collections(self, index: Path) -> None:
        with client_for(index, make_answerer(index, ScriptedModel([HARBOUR_REPLY]))) as client:
            answer = ask(client, OPENING).json()
            assert answer["answered"] is True
            assert "collection" not in answer
            assert all("collection" not in citation["url"] for citation in answer["citations"])
            assert "collection" not in client.get("/info").text
            assert names(client) == ["default"]
            assert ask(client, OPENING, "default").json().keys() == answer.keys()
        assert not IndexLayout(index).collections.exists()

    @pytest.mark.usefixtures("pumps")
    def test_it_is_all_that_an_application_without_a_folder_has(self, index: Path) -> None:
        with TestClient(create_app(lambda: make_answerer(index, ScriptedModel([REPLY])))) as client:
            assert names(client) == ["default"]
            assert_problem(ask(client, PUMP, "pumps"), 404)


class TestChoosing:
    @pytest.mark.usefixtures("pumps")
    def test_each_answers_from_its_own_documents(self, index: Path) -> None:
        with client_for(index) as client:
            answer = ask(client, PUMP, "pumps").json()
            assert (answer["answered"], answer["collection"]) == (True, "pumps")
            (citation,) = answer["citations"]
            assert citation["document"] == "pumps.pdf"
            assert citation["url"].endswith("&collection=pumps")
            assert client.get(citation["url"]).headers["content-type"] == "image/png"
            # The same picture, of the wrong collection.
            assert_problem(client.get(citation["url"].removesuffix("&collection=pumps")), 404)
            assert ask(client, PUMP).json()["answered"] is False
            assert documents_of(client) == ["ferry.pdf", "harbour.pdf"]
            assert documents_of(client, "default") == ["ferry.pdf", "harbour.pdf"]
            assert documents_of(client, "pumps") == ["pumps.pdf"]

    @pytest.mark.usefixtures("pumps")
    def test_every_route_of_documents_takes_the_parameter(self, index: Path) -> None:
        with client_for(index) as client:
            listed = client.get("/documents?collection=pumps").json()
            (document,) = listed["documents"]
            paths = ["pages", "pages/1", "pages/1.png", "pages/1/words", "search?text=blue", "file", "guide"]
            for path in paths:
                url = f"/documents/{document['id']}/{path}"
                assert_problem(client.get(url), 404)
                assert client.get(url, params={"collection": "pumps"} | _query(path)).status_code == 200, path
            assert client.get("/guide?collection=pumps").json()["documents"] == 1
            assert client.get("/info?collection=pumps").json()["index"] == listed["index"]
            assert client.get("/info").json()["index"] != listed["index"]

    @pytest.mark.usefixtures("pumps")
    def test_a_stream_and_a_chat(self, index: Path) -> None:
        with client_for(index) as client:
            asked = {"question": PUMP, "collection": "pumps", "stream": True}
            assert "&collection=pumps" in client.post("/ask", json=asked).text
            chat = {"messages": [{"role": "user", "content": PUMP}], "collection": "pumps"}
            native = client.post("/v1/chat/completions", json=chat).json()["choices"][0]["message"]["pageproof"]
            assert (native["answered"], native["collection"]) == (True, "pumps")
            unknown = client.post("/v1/chat/completions", json={**chat, "collection": "pipes"})
            assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")

    @pytest.mark.usefixtures("pumps")
    @pytest.mark.parametrize("name", ["pipes", "", "Pumps", "../pumps", "pumps/", ".", "pumps\0", "ü", "x" * 500])
    def test_unknown_and_bad_names_say_which_there_are(self, index: Path, name: str) -> None:
        with client_for(index) as client:
            for response in (ask(client, PUMP, name), client.get("/documents", params={"collection": name})):
                assert_problem(response, 404)
                assert response.json()["detail"].endswith("there are: default, pumps")

    def test_a_retrieval_cache_of_its_own(self, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two generations of one name: what was found in one is never taken for what the other would find."""
        same = collection_root(index, "same")
        shutil.copytree(index, same, ignore=shutil.ignore_patterns("collections"))
        searched: list[str] = []

        def retrieve(self: Retriever, generation: Generation, *given: Any, **options: Any) -> list[Hit]:
            searched.append(str(generation.folder.parents[1]))
            return original(self, generation, *given, **options)

        original = Retriever.retrieve
        monkeypatch.setattr(Retriever, "retrieve", retrieve)
        with client_for(index) as client:
            default, again = ask(client, OPENING).json(), ask(client, OPENING).json()
            assert searched == [str(index)]
            other = ask(client, OPENING, "same").json()
            assert default["index"] == again["index"] == other["index"]
            assert searched == [str(index), str(same)]

    @pytest.mark.usefixtures("pumps")
    def test_what_is_told_in_a_conversation_finds_nothing_elsewhere(self, index: Path) -> None:
        history = [{"question": PUMP, "answer": REPLY}]
        with client_for(index) as client:
            asked = {"question": "Which colour is it?", "history": history}
            default = client.post("/ask", json=asked).json()
            assert all(citation["document"] != "pumps.pdf" for citation in default["citations"])
            there = client.post("/ask", json={**asked, "collection": "pumps"}).json()
            assert {citation["document"] for citation in there["citations"]} <= {"pumps.pdf"}


class TestFollowing:
    def test_one_that_is_made_while_the_service_runs(self, index: Path, tmp_path: Path) -> None:
        folder = tmp_path / "later"
        folder.mkdir()
        make_pdf(folder / "pumps.pdf", PUMPS)
        with client_for(index) as client:
            assert_problem(ask(client, PUMP, "later"), 404)
            ingested(index, "later", folder)
            first = ask(client, PUMP, "later").json()
            assert first["answered"] is True
            make_pdf(folder / "pipes.pdf", ["A pipe costs 12 euros."])
            ingested(index, "later", folder)
            wait_until(lambda: len(documents_of(client, "later")) == 2)
            assert client.get("/collections").json()["collections"][1]["index"] != first["index"]
            shutil.rmtree(IndexLayout(index).collections / "later")
            assert_problem(ask(client, PUMP, "later"), 404)
            assert names(client) == ["default"]

    def test_a_damaged_one_stops_no_other(self, index: Path, pumps: Path) -> None:
        for file in (pumps / "gen").glob("*/docstore.sqlite"):
            file.write_bytes(b"damaged")
        (IndexLayout(index).collections / "empty").mkdir()
        with client_for(index, make_answerer(index, ScriptedModel([HARBOUR_REPLY]))) as client:
            assert_problem(ask(client, PUMP, "pumps"), 503)
            assert_problem(ask(client, PUMP, "empty"), 503)
            assert ask(client, OPENING).json()["answered"] is True
            assert client.get("/readyz").json()["status"] == "ready"
            listed = {each["name"]: each["index"] for each in client.get("/collections").json()["collections"]}
            assert set(listed) == {"default", "empty", "pumps"}
            assert listed["empty"] is None
            shown = client.get("/metrics").text
            assert 'pageproof_collection_ready{collection="pumps"} 0.0' in shown
            assert 'pageproof_collection_ready{collection="empty"} 0.0' in shown

    @pytest.mark.usefixtures("pumps")
    def test_a_damaged_default_one_stops_no_other(self, index: Path) -> None:
        for file in (index / "gen").glob("*/docstore.sqlite"):
            file.write_bytes(b"damaged")
        with client_for(index) as client:
            assert_problem(ask(client, OPENING), 503)
            assert ask(client, PUMP, "pumps").json()["answered"] is True
            state = client.get("/readyz").json()
            assert (state["status"], "docstore.sqlite" in state["reason"]) == ("degraded", True)


class TestKeys:
    @pytest.mark.usefixtures("pumps")
    def test_a_key_opens_what_it_is_bound_to(self, index: Path, ring: KeyRing) -> None:
        scopes: tuple[KeyScope, ...] = ("ask", "documents", "feedback", "metrics")
        every = ring.add("every", *scopes)
        default = ring.add("default", *scopes, collections=frozenset({"default"}))
        bound = ring.add("bound", *scopes, collections=frozenset({"pumps"}))
        with client_for(index, key_file=WatchedKeys(ring.path)) as client:
            assert names(client, headers=every) == ["default", "pumps"]
            assert names(client, headers=default) == ["default"]
            assert names(client, headers=bound) == ["pumps"]
            # Without a name it is the only one that the key opens.
            assert documents_of(client, headers=bound) == ["pumps.pdf"]
            assert 'ready{collection="pumps"} 1.0' in client.get("/metrics", headers=bound).text
            assert "pumps" not in client.get("/metrics", headers=default).text
            answer = ask(client, PUMP, **bound).json()
            assert (answer["answered"], answer["collection"]) == (True, "pumps")
            for header, name, told in ((default, "pumps", "default"), (bound, "default", "pumps")):
                for response in (
                    ask(client, PUMP, name, **header),
                    client.get("/documents", params={"collection": name}, headers=header),
                    client.get("/guide", params={"collection": name}, headers=header),
                    client.get("/info", params={"collection": name}, headers=header),
                ):
                    assert_problem(response, 404)
                    # As of one that is not there at all.
                    assert response.json()["detail"] == f"there is no collection '{name}'; there are: {told}"

    def test_one_that_opens_several_has_to_name_one(self, index: Path, pumps: Path, ring: KeyRing) -> None:
        shutil.copytree(pumps, pumps.parent / "pipes")
        both = ring.add("both", "ask", collections=frozenset({"pumps", "pipes", "later"}))
        none = ring.add("none", "ask", collections=frozenset({"later"}))
        with client_for(index, key_file=WatchedKeys(ring.path)) as client:
            response = ask(client, PUMP, **both)
            assert_problem(response, 404)
            assert "name one of pipes, pumps" in response.json()["detail"]
            assert ask(client, PUMP, "pipes", **both).status_code == 200
            assert_problem(ask(client, PUMP, **none), 404)


class TestGuides:
    def test_they_are_kept_apart(self, index: Path, pumps: Path) -> None:
        answerer = make_answerer(index, ScriptedModel([REPLY]))
        makers: list[GuideMaker] = []

        def guides(answerer: Answerer) -> GuideMaker:
            makers.append(GuideMaker(answerer, GuideStore(IndexLayout(index))))
            return makers[0]

        with client_for(index, answerer, guides=guides) as client:
            (document,) = client.get("/documents?collection=pumps").json()["documents"]
            wait_until(lambda: client.get("/guide?collection=pumps").json()["ready"] == 1)
            assert (IndexLayout(pumps).guide(document["id"]) / "guide.json").is_file()
            assert not IndexLayout(index).guide(document["id"]).exists()
            assert makers[0].store.read(document["id"]) is None


def test_records_and_feedback_are_kept_apart(index: Path, pumps: Path, tmp_path: Path) -> None:
    recorder = FolderRecorder(RecordFolder(tmp_path / "records", 10), SETUP)
    answerer = replace(make_answerer(index, ScriptedModel([REPLY])), recorder=recorder)
    with client_for(index, answerer) as client:
        answer = ask(client, PUMP, "pumps").json()
        path, said = f"/answers/{answer['id']}/feedback", {"verdict": "right"}
        assert_problem(client.post(path, json=said), 404)
        assert client.post(f"{path}?collection=pumps", json=said).status_code == 200
    own = tmp_path / "records" / "collections" / "pumps"
    assert PUMP in (own / "questions.jsonl").read_text()
    assert not (tmp_path / "records" / "questions.jsonl").exists()


class TestAdding:
    @pytest.fixture
    def client(self, index: Path, documents: Path) -> Iterator[TestClient]:
        uploads = uploads_for(index, documents)
        with client_for(index, admin_keys=[SecretStr("an-admin-key")], uploads=uploads) as client:
            yield client

    def test_one_is_made_and_gets_documents(self, client: TestClient, documents: Path, tmp_path: Path) -> None:
        response = client.post("/collections", json={"name": "pumps"}, headers=ADMIN)
        assert (response.status_code, response.json()) == (201, {"name": "pumps", "index": None})
        data = make_pdf(tmp_path / "pumps.pdf", PUMPS).read_bytes()
        chosen = {"collection": "pumps"}
        headers = {**ADMIN, "Content-Type": "application/octet-stream"}
        sent = client.post("/uploads", params={"name": "pumps.pdf", **chosen}, content=data, headers=headers)
        assert sent.status_code == 201
        assert not (documents / "pumps.pdf").exists()
        assert client.post("/ingest", params=chosen, headers=ADMIN).status_code == 202
        assert client.get("/ingest", headers=ADMIN).json()["state"] == "idle"
        wait_until(lambda: client.get("/ingest", params=chosen, headers=ADMIN).json()["state"] == "finished")
        assert ask(client, PUMP, "pumps").json()["answered"] is True
        assert documents_of(client) == ["ferry.pdf", "harbour.pdf"]
        unknown = client.delete("/uploads", params={"name": "ferry.pdf", **chosen}, headers=ADMIN)
        assert_problem(unknown, 404)

    def test_the_schema_tells_that_making_one_needs_a_key(self, client: TestClient) -> None:
        listing, making = (
            client.get("/openapi.json").json()["paths"]["/collections"][each] for each in ("get", "post")
        )
        assert "security" not in listing
        assert making["security"]
        assert {"401", "403", "404", "409", "422", "507"} <= making["responses"].keys()

    def test_names_that_cannot_be_made(self, client: TestClient) -> None:
        assert client.post("/collections", json={"name": "pumps"}, headers=ADMIN).status_code == 201
        for name in ("pumps", "default"):
            assert_problem(client.post("/collections", json={"name": name}, headers=ADMIN), 409)
        for name in ("Pumps", "../x", "", "x" * 41, "-x"):
            response = client.post("/collections", json={"name": name}, headers=ADMIN)
            assert_problem(response, 422)
            assert response.json()["errors"][0]["field"] == "name"
        assert_problem(client.post("/collections", json={"name": "pipes"}), 401)
        assert names(client) == ["default", "pumps"]

    @pytest.mark.usefixtures("pumps")
    def test_a_collection_that_takes_no_documents(self, index: Path, documents: Path) -> None:
        uploads = UploadService(UploadFolder(documents, 1 << 20), ["true"])
        with client_for(index, admin_keys=[SecretStr("an-admin-key")], uploads=uploads) as client:
            assert_problem(client.get("/ingest", params={"collection": "pumps"}, headers=ADMIN), 507)


def _query(path: str) -> dict[str, str]:
    return {"text": "blue"} if "?" in path else {}
