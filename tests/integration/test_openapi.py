"""The OpenAPI schema is true: requests made from it, keys, errors, malformed requests, and the page ``/docs``."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from pydantic import SecretStr, ValidationError
from starlette.testclient import TestClient

import rag
from rag.service.allowed_hosts import AllowedHosts
from rag.service.app import create_app
from rag.service.openai.schemas import ChatBody
from rag.service.schemas.ask import AskBody
from rag.service.uploads.adding import UploadService
from rag.service.uploads.folder import UploadFolder
from rag.testing import ScriptedModel
from tests.integration.conftest import Running, make_answerer
from tests.soak.contract import ADMIN_KEY, explored
from tests.soak.malformed import requests, sent

ACCESS_KEY = "an-access-key"
SWAGGER_UI = Path(rag.__file__).parent / "service" / "api_docs" / "swagger_ui"
# swagger-ui-dist 5.35.0 as published (https://www.npmjs.com/package/swagger-ui-dist), the style sheet without the line
# that names a source map.
PUBLISHED = {
    "swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
    "swagger-ui.css": "a6a4cf68f069eb89984d5d43644e6a812e749df08d2b1320c6e06e6973847d10",
}


@pytest.fixture
def uploads(documents: Path) -> UploadService:
    return UploadService(UploadFolder(documents, 1 << 20), [sys.executable, "-c", ""])


@pytest.mark.timeout(1800)
def test_five_hundred_requests_from_the_schema(serve: Callable[..., Running], uploads: UploadService) -> None:
    """Some twenty seconds, most of them schemathesis: it makes about forty requests for each of the 18 operations."""
    service = serve(
        ScriptedModel(["A berth costs 24 euros for each night [1]."]),
        api_keys=[SecretStr(ACCESS_KEY)],
        admin_keys=[SecretStr(ADMIN_KEY)],
        uploads=uploads,
    )
    cases, report = explored(service.url, 740, ADMIN_KEY)
    assert not report, report
    assert cases >= 500


def schema_of(index: Path, **options: Any) -> tuple[dict[str, Any], TestClient]:
    app = create_app(lambda: make_answerer(index, ScriptedModel([""])), **options)
    with TestClient(app):
        return app.openapi(), TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("keyed", [True, False])
def test_a_key_is_needed_where_the_schema_says_so(index: Path, uploads: UploadService, *, keyed: bool) -> None:
    keys = [SecretStr(ACCESS_KEY)] if keyed else []
    schema, client = schema_of(index, api_keys=keys, admin_keys=[SecretStr(ADMIN_KEY)], uploads=uploads)
    assert set(schema["components"]["securitySchemes"]) == {"bearer", "header"}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            url = re.sub(r"\{\w+\}", "1", path)
            refused = client.request(method, url, content=b"{").status_code == 401
            assert refused == ("security" in operation), (method, path)
            assert refused == ("401" in operation["responses"]), (method, path)


def test_every_error_has_a_format(index: Path, uploads: UploadService) -> None:
    schema, _ = schema_of(index, admin_keys=[SecretStr(ADMIN_KEY)], uploads=uploads, hosts=AllowedHosts())
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            errors = {status: each for status, each in operation["responses"].items() if status >= "4"}
            assert {"500", "503", "421"} <= errors.keys()
            for error in errors.values():
                (media,) = error["content"]
                assert media == ("application/json" if path.startswith("/v1/") else "application/problem+json"), path
    assert "HTTPValidationError" not in schema["components"]["schemas"]


def test_without_keys_and_uploads_the_schema_has_none(index: Path) -> None:
    schema, _ = schema_of(index)
    assert "securitySchemes" not in schema["components"]
    assert "/uploads" not in schema["paths"]
    assert not any("421" in operation["responses"] for path in schema["paths"].values() for operation in path.values())


@pytest.mark.parametrize(
    ("path", "near"),
    [
        pytest.param("/asks", "did you mean /ask?", id="misspelt"),
        pytest.param("/documents/", "did you mean /documents?", id="slash"),
        pytest.param("/v1/completions", "did you mean /v1/chat/completions?", id="another route of OpenAI"),
        pytest.param("/" + "x" * 5000, "There are /answers/{answer_id}/feedback, /ask", id="far from all"),
        pytest.param("/docs/x", "GET /docs describes them", id="file of the documentation"),
    ],
)
def test_a_404_says_what_there_is(index: Path, path: str, near: str) -> None:
    with TestClient(create_app(lambda: make_answerer(index, ScriptedModel([""])))) as client:
        response = client.get(path)
    assert response.status_code == 404
    assert near in response.text
    assert len(response.content) < 2000


def test_a_405_names_every_method_of_the_path(index: Path, uploads: UploadService) -> None:
    options: dict[str, Any] = {"admin_keys": [SecretStr(ADMIN_KEY)], "uploads": uploads}
    with TestClient(create_app(lambda: make_answerer(index, ScriptedModel([""])), **options)) as client:
        refused = client.put("/ingest", headers={"X-API-Key": ADMIN_KEY})
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")
        assert "GET, HEAD, POST" in refused.json()["detail"]
        assert client.put("/documents").headers["allow"] == "GET, HEAD"


def test_malformed_requests_get_no_500(serve: Callable[..., Running]) -> None:
    service = serve(ScriptedModel([""]))
    port = int(service.url.rpartition(":")[2])
    made = list(requests())
    assert len(made) >= 240
    for request in made:
        reply = sent(port, request)
        assert reply.status < 500, (request[:200], reply)
        assert reply.status < 400 or reply.is_problem or not reply.body, (request[:200], reply)
        assert len(reply.body) < 16_384, (request[:200], reply)
    assert httpx.get(f"{service.url}/readyz").status_code == 200


def test_the_documentation_is_a_page_of_this_service_alone(index: Path) -> None:
    app = create_app(lambda: make_answerer(index, ScriptedModel([""])), api_keys=[SecretStr(ACCESS_KEY)])
    with TestClient(app) as client:
        page = client.get("/docs")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        for name in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert client.get(f"/{name}").status_code == 200, name
        assert not re.search(r"<script(?![^>]* src=)|<style|style=|\son[a-z]+=|https?://", page.text)
        again = client.get("/docs", headers={"If-None-Match": page.headers["etag"]})
        assert (again.status_code, again.headers["content-security-policy"]) == (304, policy)
        assert client.get("/openapi.json").status_code == 401
        assert client.get("/openapi.json", headers={"X-API-Key": ACCESS_KEY}).json()["openapi"].startswith("3.1")


@pytest.mark.parametrize("name", PUBLISHED)
def test_swagger_ui_is_the_published_one(name: str) -> None:
    assert hashlib.sha256((SWAGGER_UI / name).read_bytes()).hexdigest() == PUBLISHED[name]


@pytest.mark.parametrize("value", ["1", 1.5, "true", [1]])
def test_values_of_another_type_are_refused(value: object) -> None:
    """As the schema says; pydantic alone would read "1" and "true" as what they look like."""
    for field in ("stream", "max_tokens"):
        with pytest.raises(ValidationError, match=field):
            AskBody.model_validate({"question": "Why?", field: value})
    for field in ("stream", "max_tokens", "max_completion_tokens", "n", "logprobs"):
        with pytest.raises(ValidationError, match=field):
            ChatBody.model_validate({"messages": [{"role": "user"}], field: value})
