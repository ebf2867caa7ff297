"""Key file end to end: scopes of all routes, rotation while the service runs, rates, and secrets that stay secret."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient
from openai import OpenAI, RateLimitError
from pydantic import SecretStr

from rag.service.access.access_key import SCOPES, AccessKey, KeyScope, digest_of, new_secret
from rag.service.access.key_changes import add_key, remove_key
from rag.service.access.watched_keys import WatchedKeys
from rag.service.app import create_app
from rag.testing import ScriptedModel
from tests.integration.conftest import Running, make_answerer
from tests.integration.test_adding import upload_service
from tests.integration.test_asking import assert_problem

QUESTION = "When does the harbour office open?"
REPLY = "The harbour office opens at 8 in the morning."
TODAY = date(2026, 11, 30)

# The scope that each route asks for; None: any key. A new route has to be listed.
OPEN: Final = {"/livez", "/readyz"}
NEEDED: Final[dict[str, KeyScope | None]] = {
    "POST /ask": "ask",
    "POST /v1/chat/completions": "ask",
    "GET /v1/models": "ask",
    "GET /v1/models/{model_id}": "ask",
    "POST /answers/{answer_id}/feedback": "feedback",
    "GET /documents": "documents",
    "GET /documents/{document_id}/file": "documents",
    "GET /documents/{document_id}/pages/{number}": "documents",
    "GET /documents/{document_id}/pages/{number}.png": "documents",
    "GET /documents/{document_id}/guide": "documents",
    "GET /guide": "documents",
    "GET /metrics": "metrics",
    "GET /info": None,
    "GET /collections": None,
    "POST /uploads": "admin",
    "DELETE /uploads": "admin",
    "POST /ingest": "admin",
    "GET /ingest": "admin",
}


class KeyRing:
    """A key file, and the secrets of the keys in it by id."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.secrets: dict[str, str] = {}

    def add(self, key_id: str, *scopes: KeyScope, **properties: Any) -> dict[str, str]:
        """The header with a new key."""
        secret = self.secrets[key_id] = new_secret()
        add_key(self.path, AccessKey(key_id, digest_of(secret.encode()), frozenset(scopes), TODAY, **properties))
        return self.header(key_id)

    def header(self, key_id: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secrets[key_id]}"}


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys.json")


@contextmanager
def client_for(index: Path, ring: KeyRing, **options: Any) -> Iterator[TestClient]:
    app = create_app(lambda: make_answerer(index, ScriptedModel([REPLY])), key_file=WatchedKeys(ring.path), **options)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, header: dict[str, str]) -> Any:
    return client.post("/ask", json={"question": QUESTION}, headers=header)


def test_each_route_asks_for_its_scope(index: Path, documents: Path, ring: KeyRing) -> None:
    headers = {scope: ring.add(scope, scope) for scope in SCOPES}
    with client_for(index, ring, uploads=upload_service(documents, index, ["true"])) as client:
        paths = client.get("/openapi.json", headers=headers["metrics"]).json()["paths"]
        routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
        beyond = routes - {f"GET {path}" for path in OPEN} - NEEDED.keys()
        assert all(route.startswith("GET /documents/") for route in beyond), beyond
        for route in sorted(routes - {f"GET {path}" for path in OPEN}):
            method, path = route.split()
            needed = NEEDED.get(route, "documents")
            url = path.format(document_id="a" * 64, number=1, model_id="x", answer_id="0" * 32)
            assert_problem_or_openai(client.request(method, url), 401)
            for scope, header in headers.items():
                response = client.request(method, url, headers=header)
                if needed in (scope, None):
                    assert response.status_code not in (401, 403, 429), (route, scope)
                else:
                    assert_problem_or_openai(response, 403)
                    assert f"it lacks the scope '{needed}', and has {scope}" in response.text, (route, scope)


def assert_problem_or_openai(response: Any, status: int) -> None:
    if response.request.url.path.startswith("/v1/"):
        assert response.status_code == status
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}
        assert response.json()["error"]["code"] in ("invalid_api_key", "insufficient_permissions")
    else:
        assert_problem(response, status)


def test_keys_are_rotated_without_a_restart(index: Path, ring: KeyRing) -> None:
    old = ring.add("alice-1", "ask")
    with client_for(index, ring) as client:
        assert ask(client, old).json()["answered"] is True
        new = ring.add("alice-2", "ask")
        assert [ask(client, header).status_code for header in (old, new)] == [200, 200]
        remove_key(ring.path, "alice-1")
        assert_problem(ask(client, old), 401)
        assert ask(client, new).status_code == 200
        remove_key(ring.path, "alice-2")
        assert_problem(ask(client, new), 401)
        assert client.get("/livez").status_code == client.get("/readyz").status_code == 200


def test_a_file_that_cannot_be_used_is_counted_and_leaves_the_keys_in_force(index: Path, ring: KeyRing) -> None:
    header = ring.add("alice", "ask", "metrics")
    with client_for(index, ring) as client:
        assert "\npageproof_key_file_refused 0.0\n" in client.get("/metrics", headers=header).text
        ring.path.write_text("{")
        assert ask(client, header).status_code == 200
        assert "\npageproof_key_file_refused 1.0\n" in client.get("/metrics", headers=header).text


def test_a_key_that_has_expired_is_told_so(index: Path, ring: KeyRing) -> None:
    header = ring.add("alice", "ask", expires=date(2020, 2, 29))
    with client_for(index, ring) as client:
        response = ask(client, header)
        assert_problem(response, 401)
        assert response.json()["detail"].startswith("the key alice expired with 2020-02-29: ")


def test_beyond_its_rate_a_key_is_told_when_to_come_again(index: Path, ring: KeyRing) -> None:
    slow, other = ring.add("slow", "ask", requests_per_minute=2), ring.add("other", "ask")
    with client_for(index, ring, requests_per_minute=100) as client:
        assert client.get("/info", headers=other).json()["limits"]["requests_per_minute"] == 100
        assert [ask(client, slow).status_code for _ in range(2)] == [200, 200]
        response = ask(client, slow)
        assert_problem(response, 429)
        assert response.json()["detail"].startswith("this key may send 2 requests a minute; try again in ")
        seconds = response.json()["retry_after_seconds"]
        assert response.headers["retry-after"] == str(seconds)
        assert 1 <= seconds <= 30
        assert client.get("/info", headers=slow).status_code == 429
        assert ask(client, other).status_code == 200
        assert client.get("/readyz").status_code == 200


def test_openais_client_takes_a_rate_as_such(index: Path, ring: KeyRing, serve: Callable[..., Running]) -> None:
    ring.add("slow", "ask", requests_per_minute=1)
    service = serve(ScriptedModel([REPLY]), key_file=WatchedKeys(ring.path))
    client = OpenAI(base_url=f"{service.url}/v1", api_key=ring.secrets["slow"], max_retries=0)
    client.models.list()
    with pytest.raises(RateLimitError) as caught:
        client.models.list()
    assert caught.value.code == "rate_limit_exceeded"
    assert int(caught.value.response.headers["retry-after"]) >= 1


def test_keys_of_file_and_settings_are_accepted_side_by_side(index: Path, ring: KeyRing) -> None:
    header = ring.add("alice", "ask")
    with client_for(index, ring, api_keys=[SecretStr("of-settings")], admin_keys=[SecretStr("of-admin")]) as client:
        for each in (header, {"X-API-Key": "of-settings"}, {"X-API-Key": "of-admin"}):
            assert ask(client, each).status_code == 200
        assert_problem(ask(client, {"X-API-Key": "of-nobody"}), 401)


def test_the_log_has_the_id_and_no_secret(index: Path, ring: KeyRing, caplog: pytest.LogCaptureFixture) -> None:
    """Neither has the log of any level, nor any response, the secret of a key, its digest, or a wrong key."""
    caplog.set_level(logging.DEBUG)
    seen = []
    header = ring.add("alice", "ask", requests_per_minute=3)
    wrong = {"X-API-Key": "CANARY-wrong-key"}
    with client_for(index, ring) as client:
        seen += [ask(client, header), client.get("/documents", headers=header), ask(client, wrong)]
        ring.path.write_text(f'{{"CANARY-member": "{ring.secrets["alice"]}"}}')
        seen += [ask(client, header), ask(client, header), client.get("/info", headers=wrong)]
    assert [response.status_code for response in seen] == [200, 403, 401, 200, 429, 401]
    told = caplog.text + "".join(response.text + str(response.headers) for response in seen)
    for secret in (ring.secrets["alice"], digest_of(ring.secrets["alice"].encode()), "CANARY"):
        assert secret not in told
