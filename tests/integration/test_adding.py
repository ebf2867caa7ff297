"""Uploads over HTTP: access, atomic storage, connections that break, ingest, and serving the new document."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from rag.index.writer import open_writer
from rag.service.app import create_app
from rag.service.media_types import SUFFIXES
from rag.service.uploads.adding import UploadService
from rag.service.uploads.folder import UploadFolder
from rag.testing import ScriptedModel
from tests.fakes import make_pdf
from tests.integration.conftest import Running, make_answerer, post, wait_until
from tests.integration.test_asking import assert_problem
from tests.unit.conftest import files_of_at_most

MOST = 600_000
ADMIN = {"Authorization": "Bearer admin"}
BYTES = {"Content-Type": "application/octet-stream"}
UVHOLM = ["# Uvholm\nThe ferry to Uvholm leaves at 6 in the morning."]
QUESTION = "When does the ferry to Uvholm leave?"
PDF = b"%PDF-1.4\n" + b"x" * 2000


def upload_service(
    documents: Path, index: Path, job: Sequence[str] | None = None, *, without_key: bool = False
) -> UploadService:
    command = [sys.executable, "-m", "tests.integration.fake_ingest", str(documents), str(index)]
    return UploadService(UploadFolder(documents, MOST), job or command, without_key=without_key)


@contextmanager
def client_for(documents: Path, index: Path, job: Sequence[str] | None = None, **options: Any) -> Iterator[TestClient]:
    model = ScriptedModel(["The ferry to Uvholm leaves at 6 in the morning."])
    app = create_app(
        lambda: make_answerer(index, model),
        admin_keys=[SecretStr("admin")],
        uploads=upload_service(documents, index, job),
        **options,
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(documents: Path, index: Path) -> Iterator[TestClient]:
    with client_for(documents, index) as client:
        yield client


def upload(client: TestClient, name: str, data: Any, *, replace: bool | None = None, **headers: str) -> Any:
    parameters = {"name": name} | ({} if replace is None else {"replace": str(replace).lower()})
    return client.post("/uploads", params=parameters, content=data, headers={**ADMIN, **BYTES, **headers})


def names(documents: Path) -> set[str]:
    return {path.name for path in documents.iterdir()}


def ended(client: TestClient) -> dict[str, Any]:
    """Status of the run when it has ended."""
    status: dict[str, Any] = {}

    def has_ended() -> bool:
        status.update(client.get("/ingest", headers=ADMIN).json())
        return status["state"] not in ("running", "idle")

    wait_until(has_ended)
    return status


class TestAccess:
    def test_it_is_off_by_default(self, index: Path) -> None:
        app = create_app(lambda: make_answerer(index, ScriptedModel([""])), admin_keys=[SecretStr("admin")])
        with TestClient(app) as client:
            assert client.get("/info").json()["adding"] == {
                "enabled": False,
                "needs_key": False,
                "max_bytes": 0,
                "suffixes": list(SUFFIXES),
            }
            assert_problem(upload(client, "a.pdf", PDF), 404)
            assert_problem(client.post("/ingest", headers=ADMIN), 404)

    def test_info_says_that_it_is_on(self, client: TestClient) -> None:
        assert client.get("/info").json()["adding"] == {
            "enabled": True,
            "needs_key": True,
            "max_bytes": MOST,
            "suffixes": [".pdf", ".txt", ".text", ".md", ".markdown", ".html", ".htm", ".docx"],
        }

    @pytest.mark.parametrize("api_keys", [[], [SecretStr("reader")]], ids=["open", "with access keys"])
    @pytest.mark.parametrize(
        ("method", "path"), [("POST", "/uploads"), ("DELETE", "/uploads"), ("POST", "/ingest"), ("GET", "/ingest")]
    )
    def test_an_admin_key_is_needed(
        self, documents: Path, index: Path, api_keys: list[SecretStr], method: str, path: str
    ) -> None:
        before = names(documents)
        with client_for(documents, index, ["false"], api_keys=api_keys) as client:

            def status(**headers: str) -> int:
                response = client.request(
                    method, path, params={"name": "a.pdf"}, content=PDF, headers={**BYTES, **headers}
                )
                assert_problem(response, response.status_code)
                if response.status_code == 401:
                    assert response.headers["www-authenticate"] == "Bearer"
                return int(response.status_code)

            assert status() == 401
            assert status(Authorization="Bearer other") == 401
            other = client.get("/ingest", headers={"X-API-Key": "other"}).json()
            assert other["detail"] == "the admin key is not one of those that are accepted"
            assert status(Authorization="Bearer ") == 401
            assert status(**{"X-API-Key": "reader"}) == (403 if api_keys else 401)
            assert client.get("/ingest", headers={"X-API-Key": "admin"}).json()["state"] == "idle"
        assert names(documents) == before

    def test_an_admin_key_is_an_access_key(self, documents: Path, index: Path) -> None:
        with client_for(documents, index, api_keys=[SecretStr("reader")]) as client:
            assert client.get("/documents").status_code == 401
            assert client.get("/documents", headers=ADMIN).status_code == 200
            assert client.get("/documents", headers={"X-API-Key": "reader"}).status_code == 200

    def test_admin_keys_alone_require_no_access_key(self, client: TestClient) -> None:
        assert client.get("/documents").status_code == 200


class TestWithoutKeys:
    """A person alone with the service: requests of this machine need no key, and pages of others do nothing."""

    @pytest.fixture
    def alone(self, serve: Callable[..., Running], documents: Path, index: Path) -> str:
        uploads = upload_service(documents, index, without_key=True)
        return serve(ScriptedModel(["The ferry to Uvholm leaves at 6 in the morning."]), uploads=uploads).url

    def test_a_document_is_added_asked_and_removed(self, alone: str, documents: Path, tmp_path: Path) -> None:
        assert httpx.get(f"{alone}/info").json()["adding"]["needs_key"] is False
        make_pdf(tmp_path / "uvholm.pdf", UVHOLM)
        data = (tmp_path / "uvholm.pdf").read_bytes()
        added = httpx.post(f"{alone}/uploads", params={"name": "uvholm.pdf"}, content=data, headers=BYTES)
        assert added.status_code == 201
        self.read(alone)
        assert post(alone, QUESTION).json()["answered"]
        removed = httpx.delete(f"{alone}/uploads", params={"name": "uvholm.pdf"})
        assert removed.json() == {"name": "uvholm.pdf", "kept": ".pageproof-removed/uvholm.pdf"}
        self.read(alone)
        listed = httpx.get(f"{alone}/documents").json()
        assert [each["name"] for each in listed["documents"]] == ["ferry.pdf", "harbour.pdf"]
        assert (documents / ".pageproof-removed/uvholm.pdf").read_bytes() == data
        assert_problem(httpx.delete(f"{alone}/uploads", params={"name": "uvholm.pdf"}), 404)
        assert_problem(httpx.delete(f"{alone}/uploads"), 422)

    def read(self, url: str) -> None:
        assert httpx.post(f"{url}/ingest").status_code == 202
        wait_until(lambda: httpx.get(f"{url}/ingest").json()["state"] == "finished")

    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param({"X-Forwarded-For": "192.0.2.7"}, id="another machine, by a proxy"),
            pytest.param({"Host": "192.0.2.1:8000"}, id="the address in the network"),
        ],
    )
    def test_others_cannot(self, alone: str, documents: Path, headers: dict[str, str]) -> None:
        before = names(documents)
        refused = httpx.post(f"{alone}/uploads", params={"name": "a.pdf"}, content=PDF, headers={**BYTES, **headers})
        assert_problem(refused, 403)
        assert "RAG_ADMIN_KEYS" in refused.json()["detail"]
        assert httpx.get(f"{alone}/info", headers=headers).json()["adding"]["enabled"] is False
        assert names(documents) == before

    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, id="another site"),
            pytest.param({"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"}, id="another port"),
            pytest.param({"Origin": "null"}, id="a sandboxed page"),
        ],
    )
    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "/uploads?name=a.pdf"), ("DELETE", "/uploads?name=ferry.pdf"), ("POST", "/ingest"), ("POST", "/ask"),
         ("POST", "/v1/chat/completions")],
    )  # fmt: skip
    def test_a_page_of_another_origin_changes_nothing(
        self, alone: str, documents: Path, headers: dict[str, str], method: str, path: str
    ) -> None:
        before = names(documents)
        refused = httpx.request(method, f"{alone}{path}", content=PDF, headers={**BYTES, **headers})
        assert refused.status_code == 403
        assert "a page of another origin sent this" in refused.text
        assert names(documents) == before
        assert httpx.get(f"{alone}/ingest").json()["state"] == "idle"


class TestUploading:
    def test_a_document(self, client: TestClient, documents: Path) -> None:
        response = upload(client, "Gebühren 2026.pdf", PDF)
        digest = hashlib.sha256(PDF).hexdigest()
        assert response.status_code == 201
        assert response.json() == {"name": "Gebühren 2026.pdf", "size": 2009, "sha256": digest, "replaced": False}
        assert (documents / "Gebühren 2026.pdf").read_bytes() == PDF
        again = upload(client, "Gebühren 2026.pdf", PDF)
        assert (again.status_code, again.json()) == (200, response.json())
        assert names(documents) == {"Gebühren 2026.pdf", "harbour.pdf", "ferry.pdf"}

    def test_another_document_of_the_same_name(self, client: TestClient, documents: Path) -> None:
        before = (documents / "ferry.pdf").read_bytes()
        for data in (PDF, iter([PDF])):
            response = upload(client, "ferry.pdf", data)
            assert_problem(response, 409)
            assert "replace=true" in response.json()["detail"]
        assert (documents / "ferry.pdf").read_bytes() == before
        response = upload(client, "ferry.pdf", PDF, replace=True)
        assert (response.status_code, response.json()["replaced"]) == (201, True)
        assert (documents / "ferry.pdf").read_bytes() == PDF

    def test_a_large_document_in_parts(self, client: TestClient, documents: Path) -> None:
        data = b"%PDF-1.4\n" + os.urandom(MOST - 9)
        parts = (data[start : start + 10_007] for start in range(0, MOST, 10_007))
        assert upload(client, "large.pdf", parts).status_code == 201
        assert (documents / "large.pdf").read_bytes() == data

    @pytest.mark.parametrize("announced", [True, False])
    def test_a_document_that_is_too_large(self, client: TestClient, documents: Path, announced: bool) -> None:
        data = b"%PDF" + b"x" * (MOST - 3)
        response = upload(client, "large.pdf", data if announced else iter([data[:1000], data[1000:]]))
        assert_problem(response, 413)
        assert "600,000 bytes" in response.json()["detail"]
        assert names(documents) == {"harbour.pdf", "ferry.pdf"}

    def test_the_limit_of_other_routes_holds(self, client: TestClient) -> None:
        assert_problem(client.post("/ask", content=b"x" * 300_000), 413)

    @pytest.mark.parametrize(
        "name",
        ["../a.pdf", "a/b.pdf", ".a.pdf", "a.exe", "a\n.pdf", "a" * 200 + ".pdf", "", "..\\a.pdf"],
    )
    def test_an_invalid_name(self, client: TestClient, documents: Path, name: str) -> None:
        response = upload(client, name, PDF)
        assert_problem(response, 422)
        assert response.json()["errors"][0]["field"] == "name"
        assert names(documents) == {"harbour.pdf", "ferry.pdf"}

    def test_without_a_name(self, client: TestClient) -> None:
        response = client.post("/uploads", content=PDF, headers={**ADMIN, **BYTES})
        assert_problem(response, 422)
        assert response.json()["errors"][0]["field"] == "query.name"

    @pytest.mark.parametrize("data", [b"", b"<html>", b"MZ\x90\0" * 500], ids=["empty", "HTML", "program"])
    def test_content_of_another_type(self, client: TestClient, documents: Path, data: bytes) -> None:
        response = upload(client, "a.pdf", data)
        assert_problem(response, 422)
        assert response.json()["errors"][0]["field"] == "body"
        assert names(documents) == {"harbour.pdf", "ferry.pdf"}

    def test_a_form_is_no_document(self, client: TestClient, documents: Path) -> None:
        response = client.post("/uploads", params={"name": "a.txt"}, files={"file": b"text"}, headers=ADMIN)
        assert_problem(response, 415)
        assert "application/octet-stream" in response.json()["detail"]
        assert names(documents) == {"harbour.pdf", "ferry.pdf"}

    def test_a_full_disk(self, client: TestClient, documents: Path) -> None:
        before = (documents / "ferry.pdf").read_bytes()
        with files_of_at_most(1000):
            response = upload(client, "ferry.pdf", PDF, replace=True)
        assert_problem(response, 507)
        assert "2,009 bytes needed" in response.json()["detail"]
        assert (documents / "ferry.pdf").read_bytes() == before
        assert names(documents) == {"harbour.pdf", "ferry.pdf"}


@pytest.fixture
def service(serve: Callable[..., Running], documents: Path, index: Path) -> Running:
    return serve(
        ScriptedModel([""]), admin_keys=[SecretStr("admin")], uploads=upload_service(documents, index, ["sleep", "60"])
    )


def connect(service: Running, length: int | None, key: str = "admin") -> socket.socket:
    """A connection that has sent the head of an upload; chunked if ``length`` is None."""
    connection = socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2])), timeout=60)
    lines = ["POST /uploads?name=a.pdf HTTP/1.1", "Host: x", f"X-API-Key: {key}"]
    lines += ["Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"]
    connection.sendall("\r\n".join([*lines, "Content-Type: application/octet-stream", "", ""]).encode())
    return connection


def is_begun(documents: Path) -> bool:
    return any(name.startswith(".") for name in names(documents))


class TestConnections:
    def test_the_key_is_checked_before_the_body(self, service: Running, documents: Path) -> None:
        with connect(service, 100_000, key="other") as connection:
            assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")
        assert not is_begun(documents)

    @pytest.mark.parametrize("how", [None, socket.SHUT_WR, socket.SHUT_RDWR], ids=["closed", "half", "shut down"])
    def test_an_upload_that_breaks_off_leaves_nothing(self, service: Running, documents: Path, how: int | None) -> None:
        with connect(service, 100_000) as connection:
            connection.sendall(PDF)
            wait_until(lambda: is_begun(documents))
            if how is not None:
                connection.shutdown(how)
        wait_until(lambda: not is_begun(documents))
        assert names(documents) == {"harbour.pdf", "ferry.pdf"}

    def test_an_invalid_chunk_leaves_nothing(self, service: Running, documents: Path) -> None:
        with connect(service, None) as connection:
            connection.sendall(b"%x\r\n%b\r\n" % (len(PDF), PDF))
            wait_until(lambda: is_begun(documents))
            connection.sendall(b"nonsense\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")
        wait_until(lambda: not is_begun(documents))
        assert names(documents) == {"harbour.pdf", "ferry.pdf"}

    def test_an_upload_that_stalls_leaves_nothing(
        self, service: Running, documents: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rag.service.routes.uploads._QUIET_SECONDS", 0.2)
        with connect(service, 100_000) as connection:
            connection.sendall(PDF)
            assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert names(documents) == {"harbour.pdf", "ferry.pdf"}

    def test_a_slow_upload_has_no_time_limit(
        self, service: Running, documents: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("rag.service.middleware._BODY_SECONDS", 0.1)
        monkeypatch.setattr("rag.service.routes.uploads._QUIET_SECONDS", 60.0)
        with connect(service, len(PDF)) as connection:
            for start in range(0, len(PDF), 500):
                connection.sendall(PDF[start : start + 500])
                time.sleep(0.1)
            assert connection.recv(4096).startswith(b"HTTP/1.1 201 ")
        assert (documents / "a.pdf").read_bytes() == PDF

    def test_of_concurrent_uploads_of_one_name_one_is_kept(self, service: Running, documents: Path) -> None:
        contents = [b"%PDF" + bytes([letter]) * 400_000 for letter in b"abcdef"]
        statuses: list[tuple[int, bytes]] = []

        def send(data: bytes) -> None:
            response = httpx.post(
                f"{service.url}/uploads?name=a.pdf", content=data, headers={**ADMIN, **BYTES}, timeout=60
            )
            statuses.append((response.status_code, data))

        threads = [threading.Thread(target=send, args=(data,)) for data in contents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(status for status, _ in statuses) == [201] + [409] * 5
        assert (documents / "a.pdf").read_bytes() == dict(statuses)[201]
        assert not is_begun(documents)

    def test_the_job_is_stopped_with_the_service(
        self, serve: Callable[..., Running], documents: Path, index: Path, tmp_path: Path
    ) -> None:
        pid = tmp_path / "pid"
        job = ["sh", "-c", f"echo $$ >{pid}.new; mv {pid}.new {pid}; while :; do sleep 0.05; done"]
        service = serve(
            ScriptedModel([""]), admin_keys=[SecretStr("admin")], uploads=upload_service(documents, index, job)
        )
        assert httpx.post(f"{service.url}/ingest", headers=ADMIN, timeout=60).status_code == 202
        wait_until(pid.exists)
        service.server.should_exit = True

        def is_gone() -> bool:
            try:
                os.kill(int(pid.read_text()), 0)
            except ProcessLookupError:
                return True
            return False

        wait_until(is_gone)


class TestIngesting:
    def test_a_new_document_answers_at_once(self, client: TestClient, tmp_path: Path) -> None:
        before = client.get("/documents").json()
        assert all(document["added"] <= before["published"] for document in before["documents"])
        assert client.get("/ingest", headers=ADMIN).json() == {
            "state": "idle",
            "stage": None,
            "done": 0,
            "total": 0,
            "share": 0.0,
            "seconds_left": None,
            "started": None,
            "finished": None,
            "index": None,
            "error": None,
            "again": False,
            "reading": [],
            "files": [],
        }
        uploaded = upload(client, "uvholm.pdf", make_pdf(tmp_path / "u.pdf", UVHOLM).read_bytes()).json()
        upload(client, "broken.pdf", PDF)
        response = client.post("/ingest", headers=ADMIN)
        assert response.status_code == 202
        assert (response.json()["state"], response.json()["stage"]) == ("running", "starting")
        status = ended(client)
        # Nothing is waited for: what is said to be finished is served.
        after = client.get("/documents").json()
        answer = client.post("/ask", json={"question": QUESTION}).json()
        assert (status["state"], status["error"], status["index"]) == ("finished", None, after["index"])
        assert after["index"] != before["index"]
        assert after["published"] >= before["published"]
        assert {row["name"]: row["status"] for row in status["files"]} == {
            "broken.pdf": "malformed",
            "ferry.pdf": "unchanged",
            "harbour.pdf": "unchanged",
            "uvholm.pdf": "ok",
        }
        assert next(row for row in status["files"] if row["name"] == "uvholm.pdf") == {
            "name": "uvholm.pdf",
            "status": "ok",
            "reason": None,
            "pages": 1,
        }
        reasons = {row["name"]: row["reason"] for row in status["files"]}
        assert after["unread"] == [{"name": "broken.pdf", "status": "malformed", "reason": reasons["broken.pdf"]}]
        found = {document["name"]: document for document in after["documents"]}
        assert found["uvholm.pdf"]["id"] == uploaded["sha256"]
        assert found["uvholm.pdf"]["added"] >= status["started"]
        assert (answer["answered"], answer["index"]) == (True, after["index"])
        assert answer["citations"][0]["document"] == "uvholm.pdf"

    def test_a_locked_index_is_tried_again(self, documents: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rag.service.uploads.ingest_jobs._FIRST_RETRY_SECONDS", 0.1)
        make_pdf(documents / "uvholm.pdf", UVHOLM)
        with client_for(documents, index) as client:
            with open_writer(index):
                client.post("/ingest", headers=ADMIN)
                wait_until(lambda: client.get("/ingest", headers=ADMIN).json()["stage"] == "waiting")
                status = client.get("/ingest", headers=ADMIN).json()
                assert status["state"] == "running"
                assert "another ingest is at work in this index" in status["error"]
            assert ended(client)["state"] == "finished"
            assert len(client.get("/documents").json()["documents"]) == 3

    def test_a_job_that_fails_leaves_everything_as_it_was(self, documents: Path, index: Path) -> None:
        with client_for(documents, index, ["false"]) as client:
            before = client.get("/documents").json()
            client.post("/ingest", headers=ADMIN)
            status = ended(client)
            assert (status["state"], status["index"], status["files"]) == ("failed", None, [])
            assert status["error"] == "the ingest job ended with exit code 1; the service's log says why"
            assert client.get("/documents").json() == before
