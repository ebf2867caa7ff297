"""Static files of the web page: content, headers, access, and no reference to other hosts."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

import rag
from rag.answering.answer_builder import FACT
from rag.service.app import create_app
from rag.testing import ScriptedModel
from tests.integration.conftest import make_answerer

WEB = Path(rag.__file__).parent / "service" / "static"
FILES = sorted(path for path in WEB.rglob("*") if path.is_file())
# lit-html 3.3.3 as published (https://www.npmjs.com/package/lit-html), without the line that names a source map.
LIT_HTML = "22115ca1002e4afc0dd2cb208f28d9c71a577a8989d4185028e26b29676e7842"


@pytest.fixture
def client(index: Path) -> Iterator[TestClient]:
    app = create_app(lambda: make_answerer(index, ScriptedModel(["Yes."])), api_keys=[SecretStr("sesame")])
    with TestClient(app) as client:
        yield client


def test_the_page_needs_no_key_and_its_policy_allows_only_this_service(client: TestClient) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert client.get("/documents").status_code == 401


def test_the_page_is_cached(client: TestClient) -> None:
    first = client.get("/")
    again = client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("cache-control", "content-security-policy", "etag"):
        assert again.headers[name] == first.headers[name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(WEB).as_posix())
def test_each_file_is_cached(client: TestClient, path: Path) -> None:
    url = f"/web/{path.relative_to(WEB).as_posix()}"
    response = client.get(url)
    assert response.content == path.read_bytes()
    assert response.headers["cache-control"] == "no-cache"
    assert client.get(url, headers={"If-None-Match": response.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/web/", "/web/nothing.js", "/web/../app.py", "/web/%2e%2e/app.py", "/web/vendor"])
def test_other_paths_are_not_found(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(WEB).as_posix())
def test_no_other_host_is_referred_to(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/", "")
    assert not re.search(r"https?://|//[a-z]+\.[a-z]", text)
    assert not re.search(r"innerHTML|unsafeHTML|insertAdjacentHTML|document\.write|\beval\(", text) or "vendor" in str(
        path
    )


def test_markup_has_no_script_or_style_of_its_own() -> None:
    text = (WEB / "index.html").read_text()
    assert not re.search(r"<script(?![^>]* src=)|<style|style=|\son[a-z]+=", text)


def test_a_sentence_is_stated_from_the_same_confidence_on() -> None:
    (confidence,) = re.findall(r"const STATED = ([0-9.]+);", (WEB / "wording.js").read_text())
    assert float(confidence) == FACT


def test_all_of_it_is_small() -> None:
    assert sum(len(gzip.compress(path.read_bytes())) for path in FILES) < 200_000


def test_the_library_is_the_published_one() -> None:
    assert hashlib.sha256((WEB / "vendor" / "lit-html.js").read_bytes()).hexdigest() == LIT_HTML
