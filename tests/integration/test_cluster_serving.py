"""Ray Serve on a cluster of several nodes: no request fails where a replica is killed or a generation is published."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from fastapi import FastAPI

from ingest.discovery import discover
from rag.errors import SettingsError
from rag.service.admission.admission import AdmissionLimits
from rag.service.app import create_app
from rag.testing import BagOfWordsEncoder, ScriptedModel
from tests.fakes import ingest_job, make_pdf
from tests.integration.conftest import FERRY, HARBOUR, make_answerer
from tests.integration.ray_cluster import RayNodes, kill_worker, ray_nodes

pytest.importorskip("ray", reason="requirements-ray.txt is not installed")

import ray
from ray import serve

from rag.cluster import ClusterShape, app, application

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20"),
]

PATIENCE = 300.0
QUESTION = {"question": "When does the harbour office open?"}
ANSWER = "The harbour office opens at 8 in the morning."


def open_fake(index: Path) -> FastAPI:
    """The service over fakes of the models, in a replica."""
    model = ScriptedModel([ANSWER], seconds_per_token=0.01)
    return create_app(lambda: make_answerer(index, model), limits=AdmissionLimits(2, 16, 300.0))


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    make_pdf(folder / "harbour.pdf", HARBOUR, title="Harbour rules")
    return folder


@pytest.fixture(scope="module")
def index(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("indexes")
    ingest_job(root, BagOfWordsEncoder()).run(discover([documents]))
    return root


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    with ray_nodes(2) as running:
        yield running


@pytest.fixture(scope="module")
def url(nodes: RayNodes, index: Path) -> Iterator[str]:
    """Two replicas, one on each node, behind Ray Serve's proxies."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ray.init(address=nodes.address, log_to_driver=False)
    try:
        serve.start(http_options={"host": "127.0.0.1", "port": port, "location": "HeadOnly"})
        shape = ClusterShape(least_replicas=2, most_replicas=2, processors=1)
        serve.run(application(partial(open_fake, index), shape, at_a_time=2, queued=16))
        yield f"http://127.0.0.1:{port}"
        serve.shutdown()
    finally:
        ray.shutdown()


@dataclass
class Load:
    """Clients that ask all the time.

    Attributes:
        outcomes: number of responses by status, or by the error that came instead.
        generations: that were answered from.
    """

    url: str
    outcomes: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    ended: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        with httpx.Client(timeout=PATIENCE) as client:
            while not self.ended.is_set():
                try:
                    response = client.post(f"{self.url}/ask", json=QUESTION)
                    self.outcomes[str(response.status_code)] += 1
                    self.answers[response.json()["short_answer"] or ""] += 1
                except Exception as error:  # noqa: BLE001 - whatever it is, the request has failed
                    self.outcomes[f"{type(error).__name__}: {error}"] += 1

    @property
    def count(self) -> int:
        return self.outcomes.total()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, self.outcomes
            time.sleep(0.05)

    def wait_for_more(self, answers: int) -> None:
        before = self.count
        self.wait_for(lambda: self.count >= before + answers)


@contextmanager
def load(url: str, clients: int = 4) -> Iterator[Load]:
    """A load that is at work when this is entered; at its end it has failed in nothing."""
    running = Load(url)
    threads = [threading.Thread(target=running.ask, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        running.wait_for_more(4)
        yield running
    finally:
        running.ended.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert running.outcomes.keys() == {"200"}, running.outcomes
    assert len(running.answers) == 1, running.answers


def documents_of(url: str) -> set[str]:
    return {row["name"] for row in httpx.get(f"{url}/documents", timeout=PATIENCE).json()["documents"]}


def test_an_answer(url: str) -> None:
    answer = httpx.post(f"{url}/ask", json=QUESTION, timeout=PATIENCE).json()
    assert "8 in the morning" in answer["answer"]
    assert "harbour.pdf" in json.dumps(answer)


def test_a_stream(url: str) -> None:
    with httpx.stream("POST", f"{url}/ask", json={**QUESTION, "stream": True}, timeout=PATIENCE) as response:
        lines = [line for line in response.iter_lines() if line.startswith("data:")]
    assert len(lines) > 1
    assert "8 in the morning" in json.loads(lines[-1].removeprefix("data:"))["answer"]


def test_an_error_has_its_status(url: str) -> None:
    assert httpx.post(f"{url}/ask", json={}, timeout=PATIENCE).status_code == 422
    assert httpx.get(f"{url}/nothing", timeout=PATIENCE).status_code == 404


def test_a_body_that_does_not_come_to_its_end_is_refused(url: str) -> None:
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as client:
        head = "POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        client.sendall(f'{head}{{"question": "'.encode())
        received = b""
        while piece := client.recv(65_536):  # to the end of the connection
            received += piece
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"the body did not come within 10 s" in received


def test_a_replica_is_killed_under_load(url: str) -> None:
    with load(url) as running:
        kill_worker("ServeReplica:default:replica")
        running.wait_for_more(30)


def test_a_generation_is_published_under_load(url: str, documents: Path, index: Path) -> None:
    with load(url) as running:
        make_pdf(documents / "ferry.pdf", FERRY)
        ingest_job(index, BagOfWordsEncoder()).run(discover([documents]))
        # Both replicas: each opens it by itself, within about a second.
        running.wait_for(lambda: all(documents_of(url) == {"harbour.pdf", "ferry.pdf"} for _ in range(12)))
        running.wait_for_more(10)


class TestArguments:
    def test_one_that_is_wrong(self) -> None:
        with pytest.raises(SettingsError, match="most_replicas"):
            app({"most_replicas": "many"})

    def test_a_service_without_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("RAG_API_KEYS", raising=False)
        with pytest.raises(SettingsError, match="no access keys"):
            app({})

    def test_what_is_bound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAG_OPEN", "everyone")
        built: Any = app({"most_replicas": "8", "processors": "2"})
        assert built
