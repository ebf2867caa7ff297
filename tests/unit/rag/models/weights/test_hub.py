"""Models of the Hugging Face Hub by their name, from a server that answers as the hub does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from rag.errors import DownloadFailed, ModelCorrupt, ModelMissing, ModelUnknown, ModelUntrusted
from rag.models.opening import generator_weights
from rag.models.weights import hub
from rag.models.weights.catalogue import Catalogue, HubSource
from rag.models.weights.store import ModelStore
from rag.settings import Settings

GGUF = b"GGUF" + bytes(range(256)) * 2000
DIGEST = hashlib.sha256(GGUF).hexdigest()
REVISION = "ae44f08e1392f39c0e474af10c3ff8355c8b6688"
NAME = f"hf:maker/Tiny-GGUF/q4/tiny.gguf@{REVISION}"
PATH = f"/maker/Tiny-GGUF/resolve/{REVISION}/q4/tiny.gguf"


class Hub(ThreadingHTTPServer):
    """A stand-in for the hub, with one file, which it sends from another address.

    Attributes:
        content: of the file.
        told: the SHA-256 that it has for the file.
        status: of its answers, where it is no redirection.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.content = GGUF
        self.told = DIGEST
        self.status = 302

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class HubHandler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        if self.path != "/elsewhere":
            self._answer()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def _answer(self) -> None:
        self.send_response(self.server.status if self.path == PATH else 404)
        self.send_header("Location", f"{self.server.url}/elsewhere")
        self.send_header("X-Linked-Size", str(len(GGUF)))
        self.send_header("X-Linked-Etag", f'"{self.server.told}"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(hub, "ADDRESS", server.url)
        yield server
        server.shutdown()


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path, Catalogue([]))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        pytest.param(NAME, HubSource("maker/Tiny-GGUF", "q4/tiny.gguf", REVISION), id="in a folder"),
        pytest.param("hf:a/b/c.GGUF@v1.0", HubSource("a/b", "c.GGUF", "v1.0"), id="a tag"),
    ],
)
def test_a_name_names_a_file_in_a_revision(name: str, source: HubSource) -> None:
    assert hub.hub_source(name) == source
    assert str(source) == name


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("hf:maker/Tiny-GGUF/tiny.gguf", id="no revision"),
        pytest.param("hf:maker/tiny.gguf@main", id="no repository"),
        pytest.param("hf:maker/Tiny/model.safetensors@main", id="no GGUF file"),
        pytest.param("hf:maker/Tiny/../../x.gguf@main", id="a way up"),
        pytest.param("hf:maker/Tiny/x.gguf@main/../y", id="a way up in the revision"),
        pytest.param("hf:", id="empty"),
    ],
)
def test_other_names_are_refused_with_the_form_that_they_have(store: ModelStore, name: str) -> None:
    with pytest.raises(ModelUnknown, match=r"hf:OWNER/REPO/FILE\.gguf@REVISION"):
        store.fetch_registered(name)


def test_the_file_is_fetched_once_and_is_there_without_the_hub(store: ModelStore, served: Hub) -> None:
    with pytest.raises(ModelMissing, match="rag models fetch"):
        store.locate(NAME)
    weights = store.fetch_registered(NAME)
    assert (weights.digest, weights.file.read_bytes()) == (DIGEST, GGUF)
    served.status = 500
    assert store.fetch_registered(NAME) == store.locate(NAME) == weights


def test_what_is_lost_is_fetched_again_by_its_digest(store: ModelStore, served: Hub) -> None:
    file = store.fetch_registered(NAME).file
    file.unlink()
    served.content = GGUF[:-1] + b"x"
    with pytest.raises(ModelCorrupt):
        store.fetch_registered(NAME)
    served.content = GGUF
    assert store.fetch_registered(NAME).file.read_bytes() == GGUF


def test_a_file_that_is_not_the_one_that_the_hub_tells_of_is_refused(store: ModelStore, served: Hub) -> None:
    served.told = "0" * 64
    with pytest.raises(ModelCorrupt, match="instead of 0000"):
        store.fetch_registered(NAME)
    with pytest.raises(ModelMissing):
        store.locate(NAME)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        pytest.param(401, "with your account, and name its path", id="a licence to accept"),
        pytest.param(500, "answers 500", id="out of order"),
    ],
)
def test_what_the_hub_refuses_is_said(store: ModelStore, served: Hub, status: int, says: str) -> None:
    served.status = status
    with pytest.raises(DownloadFailed, match=says):
        store.fetch_registered(NAME)


def test_a_hub_that_is_not_there(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "ADDRESS", "http://127.0.0.1:1")
    with pytest.raises(DownloadFailed, match="cannot be reached"):
        store.fetch_registered(NAME)


def test_it_is_loaded_only_if_its_origin_is_trusted(store: ModelStore, served: Hub, tmp_path: Path) -> None:
    store.fetch_registered(NAME)
    with pytest.raises(ModelUntrusted):
        generator_weights(Settings(model=NAME, models=tmp_path))
    trusted = generator_weights(Settings(model=NAME, models=tmp_path, trust_model="yes"))
    assert trusted
    assert trusted.digest == DIGEST
