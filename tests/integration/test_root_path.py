"""``RAG_ROOT_PATH``: page, citations, OpenAPI and errors under a prefix that the proxy takes away, or leaves."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx2 as httpx
import pytest
from pydantic import SecretStr, ValidationError

from rag.settings import Settings
from rag.settings.service import OWN_PATHS
from rag.testing import ScriptedModel
from tests.integration.conftest import Running, wait_until
from tests.integration.test_asking import QUESTION, REPLY, client_for
from tests.integration.test_refusals import ROOT

PREFIX = "/my/pages"
KEY = {"X-API-Key": "a key that is long"}
KEYS = (SecretStr(KEY["X-API-Key"]),)

Get = Callable[..., httpx.Response]


@pytest.fixture(params=["the proxy leaves the prefix", "the proxy takes it away"])
def request_as_a_browser(index: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., httpx.Response]]:
    """Sends a request for a path that a browser sees, as a proxy passes it on."""
    taken = request.param == "the proxy takes it away"
    with client_for(index, root_path=PREFIX, api_keys=KEYS) as client:

        def send(method: str, path: str, **options: object) -> httpx.Response:
            assert path.startswith(f"{PREFIX}/"), f"{path} is not under the prefix"
            passed_on = path.removeprefix(PREFIX) if taken else path
            return client.request(method, passed_on, headers=KEY, follow_redirects=False, **options)  # type: ignore[arg-type]

        yield send


def links(html: str) -> list[str]:
    return re.findall(r'(?:href|src)="([^"#]+)"', html)


@pytest.mark.parametrize("page", ["/", "/docs"])
def test_all_files_of_a_page_are_found(request_as_a_browser: Get, page: str) -> None:
    response = request_as_a_browser("GET", f"{PREFIX}{page}")
    if page == "/docs" and response.status_code == 404:
        pytest.skip("this version has no page of the API")
    assert response.status_code == 200
    assert len(links(response.text)) > 3
    for link in links(response.text):
        assert request_as_a_browser("GET", urljoin(f"{PREFIX}{page}", link)).status_code == 200, link


def test_modules_of_the_page_import_each_other_and_send_requests_by_relative_paths() -> None:
    static = ROOT / "rag" / "service" / "static"
    for module in (path for path in static.rglob("*.js") if "vendor" not in path.parts):
        text = module.read_text()
        assert not re.findall(r"""(?:from|import)\s*\(?["'](?!\.)""", text), f"{module} imports from the root"
        if module.name != "service.js":
            assert not re.findall(r"\b(?:fetch|XMLHttpRequest)\(", text), f"{module} sends requests"
    for sheet in static.rglob("*.css"):
        assert not re.findall(r"""url\(["']?/""", sheet.read_text()), f"{sheet} names a file from the root"
    service = (static / "service.js").read_text()
    assert re.findall(r"\bfetch\((.{4})", service) == ["ROOT"]
    assert re.findall(r"""\.open\("POST", .{8}""", service) == ['.open("POST", `${ROOT}']


def test_citations_lead_to_their_pictures(request_as_a_browser: Get) -> None:
    answer = request_as_a_browser("POST", f"{PREFIX}/ask", json={"question": QUESTION}).json()
    streamed = request_as_a_browser("POST", f"{PREFIX}/ask", json={"question": QUESTION, "stream": True}).text
    chat = {"model": "pageproof", "messages": [{"role": "user", "content": QUESTION}]}
    completion = request_as_a_browser("POST", f"{PREFIX}/v1/chat/completions", json=chat).json()
    chunks = request_as_a_browser("POST", f"{PREFIX}/v1/chat/completions", json={**chat, "stream": True}).text
    (url,) = {citation["url"] for citation in answer["citations"]}
    found = re.findall(r'"url": ?"([^"]+)"', streamed + chunks + json.dumps(completion))
    assert set(found) == {url}
    assert len(found) >= 4  # a sentence, an answer, a completion and its chunks
    assert request_as_a_browser("GET", url).headers["content-type"] == "image/png"


def test_openapi_names_the_prefix(request_as_a_browser: Get) -> None:
    schema = request_as_a_browser("GET", f"{PREFIX}/openapi.json").json()
    assert schema["servers"] == [{"url": PREFIX}]
    assert "/ask" in schema["paths"]


def test_errors_have_the_format_of_their_api(request_as_a_browser: Get) -> None:
    ours = request_as_a_browser("POST", f"{PREFIX}/ask", json={"question": ""})
    assert (ours.status_code, ours.headers["content-type"]) == (422, "application/problem+json")
    openai = request_as_a_browser("POST", f"{PREFIX}/v1/chat/completions", json={})
    assert "error" in openai.json()
    assert request_as_a_browser("GET", f"{PREFIX}/nothing").status_code == 404


def test_metrics_have_the_routes_without_the_prefix(request_as_a_browser: Get) -> None:
    request_as_a_browser("GET", f"{PREFIX}/info")
    assert 'route="/info",status="200"' in request_as_a_browser("GET", f"{PREFIX}/metrics").text


def test_the_prefix_alone_leads_to_the_page_and_probes_need_none(index: Path) -> None:
    with client_for(index, root_path=PREFIX) as client:
        response = client.get(PREFIX, follow_redirects=False)
        assert (response.status_code, response.headers["location"]) == (308, f"{PREFIX}/")
        assert client.get("/livez").status_code == 200
        assert client.get("/readyz").status_code == 200
        assert client.get(f"{PREFIX}x/livez").status_code == 404


def test_without_a_prefix_nothing_is_said_of_one(index: Path) -> None:
    with client_for(index) as client:
        assert "servers" not in client.get("/openapi.json").json()


@pytest.mark.parametrize(
    ("given", "used"), [("", ""), ("/", ""), ("//", ""), ("/a", "/a"), ("/a/", "/a"), ("/a/b-c_d.e~f", "/a/b-c_d.e~f")]
)
def test_settings(given: str, used: str) -> None:
    assert Settings(root_path=given).root_path == used


@pytest.mark.parametrize("given", ["a", "/a//b", "/a b", "/../a", "/a/.", "/a?b", "/é", "/docs", "/v1/x", "http://x"])
def test_settings_that_are_no_prefix(given: str) -> None:
    with pytest.raises(ValidationError):
        Settings(root_path=given)


def test_every_path_of_the_service_with_others_below_it_is_refused_as_a_prefix(index: Path) -> None:
    with client_for(index) as client:
        paths = client.get("/openapi.json").json()["paths"]
    nested = {path.split("/")[1] for path in paths if path.count("/") > 1}
    assert nested <= OWN_PATHS


@pytest.fixture
def caddy(serve: Callable[..., Running], tmp_path: Path) -> Iterator[str]:
    """The example of deploy/caddy in front of a service; the address under which it offers it."""
    service = serve(ScriptedModel([REPLY]), root_path="/pageproof", api_keys=KEYS)
    http, https = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    ports = [listener.getsockname()[1] for listener in (http, https)]
    http.close()
    https.close()
    process = subprocess.Popen(
        ["caddy", "run", "--config", str(ROOT / "deploy" / "caddy" / "Caddyfile")],
        env=os.environ
        | {
            "PAGEPROOF_UPSTREAM": service.url.removeprefix("http://"),
            "PAGEPROOF_HTTP_PORT": str(ports[0]),
            "PAGEPROOF_HTTPS_PORT": str(ports[1]),
            "XDG_DATA_HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path),
        },
        stderr=subprocess.DEVNULL,
    )
    address = f"https://localhost:{ports[1]}/pageproof"

    def answers() -> bool:
        try:
            return httpx.get(f"{address}/livez", verify=_unverified(), timeout=60).status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_until(answers)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # of Caddy's own authority
    return context


@pytest.mark.skipif(not shutil.which("caddy"), reason="Caddy is not installed (Debian: apt install caddy)")
def test_behind_caddy_with_tls(caddy: str) -> None:
    with httpx.Client(verify=_unverified(), timeout=60, headers=KEY) as client:
        page = client.get(f"{caddy}/")
        for link in links(page.text):
            assert client.get(urljoin(f"{caddy}/", link)).status_code == 200
        answer = client.post(f"{caddy}/ask", json={"question": QUESTION}).json()
        picture = client.get(urljoin(caddy, answer["citations"][0]["url"]))
        assert picture.headers["content-type"] == "image/png"
        assert picture.headers["strict-transport-security"]
        stream = client.post(f"{caddy}/ask", json={"question": QUESTION, "stream": True})
        assert stream.text.count("event: answer") == 1
        assert client.get(f"{caddy}/metrics").status_code == 404
        assert client.get(urljoin(caddy, "/livez")).status_code == 404
